"""MovieLens by the real SageMaker SDK: sparse rows trained on, served, asked in sparse JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sagemaker_sdk import sdk_python
from scipy import sparse

from integration.platform.running_platform import RunningPlatform
from integration.platform.sdk_programs import run
from oracle.plain_sagemaker_artifact import read_plain_sagemaker
from quality.movielens import Ratings, load_ratings, split

pytestmark = pytest.mark.platform

HYPERPARAMETERS = {
    "predictor_type": "binary_classifier",
    "num_factors": 8,
    "epochs": 10,
    "mini_batch_size": 200,
    "bias_lr": 0.01,
    "linear_lr": 0.003,
    "factors_lr": 0.002,
    "bias_wd": 0.0,
    "linear_wd": 0.0003,
    "factors_wd": 0.0005,
    "factors_init_sigma": 0.01,
}
LIKED_FROM = 4.0  # stars


@dataclass(frozen=True)
class Answered:
    """What came back for ratings that the model had not seen."""

    ratings: Ratings
    predictions: list[dict[str, Any]]
    artifact: Path
    models_left: list[str]

    @property
    def liked(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.ratings.stars >= LIKED_FROM)


def one_hot(ratings: Ratings) -> sparse.csr_matrix:
    """Return rows of two ones: the user's feature and, behind all users, the movie's."""
    num_rows = len(ratings.stars)
    columns = np.stack([ratings.users, ratings.num_users + ratings.movies], axis=1).ravel()
    entries = (np.ones(2 * num_rows, np.float32), columns, np.arange(0, 2 * num_rows + 1, 2))
    return sparse.csr_matrix(entries, shape=(num_rows, ratings.feature_dim))


@pytest.fixture(scope="module")
def answered(sdk_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    folder = tmp_path_factory.mktemp("sparse")
    training, _, asked = split(load_ratings())
    sparse.save_npz(folder / "train.npz", one_hot(training))
    sparse.save_npz(folder / "asked.npz", one_hot(asked))
    np.save(folder / "labels.npy", (training.stars >= LIKED_FROM).astype(np.float32))
    (folder / "hyperparameters.json").write_text(json.dumps(HYPERPARAMETERS))
    found = run(sdk_platform, sdk_python(), "sdk_sparse_rows.py", folder)
    predictions = json.loads((folder / "answers.json").read_text())
    return Answered(asked, predictions, folder / "model.tar.gz", found["models"])


def test_scores_are_those_of_the_formula_on_the_artifacts_arrays(answered: Answered) -> None:
    parameters = read_plain_sagemaker(answered.artifact)
    assert parameters.factors.shape == (610 + 9_724, 8)

    served = np.array([prediction["score"] for prediction in answered.predictions])
    expected = [
        parameters.probability(row.indices, row.data.astype(np.float64))
        for row in one_hot(answered.ratings)
    ]
    np.testing.assert_allclose(served, expected, atol=1e-6)


def test_labels_follow_the_scores_and_are_mostly_right(answered: Answered) -> None:
    scores = np.array([prediction["score"] for prediction in answered.predictions])
    labels = np.array([prediction["predicted_label"] for prediction in answered.predictions])

    assert np.array_equal(labels, scores >= 0.5)
    assert len(labels) == 10_084
    assert np.mean(labels == answered.liked) > 0.70  # the larger class has 0.52 of the ratings


def test_nothing_is_left_behind(answered: Answered) -> None:
    assert answered.models_left == []
