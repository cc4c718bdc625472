"""The MNIST images that travel with this repository: checked, parsed and split.

This module stands outside the package: the demo, the tests and the benchmarks import it by the
path of its folder.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError

Bytes: TypeAlias = npt.NDArray[np.uint8]

DATA_FOLDER = Path(__file__).resolve().parent / "data"
IMAGE_SIDE = 28
FEATURE_DIM = IMAGE_SIDE * IMAGE_SIDE
NUM_TRAIN_ROWS = 50_000

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_DIGITS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_DIGITS = "t10k-labels-idx1-ubyte.gz"

MD5S = {
    TRAIN_IMAGES: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    TRAIN_DIGITS: "d53e105ee54ea40749a09fcbcd1e9432",
    TEST_IMAGES: "9fb629c4189551a2d022fa330f9573f3",
    TEST_DIGITS: "ec29112dd5afa0611ce80d1b7f02629c",
}


@dataclass(frozen=True, slots=True)
class MnistPart:
    """One part of the split: bytes as the files hold them, made into rows when asked for."""

    images: Bytes  # (num_rows, 784)
    digits: Bytes  # (num_rows,)

    def pixels(self) -> npt.NDArray[np.float32]:
        """Return pixel/256 as float32, (num_rows, 784): at least 0, below 1."""
        return self.images.astype(np.float32) / np.float32(256)

    def zero_labels(self) -> npt.NDArray[np.float32]:
        """Return 1.0 for an image of a zero, 0.0 for any other digit."""
        return np.equal(self.digits, 0).astype(np.float32)

    def rows(self) -> RowBatch:
        """Return dense rows with the question "is it a zero?" as labels."""
        return RowBatch(
            feature_dim=self.images.shape[1], values=self.pixels(), labels=self.zero_labels()
        )

    def slice(self, start: int, stop: int) -> MnistPart:
        return MnistPart(self.images[start:stop], self.digits[start:stop])


@dataclass(frozen=True, slots=True)
class Mnist:
    """50,000 training, 10,000 validation and 10,000 test images, in the files' order."""

    train: MnistPart
    validation: MnistPart
    test: MnistPart


def load_mnist(folder: Path = DATA_FOLDER) -> Mnist:
    """Read the four files of a folder; raise DataFormatError unless their MD5s are right."""
    both = read_part(folder, TRAIN_IMAGES, TRAIN_DIGITS)
    return Mnist(
        train=both.slice(0, NUM_TRAIN_ROWS),
        validation=both.slice(NUM_TRAIN_ROWS, len(both.digits)),
        test=read_part(folder, TEST_IMAGES, TEST_DIGITS),
    )


def read_part(folder: Path, images_name: str, digits_name: str) -> MnistPart:
    images = parse_idx(read_checked(folder / images_name), images_name)
    digits = parse_idx(read_checked(folder / digits_name), digits_name)
    return MnistPart(images.reshape(len(images), -1), digits)


def read_checked(path: Path) -> bytes:
    """Return the unpacked bytes of one of the four files, whose MD5 must be the one known."""
    try:
        packed = path.read_bytes()
    except FileNotFoundError as error:
        raise DataFormatError(
            f"{path}: no such file; MNIST travels with the repository, so restore it with "
            f"`git checkout -- examples/mnist/data`"
        ) from error
    found = hashlib.md5(packed, usedforsecurity=False).hexdigest()
    if found != MD5S[path.name]:
        raise DataFormatError(
            f"{path}: MD5 is {found}, expected {MD5S[path.name]}; the file is damaged, so restore "
            f"it with `git checkout -- examples/mnist/data`"
        )
    return gzip.decompress(packed)


def parse_idx(data: bytes, name: str) -> Bytes:
    """Return the array of an unpacked idx file of unsigned bytes; `name` is for errors."""
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise DataFormatError(
            f"{name}: byte 0: expected the idx magic 00 00 08 (unsigned bytes), "
            f"found {data[:3].hex(' ') or 'the end of the file'}"
        )
    num_dimensions = data[3]
    header_bytes = 4 + 4 * num_dimensions
    if num_dimensions == 0 or len(data) < header_bytes:
        raise DataFormatError(
            f"{name}: byte 3: expected the sizes of at least one dimension, "
            f"found {num_dimensions} dimensions in a file of {len(data)} bytes"
        )
    shape = struct.unpack_from(f">{num_dimensions}I", data, 4)
    expected_bytes = header_bytes + math.prod(shape)
    if len(data) != expected_bytes:
        raise DataFormatError(
            f"{name}: byte {header_bytes}: expected {expected_bytes} bytes for the shape "
            f"{' x '.join(map(str, shape))}, found {len(data)}"
        )
    return np.frombuffer(data, np.uint8, offset=header_bytes).reshape(shape)
