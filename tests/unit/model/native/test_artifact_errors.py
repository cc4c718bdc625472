"""Files that are no artifacts are refused by name, place and rule."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oracle.plain_artifact import sections_of, with_header, with_section
from pairloom import Model
from pairloom.errors import DataFormatError
from unit.model.native.models import few_seen, few_trained, small_model

U32, U64 = struct.Struct("<I"), struct.Struct("<Q")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "model.pairloom"
    small_model().save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "model.pairloom"
    few_trained().save(path)
    return path.read_bytes()


def refused(content: bytes, folder: Path) -> str:
    path = folder / "broken.pairloom"
    path.write_bytes(content)
    with pytest.raises(DataFormatError) as caught:
        Model.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not a readable Pairloom model: ")
    return message


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("make", [small_model, few_trained])
def test_a_file_cut_at_any_length_is_refused(make: Callable[[], Model], tmp_path: Path) -> None:
    make().save(tmp_path / "model.pairloom")
    whole = (tmp_path / "model.pairloom").read_bytes()
    for length in range(len(whole)):
        assert any(word in refused(whole[:length], tmp_path) for word in ("truncated", "byte 0"))


@pytest.mark.parametrize("added", [b"\0", b"x" * 4096])
def test_bytes_appended_are_refused(content: bytes, added: bytes, tmp_path: Path) -> None:
    assert "bytes appended" in refused(content + added, tmp_path)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, b"PK\x03\x05", "byte 0: begins with"),
        (8, U32.pack(2), "byte 8: format version 2; this release reads version 1"),
        (12, b"\x0a\x0b\x0c\x0d", "byte 12: byte order mark 0x0d0c0b0a"),
        (24, U64.pack(1 << 40), "truncated"),
        (32, U32.pack(2), "byte 32: unknown model kind 2"),
        (36, U32.pack(2), "byte 36: unknown predictor type 2"),
        (36, U32.pack(1), "predictor_type is 'regressor'; the header says 'binary_classifier'"),
        (40, U64.pack(71), "section trained|section rows|71 features|feature_dim is"),
        (40, U64.pack(2**63), "section"),
        (48, U64.pack(69), "section rows at byte 4096 has 2272 bytes; expected 2240"),
        (48, U64.pack(2**64 - 1), "section rows"),
        (56, U32.pack(0), "byte 56: 0 factors"),
        (56, U32.pack(4), "num_factors is 3; the header says 4"),
        (60, U32.pack(8), "byte 56: 3 factors padded to 8"),
        (64, U32.pack(0), "in rows of 0 values"),
        (64, U32.pack(2**31), "in rows of 2147483648 values"),
        (68, U32.pack(2), "byte 68: unknown value type 2"),
        (72, U32.pack(1), "untrained_features is 'initial'; the header says 'zero'"),
        (76, struct.pack("<f", np.inf), "byte 76: the bias is inf"),
        (84, U32.pack(2), "section state.linear.0 is missing"),
        (84, U32.pack(2**32 - 1), "byte 84: unknown number of optimizer values"),
    ],
)  # fmt: skip
def test_a_header_that_breaks_a_rule_is_refused(
    content: bytes, at: int, value: bytes, message: str, tmp_path: Path
) -> None:
    found = refused(with_header(content, at, value), tmp_path)
    assert any(part in found for part in message.split("|"))


@pytest.mark.parametrize("count", [0, 1, 2, 4, 1001, 2**32 - 1])
def test_another_number_of_sections_is_refused(content: bytes, count: int, tmp_path: Path) -> None:
    refused(with_header(content, 80, U32.pack(count)), tmp_path)
    lengths = U32.pack(min(128 + 64 * count, 2**32 - 1))
    refused(with_header(with_header(content, 80, U32.pack(count)), 16, lengths), tmp_path)


@pytest.mark.parametrize("section", [0, 1, 2])
@pytest.mark.parametrize("offset", [0, 64, 320, 4160, 2**40, 2**64 - 64])
def test_a_section_elsewhere_is_refused(
    content: bytes, section: int, offset: int, tmp_path: Path
) -> None:
    at = 128 + 64 * section + 32
    if content[at : at + 8] != U64.pack(offset):
        refused(with_header(content, at, U64.pack(offset)), tmp_path)


@pytest.mark.parametrize("section", [0, 1, 2])
@pytest.mark.parametrize("length", [0, 1, 2**63, 2**64 - 1])
def test_a_section_of_another_length_is_refused(
    content: bytes, section: int, length: int, tmp_path: Path
) -> None:
    refused(with_header(content, 128 + 64 * section + 40, U64.pack(length)), tmp_path)


def test_a_section_twice_or_without_a_name_is_refused(content: bytes, tmp_path: Path) -> None:
    assert "two sections of one name" in refused(
        with_header(content, 192, content[128:160]), tmp_path
    )
    assert "section name" in refused(with_header(content, 192, bytes(32)), tmp_path)
    assert "section name" in refused(with_header(content, 192, b"\xff" * 32), tmp_path)
    assert "trained is missing" in refused(with_header(content, 192, b"other"), tmp_path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (b"[", "section metadata"),
        (b'{"hyperparameters":1}', "expected an object with hyperparameters"),
        (b'{"hyperparameters":{}}', "feature_dim: missing"),
        (b'{"hyperparameters":{"feature_dim":{}}}', "feature_dim"),
        (b'{"hyperparameters":{},"optimizer_state":3}', "optimizer_state to be an object"),
        (b"\xff", "section metadata"),
    ],
)
def test_metadata_that_break_a_rule_are_refused(
    content: bytes, metadata: bytes, message: str, tmp_path: Path
) -> None:
    length = sections_of(content)["metadata"][1]
    changed = with_section(content, "metadata", metadata.ljust(length))
    assert message in refused(changed, tmp_path)


def test_an_index_for_features_that_count_is_refused(indexed: bytes, tmp_path: Path) -> None:
    assert "byte 72" in refused(with_header(indexed, 72, U32.pack(0)), tmp_path)


def test_what_is_no_file_is_refused_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "none.pairloom")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(DataFormatError, match="no regular file"):
            Model.load(path)


@pytest.mark.parametrize(
    ("name", "renamed", "message"),
    [
        ("index", b"undex", "section index is missing"),
        ("seen", b"suen", "has 8 bytes; expected 16"),
        ("index", b"ranks", "has 128 bytes; expected 4"),
    ],
)
def test_a_file_of_features_seen_needs_its_sections(
    name: str, renamed: bytes, message: str, tmp_path: Path
) -> None:
    few_seen().save(tmp_path / "model.pairloom")
    content = (tmp_path / "model.pairloom").read_bytes()
    at = 128 + 64 * list(sections_of(content)).index(name)
    assert message in refused(with_header(content, at, renamed.ljust(8, b"\0")), tmp_path)
