from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pairloom.errors import DataFormatError
from pairloom.training.checkpoint_file import MAGIC, CheckpointFile, write_checkpoint

CONTENT = {"epoch": 3, "bias": 0.1, "loss": float("inf"), "names": ["a", "ü"]}
ARRAYS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "trained": np.array([True, False]),
    "nothing": np.empty((0, 4), dtype=np.float32),
}

values = st.one_of(
    arrays(np.float32, array_shapes(max_dims=2, min_side=0, max_side=9)),
    arrays(np.bool_, array_shapes(max_dims=2, min_side=0, max_side=9)),
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "checkpoint", CONTENT, ARRAYS.items())
    return tmp_path / "checkpoint"


def test_what_is_written_is_read_back(written: Path) -> None:
    read = CheckpointFile(written)
    assert read.content == CONTENT
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read.array(name, array.dtype, array.shape), array)


@given(named=st.dictionaries(st.text(max_size=9), values, max_size=4))
def test_any_arrays_are_read_back(
    named: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "checkpoint"
    write_checkpoint(path, {}, named.items())
    read = CheckpointFile(path)
    for name, array in named.items():
        again = read.array(name, array.dtype, array.shape)
        assert again.tobytes() == array.tobytes()


@pytest.mark.parametrize("bits", [0x01, 0x80, 0xFF])
def test_any_changed_byte_is_found(bits: int, written: Path) -> None:
    content = bytearray(written.read_bytes())
    for position in range(len(content)):
        content[position] ^= bits
        written.write_bytes(content)
        with pytest.raises(DataFormatError, match=str(written)):
            CheckpointFile(written)
        content[position] ^= bits


def test_any_missing_or_added_end_is_found(written: Path) -> None:
    content = written.read_bytes()
    for end in range(len(content)):
        written.write_bytes(content[:end])
        with pytest.raises(DataFormatError):
            CheckpointFile(written)
    written.write_bytes(content + b"\0")
    with pytest.raises(DataFormatError):
        CheckpointFile(written)


def file_of(text: bytes, arrays_bytes: bytes = b"", *, magic: bytes = MAGIC) -> bytes:
    position = 24 + len(arrays_bytes)
    checksum = zlib.crc32(text, zlib.crc32(struct.pack("<Q", position)))
    return struct.pack("<8sIIQ", magic, 1, checksum, position) + arrays_bytes + text


def text_of(**changes: Any) -> bytes:
    section = {"name": "a", "dtype": "<f4", "shape": [1], "offset": 24, "checksum": 0}
    section["checksum"] = zlib.crc32(bytes(4))
    return json.dumps({"content": {}, "arrays": [{**section, **changes}]}).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated: 0 bytes; the header has 24"),
        (file_of(b"{}", magic=b"PK" + MAGIC[2:]), "byte 0: begins with"),
        (MAGIC + struct.pack("<IIQ", 2, 0, 24), "byte 8: format version 2; this reads 1"),
        (MAGIC + struct.pack("<IIQ", 1, 0, 99), "byte 16: its text begins at byte 99 of 24"),
        (MAGIC + struct.pack("<IIQ", 1, 7, 24), "byte 12: checksum 0x00000007; its text gives"),
        (file_of(b"[]"), "its text is none of a checkpoint"),
        (file_of(b"[" * 99_999), "its text is none of a checkpoint"),
        (file_of(b'{"content": 1, "arrays": []}'), "its text is none of a checkpoint"),
        (file_of(b'{"content": {}, "arrays": [{}]}'), "its text is none of a checkpoint"),
        (file_of(text_of(dtype="|O"), bytes(4)), "no array can be .*dtype='|O'"),
        (file_of(text_of(shape=[-1]), bytes(4)), "no array can be"),
        (file_of(text_of(shape=[1.5]), bytes(4)), "no array can be"),
        (file_of(text_of(offset=0), bytes(4)), "the array a begins at byte 0; expected 24"),
        (file_of(text_of(shape=[2**62]), bytes(4)), "bytes; its parts have 184467"),
        (
            file_of(text_of(checksum=5), bytes(4)),
            "byte 24: the array a has the checksum 0x2144df1c",
        ),
    ],
)
def test_what_is_wrong_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match=message) as error:
        CheckpointFile(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "message"),
    [
        ("absent", "f4", (2, 3), "the array absent is missing; expected <f4 of shape"),
        ("weights", "f4", (3, 2), r"is <f4 of shape \(2, 3\); expected <f4 of shape \(3, 2\)"),
        ("weights", "?", (2, 3), r"expected \|b1 of shape \(2, 3\)"),
    ],
)
def test_an_array_of_another_kind_is_refused(
    name: str, dtype: str, shape: tuple[int, ...], message: str, written: Path
) -> None:
    with pytest.raises(DataFormatError, match=message):
        CheckpointFile(written).array(name, dtype, shape)
