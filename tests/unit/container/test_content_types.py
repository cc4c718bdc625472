"""Content types as ways to read files."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.container.content_types import OPTIONS, file_options, is_recordio
from pairloom.data import FileOptions
from pairloom.errors import UserError


@pytest.mark.parametrize(
    ("content_type", "options"),
    [
        (None, FileOptions(format="recordio")),
        ("", FileOptions(format="recordio")),
        ("application/x-recordio-protobuf", FileOptions(format="recordio")),
        ("Text/CSV", FileOptions(format="csv", header=False)),
        ("text/csv;label_size=1", FileOptions(format="csv", header=False)),
        ("text/csv; header=present; charset=UTF-8", FileOptions(format="csv", header=True)),
        ("text/x-libsvm; charset=utf-8", FileOptions(format="libsvm")),
        ("application/x-parquet", FileOptions(format="parquet")),
    ],
)
def test_content_type_says_how_files_are_read(
    content_type: str | None, options: FileOptions
) -> None:
    assert file_options(content_type) == options
    assert is_recordio(content_type) is (options.format == "recordio")


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("application/json", "content type 'application/json' is unknown; must be application/x-"),
        ("text/csv;label_size=2", "'label_size=2' is refused; must be label_size=1, header=pres"),
        ("text/csv;charset=latin-1", "'charset=latin-1' is refused"),
        ("text/libsvm;header=present", "'header=present' is refused; must be charset=utf-8"),
    ],
)
def test_what_is_not_known_is_refused(content_type: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        file_options(content_type)


@given(text=st.text() | st.sampled_from(sorted(OPTIONS)).flatmap(lambda known: st.text().map(
    lambda more: f"{known};{more}")))  # fmt: skip
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(UserError):
        assert file_options(text).format is not None
