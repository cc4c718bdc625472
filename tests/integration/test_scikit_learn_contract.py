"""scikit-learn's own checks of an estimator, all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from pairloom import FMClassifier, FMRegressor

WEIGHTS_MAKE_BATCHES = (
    "the check repeats rows where the other fit weighs them, which makes other mini-batches; "
    "test_sample_weight.py shows the equivalence in full-batch training"
)
EXPECTED_TO_FAIL = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS_MAKE_BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS_MAKE_BATCHES,
}


def expected_to_fail(_: object) -> dict[str, str]:
    return EXPECTED_TO_FAIL


all_checks = parametrize_with_checks(
    [FMClassifier(), FMRegressor()], expected_failed_checks=expected_to_fail
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@all_checks  # type: ignore[untyped-decorator]
def test_estimator_passes_the_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
