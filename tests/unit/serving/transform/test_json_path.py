from __future__ import annotations

from typing import Any

import pytest

from pairloom.errors import DataError, UserError
from pairloom.serving.transform.json_path import JsonPath

RECORD = {"id": 7, "features": [1, 2, 3, 4], "nested": {"a b": [{"x": 1}, {"x": 2}]}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", RECORD),
        ("$.features", [1, 2, 3, 4]),
        ("$['features']", [1, 2, 3, 4]),
        ("$.features[1:]", [2, 3, 4]),
        ("$.features[:-1]", [1, 2, 3]),
        ("$.features[-2:]", [3, 4]),
        ("$.features[0]", 1),
        ("$.features[-1]", 4),
        ("$.features[0,-1]", [1, 4]),
        ("$.features[0,2:]", [1, 3, 4]),
        ("$['id','features']", {"id": 7, "features": [1, 2, 3, 4]}),
        ('$["id", "missing"]', {"id": 7}),
        ("$.['id','features'][ 'id' ]", 7),
        ("$.nested['a b'][1].x", 2),
        ("$.features[*]", [1, 2, 3, 4]),
        ("$.nested.*", [[{"x": 1}, {"x": 2}]]),
    ],
)
def test_a_path_gives_the_part(path: str, expected: Any) -> None:
    assert JsonPath(path).of(RECORD) == expected


@pytest.mark.parametrize(
    "path", ["", "features", "$.", "$..id", "$[?(@.x)]", "$['a", "$[1:2:3]", "$[]", "$ ", "$.a b"]
)
def test_what_sagemaker_does_not_document_is_refused(path: str) -> None:
    with pytest.raises(UserError, match=r"JSONPath .*, character \d+: expected \$ followed by"):
        JsonPath(path)


@pytest.mark.parametrize(
    "path", ["$.missing", "$[0]", "$.features.id", "$.features[9]", "$.id[1:]"]
)
def test_a_part_that_is_not_there_is_an_error(path: str) -> None:
    with pytest.raises(DataError, match=r"there is nothing at \$"):
        JsonPath(path).of(RECORD)
