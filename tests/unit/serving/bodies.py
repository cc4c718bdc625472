"""Request bodies, and what Python's own json module and NumPy make of them."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO
from unit.model.native.models import small_model

WIDTH = 4
MEDIA_TYPES = (JSON, JSON_LINES, RECORDIO, CSV)


def model(predictor_type: str = "regressor", *, feature_dim: int = WIDTH) -> Model:
    return small_model(trained=feature_dim, feature_dim=feature_dim, predictor_type=predictor_type)


def matrix(num_rows: int = 3) -> npt.NDArray[np.float32]:
    values = np.random.default_rng(num_rows).normal(size=(num_rows, WIDTH)).astype(np.float32)
    values[values < -1] = 0
    return values


def json_body(values: npt.NDArray[np.float32]) -> bytes:
    return json.dumps({"instances": [{"features": row} for row in values.tolist()]}).encode()


def instances_of(body: bytes, *, lines: bool) -> list[dict[str, Any]]:
    """Parse a body as the standard library does."""
    if lines:
        return [json.loads(line) for line in body.split(b"\n") if line.strip()]
    instances: list[dict[str, Any]] = json.loads(body)["instances"]
    return instances


def dense_of(instances: list[dict[str, Any]], width: int) -> npt.NDArray[np.float32]:
    """Make a matrix of parsed instances, rounded as NumPy rounds Python's numbers."""
    rows = np.zeros((len(instances), width), np.float32)
    for row, instance in zip(rows, instances, strict=True):
        tensor = instance["data"]["features"] if "data" in instance else instance["features"]
        if isinstance(tensor, list):
            row[:] = np.array(tensor, np.float32)
        elif "keys" in tensor:
            row[tensor["keys"]] = np.array(tensor["values"], np.float32)
        else:
            row[:] = np.array(tensor["values"], np.float32)
    return rows


def to_dense(rows: RowBatch) -> npt.NDArray[np.float32]:
    if rows.row_offsets is None:
        assert rows.values is not None
        return rows.values
    assert rows.feature_ids is not None
    dense = np.zeros((rows.num_rows, rows.feature_dim), np.float32)
    held = np.repeat(np.arange(rows.num_rows), np.diff(rows.row_offsets))
    dense[held, rows.feature_ids] = 1 if rows.values is None else rows.values
    return dense


def frames_of(body: bytes) -> list[bytes]:
    """Take a recordio body apart."""
    payloads, place = [], 0
    while place < len(body):
        magic, size = struct.unpack_from("<II", body, place)
        assert magic == 0xCED7230A
        payloads.append(body[place + 8 : place + 8 + size])
        place += 8 + (size + 3) // 4 * 4
    return payloads
