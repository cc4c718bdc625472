from __future__ import annotations

import pytest

from pairloom.serving.errors import NotAcceptableError
from pairloom.serving.media_types import (
    CSV,
    JSON,
    JSON_LINES,
    RECORDIO,
    MediaType,
    accepted_type,
    content_type_of,
)

WRITABLE = (JSON, JSON_LINES, RECORDIO, CSV)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("application/jsonlines, application/json", JSON_LINES),
        ("application/json;q=0.5, application/x-recordio-protobuf;q=0.8", RECORDIO),
        ("text/csv;q=0.1, */*;q=0.9", JSON),
        ("application/json;q=0, */*", JSON_LINES),
        ("text/html, application/xhtml+xml, */*;q=0.01", JSON),
        ("application/json; verbose=true", JSON),
        (" , text/csv", CSV),
    ],
)
def test_the_answers_type_is_the_one_that_the_client_likes_best(
    accept: str | None, expected: str
) -> None:
    assert accepted_type(accept, WRITABLE) == expected


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0", "json", "application/json;q=x", "*/*;q=2"]
)
def test_a_client_that_takes_nothing_of_ours_is_told_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=r"accept '.*'"):
        accepted_type(accept, WRITABLE)


def test_parameters_are_read() -> None:
    parsed = MediaType.parse(' Text/CSV ; Header="present"; charset=UTF-8 ')
    assert parsed == MediaType("text/csv", {"header": "present", "charset": "UTF-8"})


def test_a_body_without_content_type_is_json() -> None:
    assert content_type_of(None, WRITABLE).name == JSON
