"""The MNIST loader, against facts about the data that were counted independently."""

from __future__ import annotations

import gzip
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from mnist import (
    DATA_FOLDER,
    MD5S,
    TEST_DIGITS,
    Mnist,
    load_mnist,
    parse_idx,
    read_checked,
    read_part,
)

from pairloom.errors import DataFormatError


@pytest.fixture(scope="module")
def mnist() -> Mnist:
    return load_mnist()


def test_parts_have_the_known_sizes_zeros_and_nonzero_pixels(mnist: Mnist) -> None:
    parts = (mnist.train, mnist.validation, mnist.test)

    assert [part.images.shape for part in parts] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    assert [np.count_nonzero(part.images) for part in parts] == [7_503_280, 1_490_876, 1_511_219]
    assert sum(int(part.zero_labels().sum()) for part in parts[:2]) == 5_923
    assert mnist.test.zero_labels().sum() == 980


def test_sixty_seven_pixels_are_blank_in_all_training_images(mnist: Mnist) -> None:
    used = mnist.train.images.any(axis=0) | mnist.validation.images.any(axis=0)

    assert np.count_nonzero(~used) == 67


def test_first_digits_are_in_the_order_of_the_files(mnist: Mnist) -> None:
    # The label files' first bytes after their 8-byte headers, read with `zcat | xxd`.
    assert mnist.train.digits[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.digits[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_rows_are_dense_float32_of_pixel_over_256(mnist: Mnist) -> None:
    part = mnist.test.slice(0, 100)

    rows = part.rows()

    assert rows.is_dense
    assert rows.feature_dim == 784
    assert rows.num_rows == 100
    assert rows.values is not None
    assert rows.values.dtype == np.float32
    assert rows.values.flags.c_contiguous
    np.testing.assert_array_equal(rows.values.astype(np.float64) * 256, part.images)
    assert rows.labels is not None
    np.testing.assert_array_equal(rows.labels == 1.0, part.digits == 0)


def test_readme_lists_the_md5s_and_sizes_of_the_files() -> None:
    readme = (DATA_FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| `(\S+\.gz)` \| [^|]+ \| ([\d,]+) \| `([0-9a-f]{32})` \|", readme)

    assert {name: md5 for name, _, md5 in rows} == MD5S
    for name, size, _ in rows:
        assert (DATA_FOLDER / name).stat().st_size == int(size.replace(",", ""))


def test_load_raises_when_a_file_is_damaged(tmp_path: Path) -> None:
    damaged = bytearray((DATA_FOLDER / TEST_DIGITS).read_bytes())
    damaged[100] ^= 1
    (tmp_path / TEST_DIGITS).write_bytes(damaged)

    with pytest.raises(
        DataFormatError, match=rf"{TEST_DIGITS}: MD5 is .* expected {MD5S[TEST_DIGITS]}"
    ):
        read_checked(tmp_path / TEST_DIGITS)


def test_load_raises_when_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"no such file; .* `git checkout"):
        load_mnist(tmp_path)


def test_part_is_read_from_any_folder(tmp_path: Path) -> None:
    for name in MD5S:
        shutil.copy(DATA_FOLDER / name, tmp_path)

    part = read_part(tmp_path, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")

    assert len(part.digits) == 10_000


def test_parse_returns_the_array_in_its_shape() -> None:
    data = b"\0\0\x08\x02" + struct.pack(">2I", 2, 3) + bytes([1, 2, 3, 4, 5, 6])

    assert parse_idx(data, "six").tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"six: byte 0: expected the idx magic .* found the end of the file"),
        (b"\0\0\x0d\x01" + bytes(8), r"six: byte 0: expected the idx magic .* found 00 00 0d"),
        (gzip.compress(b"\0\0\x08\x01", mtime=0), r"byte 0: .* found 1f 8b 08"),
        (b"\0\0\x08\x00", r"byte 3: .* found 0 dimensions in a file of 4 bytes"),
        (b"\0\0\x08\x03" + bytes(8), r"byte 3: .* found 3 dimensions in a file of 12 bytes"),
        (b"\0\0\x08\x01\0\0\0\x05abcd", r"byte 8: expected 13 bytes for the shape 5, found 12"),
        (b"\0\0\x08\x01\0\0\0\x03abcd", r"byte 8: expected 11 bytes for the shape 3, found 12"),
    ],
)
def test_parse_raises_when_bytes_are_not_an_idx_file(data: bytes, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        parse_idx(data, "six")
