"""Files inside gzip and zstd: read as what they hold, refused by name when damaged."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from backports import zstd
from hypothesis import given

from pairloom.errors import DataFormatError
from pairloom.formats import read_libsvm, read_recordio, write_libsvm, write_recordio
from pairloom.formats.compression import PlainBytes

WRAP: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
SUFFIX = {"gzip": ".gz", "zstd": ".zst"}
TEXT = b"".join(b"%d 1:%d 2:1\n" % (n % 2, n) for n in range(50_000))

WITHOUT_EXTRAS = """
import sys
sys.modules["isal"] = sys.modules["backports"] = None
from pairloom.formats import read_libsvm
print(read_libsvm(sys.argv[1]).num_rows)
try:
    read_libsvm(sys.argv[2])
except ValueError as error:
    print(error)
"""


@pytest.fixture(params=WRAP)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unpacked(content: bytes, piece_bytes: int = 1 << 20) -> bytes:
    stream, buffer, whole = PlainBytes(io.BytesIO(content), "file"), bytearray(piece_bytes), b""
    while count := stream.readinto(buffer):
        whole += buffer[:count]
    return whole


def test_rows_are_those_of_the_plain_file(kind: str, tmp_path: Path) -> None:
    rows, labels = np.eye(3, dtype=np.float32), np.array([1, 0, 1], np.float32)
    for write, read, suffix in (
        (write_recordio, read_recordio, ".pbr"),
        (write_libsvm, read_libsvm, ".libsvm"),
    ):
        plain, packed = tmp_path / f"rows{suffix}", tmp_path / f"rows{suffix}{SUFFIX[kind]}"
        write(plain, rows, labels)
        write(packed, rows, labels)
        assert unpacked(packed.read_bytes()) == plain.read_bytes()
        assert packed.read_bytes() != plain.read_bytes()
        assert read(packed).labels.tolist() == read(plain).labels.tolist()  # type: ignore[union-attr]
        assert read(io.BytesIO(packed.read_bytes())).num_rows == 3


def test_members_follow_one_another(kind: str) -> None:
    wrapped = WRAP[kind](TEXT[:1000]) + WRAP[kind](b"") + WRAP[kind](TEXT[1000:])
    assert unpacked(wrapped) == TEXT


@given(st.binary(max_size=200), st.integers(1, 50), st.sampled_from(sorted(WRAP)))
def test_bytes_in_pieces_of_any_size_are_the_same(
    content: bytes, piece_bytes: int, kind: str
) -> None:
    assert unpacked(WRAP[kind](content), piece_bytes) == content
    if not content.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        assert unpacked(content, piece_bytes) == content


def test_reader_raises_with_the_files_name_when_the_stream_ends_early(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"rows.libsvm{SUFFIX[kind]}"
    wrapped = WRAP[kind](TEXT)
    for length in (len(wrapped) // 2, len(wrapped) - 1, 5):
        path.write_bytes(wrapped[:length])
        with pytest.raises(DataFormatError, match=f"rows.libsvm.*: the {kind} stream ends early"):
            read_libsvm(path)


def test_reader_raises_when_something_else_follows(kind: str) -> None:
    with pytest.raises(DataFormatError, match=f"file: the {kind} stream "):
        unpacked(WRAP[kind](TEXT) + b"0 1:1\n")


def test_damaged_streams_never_crash(kind: str) -> None:
    wrapped, chance = bytearray(WRAP[kind](TEXT)), random.Random(0)
    for _ in range(300):
        damaged = wrapped.copy()
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_libsvm(io.BytesIO(bytes(damaged)))
        except DataFormatError as error:
            complaint = str(error)  # most damage is found, not all
            assert "\n" not in complaint


def test_a_small_file_that_grows_huge_takes_little_memory(kind: str) -> None:
    bomb = WRAP[kind](bytes(200_000_000))
    stream, buffer, size = PlainBytes(io.BytesIO(bomb), "file"), bytearray(1 << 20), 0
    tracemalloc.start()
    while count := stream.readinto(buffer):
        size += count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 200_000_000
    assert peak < 8_000_000


def test_same_rows_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    contents = set()
    for name in ("a", "b"):
        path = tmp_path / f"{name}.libsvm{SUFFIX[kind]}"
        write_libsvm(path, np.eye(4), np.ones(4))
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_without_the_extra_gzip_is_read_and_zstd_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.libsvm.gz").write_bytes(gzip.compress(b"1 1:1\n"))
    (tmp_path / "a.libsvm.zst").write_bytes(zstd.compress(b"1 1:1\n"))
    paths = [str(tmp_path / "a.libsvm.gz"), str(tmp_path / "a.libsvm.zst")]
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, *paths], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert said[0] == "1"
    assert said[1].endswith("is not installed: pip install 'pairloom[compression]'")
