"""Regression on real ratings: the factors must earn their keep over plain biases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from pairloom.hyperparameters import resolve
from pairloom.training import train
from quality.movielens import load_ratings, ridge_test_rmse, rmse, split

# Chosen on the validation tenth.
SETTINGS: Mapping[str, object] = {
    "predictor_type": "regressor",
    "num_factors": 32,
    "epochs": 60,
    "mini_batch_size": 100,
    "bias_lr": 0.01,
    "linear_lr": 0.002,
    "factors_lr": 0.0008,
    "bias_wd": 0.0,
    "linear_wd": 0.0003,
    "factors_wd": 0.0002,
    "shuffle": True,
    "early_stopping": True,
    "early_stopping_patience": 3,
}


def test_the_archive_holds_what_its_documentation_counts() -> None:
    ratings = load_ratings()
    assert (len(ratings.stars), ratings.num_users, ratings.num_movies) == (100_836, 610, 9_724)
    assert set(ratings.stars) == {half / 2 for half in range(1, 11)}


@pytest.mark.slow
def test_the_median_machine_is_far_better_than_a_ridge_of_biases() -> None:
    parts = split(load_ratings())
    training, validation, test = parts
    errors = []
    for seed in range(5):
        settings = resolve({**SETTINGS, "feature_dim": training.feature_dim, "seed": seed})
        result = train(training.rows(), settings, validation=validation.rows(), num_threads=1)
        errors.append(rmse(result.model.predict_rows(test.rows()), test))
    ridge = ridge_test_rmse(*parts)
    assert 0.8 < ridge < 0.9
    assert np.median(errors) <= ridge - 0.006
