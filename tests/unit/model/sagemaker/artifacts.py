"""Models and hand-made bytes for the tests of SageMaker's artifact."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pairloom.hyperparameters import resolve
from pairloom.model.sagemaker.model_zip import SageMakerModel

SYMBOL = json.dumps({"nodes": [{"op": "LinearRegressionOutput", "name": "out"}]}).encode()


def small_model(
    feature_dim: int = 5,
    num_factors: int = 2,
    trained: Sequence[int] | None = None,
    **settings: object,
) -> SageMakerModel:
    random = np.random.default_rng(feature_dim)
    mask = np.ones(feature_dim, dtype=bool)
    if trained is not None:
        mask[:] = False
        mask[list(trained)] = True
    given = {"feature_dim": feature_dim, "num_factors": num_factors, "predictor_type": "regressor"}
    return SageMakerModel(
        resolve({**given, **settings}),
        0.5,
        random.normal(size=feature_dim).astype(np.float32),
        random.normal(size=(feature_dim, num_factors)).astype(np.float32),
        mask,
    )


def zip_bytes(members: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def model_zip(params: bytes, *, symbol: bytes = SYMBOL, ours: bytes | None = None) -> bytes:
    members = [("symbol.json", symbol), ("params", params)]
    return zip_bytes(members if ours is None else [*members, ("pairloom.json", ours)])


def tar_gz(path: Path, members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def shape(*dimensions: int) -> bytes:
    return struct.pack(f"<I{len(dimensions)}q", len(dimensions), *dimensions)


def dense(values: Any, dtype: int = 0) -> bytes:
    """An array as MXNet 1.x writes it."""
    array = np.asarray(values, dtype={0: "<f4", 1: "<f8", 2: "<f2", 4: "<i4"}[dtype])
    header = struct.pack("<Ii", 0xF993FAC9, 0) + shape(*array.shape)
    return header + struct.pack("<iii", 1, 0, dtype) + array.tobytes()


def row_sparse(rows: Any, ids: Sequence[int], num_rows: int) -> bytes:
    array = np.asarray(rows, dtype="<f4").reshape(len(ids), -1)
    header = struct.pack("<Ii", 0xF993FAC9, 1) + shape(*array.shape)
    header += shape(num_rows, array.shape[1]) + struct.pack("<iiii", 1, 0, 0, 6)
    return header + shape(len(ids)) + array.tobytes() + np.asarray(ids, dtype="<i8").tobytes()


def array_list(arrays: Sequence[bytes], names: Sequence[str]) -> bytes:
    named = b"".join(struct.pack("<Q", len(name)) + name.encode() for name in names)
    count = struct.pack("<QQQ", 0x112, 0, len(arrays))
    return count + b"".join(arrays) + struct.pack("<Q", len(names)) + named


NAMES = ("arg:v", "arg:w1_weight", "arg:w0_weight")
V, W1, W0 = dense([[1, 2], [3, 4], [5, 6]]), dense([[1], [2], [3]]), dense([0.5])
PARAMS = array_list([V, W1, W0], NAMES)
