from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from pairloom.errors import DataError, HyperparameterError
from pairloom.estimators.weights import check_sample_weight, class_factors, weigh_classes

CLASSES = np.array(["no", "yes"])


def labels_of(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_balanced_factors_equal_scikit_learns() -> None:
    labels = labels_of(0, 1, 1, 1, 0, 1)
    expected = compute_class_weight("balanced", classes=np.array([0.0, 1.0]), y=labels)
    assert class_factors("balanced", CLASSES, labels, None) == tuple(expected)


def test_balanced_factors_count_weights_like_repeated_rows() -> None:
    weights = np.array([2, 1, 3], dtype=np.float32)
    repeated = labels_of(0, 0, 1, 0, 0, 0)
    assert class_factors("balanced", CLASSES, labels_of(0, 1, 0), weights) == class_factors(
        "balanced", CLASSES, repeated, None
    )


def test_given_factors_default_to_one() -> None:
    assert class_factors({"yes": 3}, CLASSES, labels_of(0, 1), None) == (1.0, 3.0)


def test_class_factors_multiply_sample_weights() -> None:
    weights = np.array([1, 2, 4], dtype=np.float32)
    weighed = weigh_classes((0.5, 3.0), labels_of(0, 1, 0), weights)
    assert weighed is not None
    assert weighed.dtype == np.float32
    assert weighed.tolist() == [0.5, 6.0, 2.0]


def test_equal_classes_leave_weights_alone() -> None:
    assert weigh_classes((1.0, 1.0), labels_of(0, 1), None) is None


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"maybe": 1.0}, "'maybe' is refused; must be one of the classes 'no' and 'yes'"),
        ({"no": 0.0}, "0.0 of 'no' is refused; must be a finite number > 0"),
        ({"no": np.inf}, "inf of 'no' is refused"),
        ("equal", "'equal' is refused; must be balanced, None or a dict"),
    ],
)
def test_class_weight_is_refused_when_it_breaks_its_rule(
    class_weight: object, message: str
) -> None:
    with pytest.raises(HyperparameterError, match=message):
        class_factors(class_weight, CLASSES, labels_of(0, 1), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\); must be one of 3 rows"),
        ([[1.0], [2.0], [3.0]], r"shape \(3, 1\)"),
        ([1.0, -1.0, 1.0], "of row 1 is -1.0; must be finite and >= 0"),
        ([1.0, 1.0, np.nan], "of row 2 is nan"),
        ([1e300, 1.0, 1.0], "of row 0 is inf"),
        ([0.0, 0.0, 1e-60], "zero in every row"),
    ],
)
def test_sample_weight_is_refused_when_it_breaks_its_rule(
    sample_weight: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        check_sample_weight(sample_weight, 3)


def test_sample_weight_may_be_one_number() -> None:
    weights = check_sample_weight(2, 3)
    assert weights is not None
    assert weights.tolist() == [2.0, 2.0, 2.0]
