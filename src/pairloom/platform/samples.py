"""The bucket of sample files that SageMaker's notebooks download from, with MNIST in it."""

from __future__ import annotations

import contextlib
import gzip
import io
import math
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError

BUCKET: Final = "sagemaker-sample-files"
KEY: Final = "datasets/image/MNIST/mnist.pkl.gz"

_IMAGES_MAGIC: Final = bytes([0, 0, 8, 3])
_DIGITS_MAGIC: Final = bytes([0, 0, 8, 1])
_NUM_TRAIN_ROWS: Final = 50_000  # of the 60,000; the others are for validation
_FILES: Final = (
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
)
# NumPy 2 names its own module in a pickle; NumPy 1 reads the older name, and so does NumPy 2.
_NEW_NAME: Final = b"cnumpy._core.multiarray\n"
_OLD_NAME: Final = b"cnumpy.core.multiarray\n"
_COMPRESSION: Final = 1

_Part = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


def upload_mnist(client: Any, folder: Path) -> str:
    """Put MNIST where notebooks look for it; return its address.

    Parameters
    ----------
    client
        boto3's of the object store.
    folder
        Holds MNIST's four files as they were published, compressed with gzip.

    Raises
    ------
    DataFormatError
        A file holds something else.
    """
    content = pickled_mnist(folder)
    there = (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists)
    with contextlib.suppress(*there):
        client.create_bucket(Bucket=BUCKET)
    client.upload_fileobj(io.BytesIO(content), BUCKET, KEY)
    return f"s3://{BUCKET}/{KEY}"


def pickled_mnist(folder: Path) -> bytes:
    """Return the compressed pickle: training, validation and test part, pixels from 0 below 1."""
    (images, digits), test = (
        _read_part(folder / images, folder / digits) for images, digits in _FILES
    )
    train = images[:_NUM_TRAIN_ROWS], digits[:_NUM_TRAIN_ROWS]
    validation = images[_NUM_TRAIN_ROWS:], digits[_NUM_TRAIN_ROWS:]
    content = pickle.dumps((train, validation, test), protocol=3)
    return gzip.compress(content.replace(_NEW_NAME, _OLD_NAME, 1), _COMPRESSION, mtime=0)


def _read_part(images_file: Path, digits_file: Path) -> _Part:
    images = _read_array(images_file, _IMAGES_MAGIC, 3)
    digits = _read_array(digits_file, _DIGITS_MAGIC, 1)
    if len(images) != len(digits):
        raise DataFormatError(
            f"{images_file} has {len(images)} images, {digits_file} {len(digits)} digits; "
            "both must have as many"
        )
    pixels = images.reshape(len(images), -1).astype(np.float32) / np.float32(256)
    return pixels, digits.astype(np.int64)


def _read_array(file: Path, magic: bytes, num_dimensions: int) -> npt.NDArray[np.uint8]:
    try:
        content = gzip.decompress(file.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataFormatError(f"{file}: not a whole gzip file: {error}") from error
    begin = 4 + 4 * num_dimensions
    if content[:4] != magic or len(content) < begin:
        raise DataFormatError(f"{file}: begins with {content[:4].hex()}; must be {magic.hex()}")
    shape = struct.unpack(f">{num_dimensions}I", content[4:begin])
    if len(content) - begin != math.prod(shape):
        raise DataFormatError(f"{file}: holds {len(content) - begin} values; its head says {shape}")
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)
