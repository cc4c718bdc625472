"""The real MXNet 1.9.1, in its own environment, is the judge of what SageMaker's artifact is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mxnet_environment
import numpy as np
import pytest

from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import train

pytestmark = pytest.mark.skipif(
    not mxnet_environment.has_packages(), reason="MXNet has packages for x86-64 alone"
)

MOST_DIFFERENCE = 1e-5
THEIRS = {
    "dense": "regressor",
    "row-sparse": "binary_classifier",
    "some-rows": "binary_classifier",
    "no-rows": "regressor",
    "float64": "regressor",
    "float16": "regressor",
    "v1": "regressor",
    "before-magics": "binary_classifier",
    "numpy-shapes": "regressor",
}


def sparse_rows(feature_dim: int, num_rows: int = 40) -> RowBatch:
    random = np.random.default_rng(3)
    # The last tenth of the features is never there.
    present = random.random((num_rows, feature_dim)) < 0.4
    present[:, feature_dim - feature_dim // 10 :] = False
    offsets = np.concatenate(([0], present.sum(axis=1).cumsum())).astype(np.int64)
    ids = np.nonzero(present)[1].astype(np.int32)
    values = random.normal(size=len(ids)).astype(np.float32)
    labels = (random.random(num_rows) < 0.5).astype(np.float32)
    return RowBatch(feature_dim, offsets, ids, values, labels)


def trained(predictor_type: str, num_factors: int, feature_dim: int, **settings: object) -> Model:
    given = {
        "feature_dim": feature_dim,
        "num_factors": num_factors,
        "predictor_type": predictor_type,
        "factors_init_sigma": 0.3,
        "linear_lr": 0.1,
        "factors_lr": 0.05,
        "mini_batch_size": 10,
        "epochs": 3,
        **settings,
    }
    return train(sparse_rows(feature_dim), resolve(given)).model


def untrained() -> Model:
    given = {"feature_dim": 6, "num_factors": 2, "predictor_type": "regressor"}
    random = np.random.default_rng(4)
    return Model.from_parameters(
        resolve({**given, "untrained_features": "zero"}),
        bias=0.75,
        linear_weights=random.normal(size=6).astype(np.float32),
        factors=random.normal(size=(6, 2)).astype(np.float32),
        trained=np.zeros(6, dtype=bool),
    )


OURS: dict[str, Callable[[], Model]] = {
    "classifier": lambda: trained("binary_classifier", 8, 120),
    "regressor": lambda: trained("regressor", 3, 50),
    "one-factor": lambda: trained("regressor", 1, 30),
    "one-feature": lambda: trained("binary_classifier", 2, 1),
    "untrained-are-zero": lambda: trained("binary_classifier", 5, 60, untrained_features="zero"),
    "nothing-trained": untrained,
    "without-bias-and-linear": lambda: trained(
        "regressor", 4, 40, use_bias=False, use_linear=False
    ),
}


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {name: make() for name, make in OURS.items()}


@pytest.fixture(scope="module")
def exchange(
    models: dict[str, Model], tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> tuple[Path, Path]:
    """Folders of artifacts, one per case: ours, as MXNet loads them, and MXNet's own."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    for name, model in models.items():
        folder = ours / name
        folder.mkdir()
        model.save(folder / "model.tar.gz")
        write_rows(folder / "rows.npz", sparse_rows(model.feature_dim))
    program = repository / "tests" / "contract" / "mxnet_exchange.py"
    command = [mxnet_environment.mxnet_python(), program, ours, theirs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ours, theirs


@pytest.mark.parametrize("case", OURS)
def test_mxnet_loads_the_arrays_that_we_write(
    case: str, models: dict[str, Model], exchange: tuple[Path, Path]
) -> None:
    model, loaded = models[case], arrays_in(exchange[0] / case / "loaded.npz")
    counted = model.trained if model.untrained_features == "zero" else np.ones(1, dtype=bool)
    np.testing.assert_array_equal(loaded["v"], model.factors * counted[:, None])
    np.testing.assert_array_equal(
        loaded["w1_weight"], (model.linear_weights * counted).reshape(-1, 1)
    )
    np.testing.assert_array_equal(loaded["w0_weight"], np.array([model.bias], dtype=np.float32))
    assert loaded["storage"].tolist() == ["row_sparse", "row_sparse", "default"]


@pytest.mark.parametrize("case", OURS)
def test_mxnet_predicts_what_the_model_predicts(
    case: str, models: dict[str, Model], exchange: tuple[Path, Path]
) -> None:
    model, loaded = models[case], arrays_in(exchange[0] / case / "loaded.npz")
    ours = model.predict_rows(sparse_rows(model.feature_dim))
    np.testing.assert_allclose(loaded["predictions"], ours, rtol=0, atol=MOST_DIFFERENCE)


@pytest.mark.parametrize("case", THEIRS)
def test_artifacts_that_mxnet_writes_are_read(case: str, exchange: tuple[Path, Path]) -> None:
    folder = exchange[1] / case
    model = Model.load(folder / "model_algo-1")
    held = arrays_in(folder / "held.npz")
    np.testing.assert_array_equal(model.factors, held["v"].astype(np.float32))
    np.testing.assert_array_equal(model.linear_weights, held["w1_weight"].reshape(-1))
    assert model.bias == held["w0_weight"][0]
    assert model.predictor_type == THEIRS[case]
    assert (model.feature_dim, model.num_factors) == held["v"].shape


@pytest.mark.parametrize(("case", "rows"), [("some-rows", [1, 2, 6, 12]), ("no-rows", [])])
def test_rows_that_mxnet_does_not_store_count_as_untrained(
    case: str, rows: list[int], exchange: tuple[Path, Path]
) -> None:
    model = Model.load(exchange[1] / case / "model_algo-1")
    assert np.flatnonzero(model.trained).tolist() == rows


def arrays_in(path: Path) -> dict[str, Any]:
    with np.load(path) as arrays:
        return dict(arrays)


def write_rows(path: Path, rows: RowBatch) -> None:
    arrays: dict[str, Any] = {
        "values": rows.values,
        "feature_ids": rows.feature_ids,
        "row_offsets": rows.row_offsets,
        "shape": (rows.num_rows, rows.feature_dim),
    }
    np.savez(path, **arrays)
