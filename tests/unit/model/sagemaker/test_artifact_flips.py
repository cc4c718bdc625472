"""Whatever byte of SageMaker's artifact changes: it is read or refused, and nothing breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pairloom.errors import DataFormatError, PlatformError
from pairloom.model.sagemaker.artifact import read_artifact, write_artifact
from unit.model.sagemaker.artifacts import (
    NAMES,
    PARAMS,
    W0,
    W1,
    array_list,
    model_zip,
    row_sparse,
    small_model,
)

SOME_ROWS = array_list([row_sparse([[1, 2], [3, 4]], [0, 2], 3), W1, W0], NAMES)


def flipped(content: bytes, position: int, bits: int) -> bytes:
    return content[:position] + bytes([content[position] ^ bits]) + content[position + 1 :]


def read_or_refuse(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        read = read_artifact(path)
    except (DataFormatError, PlatformError):
        return
    assert np.isfinite(read.factors).all()
    assert read.linear_weights.shape == (read.hyperparameters.feature_dim,)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("params", [PARAMS, SOME_ROWS], ids=["dense", "row-sparse"])
def test_any_flipped_bit_of_params_is_read_or_refused(params: bytes, tmp_path: Path) -> None:
    for position in range(len(params)):
        for bit in range(8):
            content = model_zip(flipped(params, position, 1 << bit))
            read_or_refuse(tmp_path / "model_algo-1", content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("name", ["model_algo-1", "model.tar.gz"])
def test_any_flipped_byte_of_an_artifact_is_read_or_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_artifact(path, small_model(trained=[1, 3]))
    content = path.read_bytes()
    for position in range(len(content)):
        read_or_refuse(path, flipped(content, position, 0xFF if position % 2 else 1))
