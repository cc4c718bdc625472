"""The sample bucket, read as SageMaker's notebooks read it."""

from __future__ import annotations

import gzip
import pickle
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mnist import load_mnist

from pairloom.errors import DataFormatError
from pairloom.platform.samples import pickled_mnist

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
# Without the time, so that processes which share the tests name them alike.
compressed = partial(gzip.compress, mtime=0)


def test_notebooks_find_the_three_parts_of_mnist(repository: Path) -> None:
    folder = repository / "examples/mnist/data"
    content = gzip.decompress(pickled_mnist(folder))
    parts = pickle.loads(content, encoding="latin1")

    expected = load_mnist(folder)
    assert [len(images) for images, _ in parts] == [50_000, 10_000, 10_000]
    for (images, digits), part in zip(
        parts, (expected.train, expected.validation, expected.test), strict=True
    ):
        assert images.dtype == np.float32
        assert digits.dtype == np.int64
        np.testing.assert_array_equal(images, part.pixels())
        np.testing.assert_array_equal(digits, part.digits)
    assert b"numpy._core" not in content[:1000]  # which NumPy 1 does not know


def small(folder: Path) -> None:
    for images, digits in (NAMES[:2], NAMES[2:]):
        pixels = bytes(range(8))
        head = struct.pack(">4I", 0x803, 2, 2, 2)
        (folder / images).write_bytes(compressed(head + pixels))
        (folder / digits).write_bytes(compressed(struct.pack(">2I", 0x801, 2) + b"\1\2"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip", "not a whole gzip file"),
        (compressed(b"\0\0\x08\3" + b"\0" * 12)[:-4], "not a whole gzip file"),
        (compressed(b""), "begins with ; must be 00000803"),
        (compressed(b"\0\0\x08\1" + b"\0" * 12), "begins with 00000801; must be 00000803"),
        (compressed(struct.pack(">4I", 0x803, 2, 2, 3) + b"12345"), r"5 values.*\(2, 2, 3\)"),
        (compressed(struct.pack(">4I", 0x803, *[2**31] * 3)), "0 values"),
        (compressed(struct.pack(">4I", 0x803, 1, 2, 2) + b"1234"), "1 images.*2 digits"),
    ],
)
def test_damaged_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    small(tmp_path)
    (tmp_path / NAMES[0]).write_bytes(content)

    with pytest.raises(DataFormatError, match=f"{NAMES[0]}.*{message}"):
        pickled_mnist(tmp_path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=NAMES[0]):
        pickled_mnist(tmp_path)
