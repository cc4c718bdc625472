"""The real SDK, in its own environment, is the judge of what a recordio-protobuf file is."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sagemaker_sdk import sdk_python
from scipy import sparse

from contract.recordio_cases import CASES
from pairloom.batch import RowBatch
from pairloom.formats import read_recordio, write_recordio

TENSORS = {"float32": "float32_tensor", "float64": "float64_tensor", "int64": "int32_tensor"}


@dataclass
class Exchange:
    """Folders of files, one per case."""

    theirs: Path
    ours: Path


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Exchange:
    """Every case written by both sides, and ours read by the SDK."""
    theirs, ours = tmp_path_factory.mktemp("theirs"), tmp_path_factory.mktemp("ours")
    for name, (matrix, labels) in CASES.items():
        write_recordio(ours / f"{name}.pbr", matrix, labels)
    program = repository / "tests" / "contract" / "sagemaker_sdk_exchange.py"
    environment = os.environ | {
        "PYTHONPATH": str(repository / "tests"),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    command = [sdk_python(), program, theirs, ours]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Exchange(theirs, ours)


@pytest.mark.parametrize("case", CASES)
def test_writer_writes_the_bytes_that_the_sdk_writes(case: str, exchange: Exchange) -> None:
    expected = (exchange.theirs / f"{case}.pbr").read_bytes()
    assert (exchange.ours / f"{case}.pbr").read_bytes() == expected


@pytest.mark.filterwarnings("ignore:the keys of . records were not ascending")
@pytest.mark.parametrize("case", CASES)
def test_reader_reads_what_the_sdk_writes(case: str, exchange: Exchange) -> None:
    matrix, labels = CASES[case]
    batch = read_recordio(
        exchange.theirs / f"{case}.pbr", feature_dim=matrix.shape[1], require_labels=False
    )
    expected = matrix.toarray() if sparse.issparse(matrix) else matrix
    assert batch.is_dense is not sparse.issparse(matrix)
    np.testing.assert_array_equal(to_array(batch), expected.astype(np.float32))
    if labels is None:
        assert batch.labels is None
    else:
        np.testing.assert_array_equal(batch.labels, labels.astype(np.float32))


@pytest.mark.parametrize("case", CASES)
def test_sdk_reads_what_the_writer_writes(case: str, exchange: Exchange) -> None:
    matrix, labels = CASES[case]
    records = json.loads((exchange.ours / f"{case}.json").read_text())
    assert len(records) == matrix.shape[0]
    for row, record in enumerate(records):
        assert record["features"] == {"values": features_of(matrix, row)}
        if labels is None:
            assert record["label"] == {}
        else:
            assert record["label"] == {"values": tensor([labels[row]], labels.dtype)}


def to_array(batch: RowBatch) -> Any:
    if batch.is_dense:
        return batch.values
    parts = (batch.values, batch.feature_ids, batch.row_offsets)
    return sparse.csr_matrix(parts, (batch.num_rows, batch.feature_dim)).toarray()


def features_of(matrix: Any, row: int) -> dict[str, Any]:
    if not sparse.issparse(matrix):
        return tensor(matrix[row], matrix.dtype)
    csr = matrix.tocsr()
    stored = slice(csr.indptr[row], csr.indptr[row + 1])
    keys, shape = csr.indices[stored].tolist(), [matrix.shape[1]]
    return {**tensor(csr.data[stored], matrix.dtype), "keys": keys, "shape": shape}


def tensor(values: Any, dtype: Any) -> dict[str, Any]:
    plain = [value.item() for value in values]
    return {"tensor": TENSORS[dtype.name], "values": plain, "keys": [], "shape": []}
