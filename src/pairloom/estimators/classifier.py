"""The classifier of two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from pairloom._core import probabilities
from pairloom.batch import Float32Array
from pairloom.errors import DataError, HyperparameterError
from pairloom.estimators.classifier_parameters import ClassifierParameters
from pairloom.estimators.factorization_machine import FactorizationMachine, unchanged_on_failure
from pairloom.estimators.rows import LabelledRows
from pairloom.estimators.weights import class_factors, weigh_classes


class FMClassifier(ClassifierMixin, FactorizationMachine, ClassifierParameters):
    """Factorization machine that tells two classes apart.

    The constructor lists the parameters; those of training have SageMaker's names.

    Attributes
    ----------
    classes_
        The two labels, sorted; scores above zero speak for the second.

    Examples
    --------
    >>> from pairloom import FMClassifier
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> model = FMClassifier(epochs=300, mini_batch_size=4, factors_lr=0.1)
    >>> model.fit(X, ["even", "odd", "odd", "even"]).predict(X).tolist()
    ['even', 'odd', 'odd', 'even']
    """

    predictor_type: ClassVar[Literal["binary_classifier"]] = "binary_classifier"
    class_weight: Mapping[Any, float] | Literal["balanced"] | None
    classes_: npt.NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> FMClassifier:
        """Train one epoch on these rows, from where the last call ended, if there was one.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes
            The two labels; needed in the first call when its y does not hold both.
        """
        if self.class_weight == "balanced":
            raise HyperparameterError(
                "class_weight: 'balanced' is refused in partial_fit, which cannot see all rows; "
                "must be a dict"
            )
        if classes is not None and self.__sklearn_is_fitted__():
            self._compare_classes(classes)
        with unchanged_on_failure(self):
            self._partial_fit(X, y, sample_weight, all_labels=classes)
        return self

    def decision_function(self, X: Any) -> Float32Array:
        """Return each row's score: the log-odds of the second class."""
        return self._score(X)

    def predict_proba(self, X: Any) -> Float32Array:
        """Return each row's probabilities of `classes_`, (n_samples, 2)."""
        scores = self._score(X)
        return np.column_stack((probabilities(-scores), probabilities(scores)))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return each row's more probable class; the second when they are equally so."""
        is_second = (self._score(X) >= 0).astype(np.intp)
        labels: npt.NDArray[Any] = self.classes_[is_second]
        return labels

    def _learn_labels(self, y: npt.NDArray[Any]) -> None:
        classes = np.unique(y)
        if len(classes) > 2:
            check_classification_targets(y)
            raise DataError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(y)}; it has {len(classes)} classes."
            )
        if len(classes) < 2:
            raise DataError(
                f"y holds one class, {classes.tolist()[0]!r}; a classifier needs two classes"
            )
        self.classes_ = classes

    def _compare_classes(self, classes: Any) -> None:
        given = np.unique(classes).tolist()
        known = self.classes_.tolist()
        if given != known:
            raise DataError(f"classes are {given}; this estimator knows {known}")

    def _encode_labels(self, y: npt.NDArray[Any]) -> Float32Array:
        unknown = np.flatnonzero(~np.isin(y, self.classes_))
        if unknown.size:
            row = int(unknown[0])
            raise DataError(
                f"y of row {row} is {y[[row]].tolist()[0]!r}; "
                f"must be one of the classes {self.classes_.tolist()}"
            )
        second: npt.NDArray[np.bool_] = y == self.classes_[1]
        return second.astype(np.float32)

    def _weigh(self, rows: LabelledRows) -> LabelledRows:
        factors = class_factors(self.class_weight, self.classes_, rows.labels, rows.weights)
        return replace(rows, weights=weigh_classes(factors, rows.labels, rows.weights))
