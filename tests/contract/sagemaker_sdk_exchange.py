"""Runs in the SDK's own environment: write every case, then read what the other side wrote.

Usage: python sagemaker_sdk_exchange.py WRITE_FOLDER READ_FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from sagemaker.amazon import common
from scipy import sparse

from contract.recordio_cases import CASES


def write_all(folder: Path) -> None:
    for name, (matrix, labels) in CASES.items():
        with (folder / f"{name}.pbr").open("wb") as file:
            if sparse.issparse(matrix):
                common.write_spmatrix_to_sparse_tensor(file, matrix, labels)
            else:
                common.write_numpy_to_dense_tensor(file, matrix, labels)


def read_all(folder: Path) -> None:
    for path in folder.glob("*.pbr"):
        with path.open("rb") as file:
            records = [_plain(record) for record in common.read_records(file)]
        path.with_suffix(".json").write_text(json.dumps(records))


def _plain(record: Any) -> dict[str, Any]:
    return {
        part: {name: _plain_tensor(value) for name, value in getattr(record, part).items()}
        for part in ("features", "label")
    }


def _plain_tensor(value: Any) -> dict[str, Any]:
    name = value.WhichOneof("value")
    tensor = getattr(value, name)
    fields = {field: list(getattr(tensor, field)) for field in ("values", "keys", "shape")}
    return {"tensor": name, **fields}


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
    read_all(Path(sys.argv[2]))
