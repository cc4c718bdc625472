"""JSON bodies against the standard library's parser and NumPy's rounding."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pairloom._core import read_json_rows
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError
from unit.serving.bodies import WIDTH, dense_of, instances_of, to_dense

LARGEST = float(np.finfo(np.float32).max)
numbers = st.one_of(
    st.floats(-LARGEST, LARGEST, width=64),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.integers(-(2**80), 2**80),
    st.sampled_from([0, 0.0, -0.0, 1, 1.0]),
)
dense_rows = st.lists(numbers, min_size=WIDTH, max_size=WIDTH)
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def sparse_tensors(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.integers(0, WIDTH - 1), unique=True, max_size=WIDTH))
    values = draw(st.lists(numbers, min_size=len(keys), max_size=len(keys)))
    members = {"keys": keys, "values": values, "shape": [WIDTH]}
    return {name: members[name] for name in draw(st.permutations(list(members)))}


@st.composite
def instances(draw: st.DrawFn) -> dict[str, Any]:
    dense = dense_rows.map(lambda row: {"features": row})
    wrapped = dense_rows.map(lambda row: {"data": {"features": {"values": row}}})
    sparse = sparse_tensors().map(lambda tensor: {"data": {"features": tensor}})
    instance = draw(dense | wrapped | sparse)
    if draw(st.booleans()):
        instance["configuration"] = draw(anything)
    return instance


def rows_or_complaint(body: bytes, width: int, *, lines: bool) -> RowBatch | str:
    try:
        return RowBatch(**read_json_rows(body, width, lines))
    except DataFormatError as error:
        return str(error)


def spelled(value: Any, separators: tuple[str, str], *, indent: bool, ascii_only: bool) -> bytes:
    text = json.dumps(
        value, separators=separators, indent=2 if indent else None, ensure_ascii=ascii_only
    )
    return text.encode("utf-8", "surrogatepass")


@given(
    st.lists(instances(), min_size=1, max_size=5),
    st.sampled_from([(", ", ": "), (",", ":"), (" ,  ", " :\t")]),
    st.booleans(),
    st.booleans(),
)
def test_rows_are_those_that_json_and_numpy_make(
    given_instances: list[dict[str, Any]],
    separators: tuple[str, str],
    indent: bool,
    lines: bool,
) -> None:
    if lines:
        body = b"\n".join(
            spelled(instance, separators, indent=False, ascii_only=True)
            for instance in given_instances
        )
    else:
        body = spelled({"instances": given_instances}, separators, indent=indent, ascii_only=True)
    rows = RowBatch(**read_json_rows(body, WIDTH, lines))
    expected = dense_of(instances_of(body, lines=lines), WIDTH)
    np.testing.assert_array_equal(to_dense(rows), expected)
    assert rows.is_dense is all("keys" not in json.dumps(i.get("data", 0)) for i in given_instances)


@given(anything)
def test_configuration_of_any_kind_is_passed_over(configuration: Any) -> None:
    body = {"instances": [{"configuration": configuration, "features": [1, 2, 3, 4]}]}
    try:
        text = json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert read_json_rows(text, WIDTH, lines=False)["values"].tolist() == [[1, 2, 3, 4]]


valid = json.dumps(
    {
        "instances": [
            {"features": [0.5, -2, 3e2, 0]},
            {"data": {"features": {"keys": [3, 1], "shape": [4], "values": [1, 2.5]}}},
            {"data": {"features": {"values": [1, 2, 3, 4]}}, "configuration": {"a": "b"}},
        ]
    }
).encode()


@given(st.data())
def test_a_changed_body_is_rows_or_one_clear_error(data: st.DataObject) -> None:
    """Whatever we take, the standard library takes as well, and with the same numbers."""
    place = data.draw(st.integers(0, len(valid) - 1))
    length = data.draw(st.integers(0, 4))
    put = data.draw(st.binary(max_size=4) | st.sampled_from([b"[", b"{", b'"', b",", b"0", b"e9"]))
    body = valid[:place] + put + valid[place + length :]
    rows = rows_or_complaint(body, WIDTH, lines=False)
    if isinstance(rows, str):
        assert rows
        assert "\n" not in rows
        return
    expected = dense_of(instances_of(body, lines=False), WIDTH)
    np.testing.assert_array_equal(to_dense(rows), expected)
    rows.checked()


@given(st.binary(max_size=40), st.booleans())
@example(b'{"instances":[{"features":[1,2,3,4]}]}\x00', False)
def test_any_bytes_are_rows_or_an_error(body: bytes, lines: bool) -> None:
    assert rows_or_complaint(body, 0, lines=lines)


@pytest.mark.parametrize(
    ("instance", "complaint"),
    [
        ('{"features": [1, 2, 3]}', "instances[1].features has 3 values, expected 4"),
        ('{"features": [1, 2, 3, "4"]}', 'instances[1].features[3] is "4", expected a number'),
        ('{"features": [1, 2, 3, null]}', "instances[1].features[3] is null, expected a number"),
        ('{"features": [1, 2, 3, -Infinity]}', "features[3] is -Infinity, expected a number"),
        ('{"features": [1, 2, 3, 1e999]}', "features[3] is 1e999, expected a float32 number"),
        ('{"features": [1, 2, 3, 4], "label": 1}', 'has a member "label", expected features, data'),
        ('{"features": [1, 2, 3, 4]', "byte 68, in instances[1]: found ], expected a comma or }"),
    ],
)
def test_errors_name_place_value_and_rule(instance: str, complaint: str) -> None:
    body = f'{{"instances": [{{"features": [1, 2, 3, 4]}}, {instance}]}}'.encode()
    with pytest.raises(DataFormatError) as raised:
        read_json_rows(body, WIDTH, lines=False)
    assert complaint in str(raised.value)
