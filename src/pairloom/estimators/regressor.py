"""The regressor."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin

from pairloom.batch import Float32Array
from pairloom.errors import DataError
from pairloom.estimators.factorization_machine import FactorizationMachine, unchanged_on_failure
from pairloom.estimators.regressor_parameters import RegressorParameters
from pairloom.estimators.rows import LabelledRows


class FMRegressor(RegressorMixin, FactorizationMachine, RegressorParameters):
    """Factorization machine that predicts a number.

    The constructor lists the parameters; those of training have SageMaker's names.

    Examples
    --------
    >>> import numpy as np
    >>> from pairloom import FMRegressor
    >>> X = np.eye(4, dtype=np.float32)
    >>> model = FMRegressor(epochs=300, linear_lr=0.1).fit(X, [1, 2, 3, 4])
    >>> model.predict(X).round()
    array([1., 2., 3., 4.], dtype=float32)
    """

    predictor_type: ClassVar[Literal["regressor"]] = "regressor"

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> FMRegressor:
        """Train one epoch on these rows, from where the last call ended, if there was one."""
        with unchanged_on_failure(self):
            self._partial_fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Float32Array:
        """Return the predicted number of each row."""
        return self._score(X)

    def _learn_labels(self, y: npt.NDArray[Any]) -> None:
        pass

    def _encode_labels(self, y: npt.NDArray[Any]) -> Float32Array:
        with np.errstate(over="ignore"):
            labels = y.astype(np.float32)
        broken = np.flatnonzero(~np.isfinite(labels))
        if broken.size:
            row = int(broken[0])
            raise DataError(f"y of row {row} is {y[row]}; float32 must hold it")
        return labels

    def _weigh(self, rows: LabelledRows) -> LabelledRows:
        return rows
