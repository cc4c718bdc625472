"""Reads SageMaker's model artifact as MXNet lays its arrays out, and scores by the formula.

It imports nothing from pairloom. Every sum is in float64.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]

LIST_MAGIC, ARRAY_MAGIC = 0x112, 0xF993FAC9
DENSE, ROW_SPARSE = 0, 1


@dataclass(frozen=True)
class PlainParameters:
    """What MXNet would find in the artifact."""

    bias: float
    linear_weights: Float64Array
    factors: Float64Array

    def probability(self, features: npt.NDArray[np.integer], values: Float64Array) -> float:
        """Return the sigmoid of w0 + sum w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j."""
        vectors = self.factors[features] * values[:, None]
        pairs = np.triu(vectors @ vectors.T, k=1)
        score = self.bias + values @ self.linear_weights[features] + pairs.sum()
        return float(1 / (1 + np.exp(-score)))


def read_plain_sagemaker(path: Path) -> PlainParameters:
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["model_algo-1"]
        model = tar.extractfile("model_algo-1")
        assert model is not None
        content = model.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        arrays = read_array_list(archive.read("params"))
    return PlainParameters(
        float(arrays["arg:w0_weight"][0]), arrays["arg:w1_weight"][:, 0], arrays["arg:v"]
    )


def read_array_list(content: bytes) -> dict[str, Float64Array]:
    stream = io.BytesIO(content)
    magic, reserved, num_arrays = _numbers(stream, "<QQQ")
    assert (magic, reserved) == (LIST_MAGIC, 0)
    arrays = [_read_array(stream) for _ in range(num_arrays)]
    (num_names,) = _numbers(stream, "<Q")
    names = [stream.read(*_numbers(stream, "<Q")).decode() for _ in range(num_names)]
    assert stream.read() == b""
    return dict(zip(names, arrays, strict=True))


def _read_array(stream: io.BytesIO) -> Float64Array:
    magic, storage = _numbers(stream, "<Ii")
    assert magic == ARRAY_MAGIC
    stored = _shape(stream) if storage == ROW_SPARSE else None
    shape = _shape(stream)
    device, _, kind = _numbers(stream, "<iii")
    assert (device, kind) == (1, 0), "float32 of the processor"
    if stored is None:
        assert storage == DENSE
        return _floats(stream, shape)
    (kind_of_ids,) = _numbers(stream, "<i")
    assert kind_of_ids == 6, "int64"
    (num_rows,) = _shape(stream)
    rows = _floats(stream, stored)
    whole = np.zeros(shape)
    whole[np.frombuffer(stream.read(8 * num_rows), "<i8")] = rows
    return whole


def _floats(stream: io.BytesIO, shape: tuple[int, ...]) -> Float64Array:
    values = np.frombuffer(stream.read(4 * int(np.prod(shape))), "<f4")
    return values.reshape(shape).astype(np.float64)


def _shape(stream: io.BytesIO) -> tuple[int, ...]:
    (num_dimensions,) = _numbers(stream, "<I")
    return _numbers(stream, f"<{num_dimensions}q")


def _numbers(stream: io.BytesIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))
