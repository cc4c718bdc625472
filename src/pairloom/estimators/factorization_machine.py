"""What both estimators do: fitting, going on, and the learned state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from pairloom.batch import Float32Array
from pairloom.errors import DataError, HyperparameterError
from pairloom.estimators.declared import HYPERPARAMETERS
from pairloom.estimators.frames import encoded_frame, needs_encoding
from pairloom.estimators.history import epoch_line, write_epoch
from pairloom.estimators.rows import (
    LabelledRows,
    as_batch,
    check_rows_to_score,
    check_training_data,
)
from pairloom.estimators.threads import count_threads
from pairloom.estimators.weights import check_sample_weight
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.table_encoding import hash_batch
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model import Model
from pairloom.model.encoding import with_encoding
from pairloom.training import TrainingState, train

if TYPE_CHECKING:
    from typing_extensions import Self

LARGEST_SEED = 2**31 - 1


class FactorizationMachine(ABC):
    """Base of the estimators; a class beside it stores the constructor's parameters.

    Attributes
    ----------
    n_iter_
        Epochs run, over all calls that went on from one another.
    best_epoch_
        Number of the last call's epoch with the lowest validation loss, which is the one that
        `early_stopping` keeps; without validation rows, of the last epoch.
    history_
        One dict per epoch run: its number from 1, the metrics of the training rows, each taken
        before its own update, those of the validation rows at its end, and its seconds.
    n_features_in_, feature_names_in_
        Width of the training matrix, and its column names if it was a DataFrame of text names.
    encoding_
        How the columns of a data frame became features, if some were not numbers: its
        `feature_names()` name them, and `n_features_in_` counts them. There is no such attribute
        otherwise.
    """

    epochs: int
    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    out_of_range_features: Literal["error", "ignore"]
    random_state: int | np.random.RandomState | None
    hash_bits: int | None
    n_jobs: int | None
    verbose: int

    n_features_in_: int
    n_iter_: int
    best_epoch_: int
    history_: list[dict[str, float]]
    encoding_: FeatureEncoding
    _state: TrainingState
    _summary: Mapping[str, object]

    predictor_type: ClassVar[Literal["binary_classifier", "regressor"]]

    @property
    def model_(self) -> Model:
        """The trained model: a view, which can score rows and be saved."""
        check_is_fitted(self)
        model = self._state.model()
        model.metadata["training"] = self._summary
        encoding = getattr(self, "encoding_", None)
        if encoding is not None:
            return with_encoding(model, encoding)
        names = getattr(self, "feature_names_in_", None)
        if self.hash_bits is None and names is not None:
            model.feature_names = names.tolist()
        return model

    @property
    def bias_(self) -> float:
        """The bias."""
        return self.model_.bias

    @property
    def linear_weights_(self) -> Float32Array:
        """The linear weights, `(n_features_in_,)`; copied from the model when asked for."""
        return self.model_.linear_weights

    @property
    def factors_(self) -> Float32Array:
        """The factors, `(n_features_in_, num_factors)`; copied from the model when asked for."""
        return self.model_.factors

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None) -> Self:
        """Train on the rows of X; with `warm_start`, from where the last call ended.

        An error, or Ctrl-C, leaves the estimator as it was.

        Parameters
        ----------
        X
            Matrix of any form that scikit-learn or SciPy knows, (n_samples, n_features). A float32
            array in C order and a float32 CSR matrix with sorted ids are read in place. Of a data
            frame with columns of text, categories or lists, each value becomes a feature; what is
            missing makes none.
        y
            Targets, (n_samples,).
        sample_weight
            Weights >= 0, (n_samples,). A row of weight zero is as good as absent.
        eval_set
            Rows to validate on after each epoch: (X, y) or (X, y, sample_weight).
            `early_stopping` and `plateau_patience` without it hold out `validation_fraction`
            of the rows.
        """
        with unchanged_on_failure(self):
            go_on = self.warm_start and hasattr(self, "_state")
            rows = self._read_rows(X, y, sample_weight, reset=not go_on)
            hyperparameters = self._hyperparameters()
            validation = None if eval_set is None else self._read_eval_set(eval_set)
            needs_validation = hyperparameters.early_stopping or hyperparameters.plateau_patience
            if needs_validation and validation is None:
                rows, validation = self._hold_out(rows, hyperparameters.seed)
            self._train(rows, validation, hyperparameters, go_on=go_on)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, all_labels: Any = None) -> None:
        go_on = hasattr(self, "_state")
        rows = self._read_rows(X, y, sample_weight, reset=not go_on, all_labels=all_labels)
        one_epoch = self._hyperparameters(epochs=1, early_stopping=False, plateau_patience=0)
        self._train(rows, None, one_epoch, go_on=go_on)

    @abstractmethod
    def _learn_labels(self, y: npt.NDArray[Any]) -> None:
        """Record what the labels of the first rows say."""

    @abstractmethod
    def _encode_labels(self, y: npt.NDArray[Any]) -> Float32Array:
        """Return labels as training takes them; refuse those it cannot take."""

    @abstractmethod
    def _weigh(self, rows: LabelledRows) -> LabelledRows:
        """Apply what else weighs the rows to train on."""

    def _read_rows(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool, all_labels: Any = None
    ) -> LabelledRows:
        numeric = self.predictor_type == "regressor"
        if reset:
            vars(self).pop("encoding_", None)
        X = self._encode_frame(X, learn=reset)
        X, y = check_training_data(self, X, y, reset=reset, y_numeric=numeric)
        weights = check_sample_weight(sample_weight, len(y))
        if weights is not None and not weights.all():
            kept = weights > 0
            X, y, weights = X[kept], y[kept], weights[kept]
        if weights is not None and (weights == 1).all():
            weights = None
        if reset:
            self._learn_labels(y if all_labels is None else np.asarray(all_labels))
        return LabelledRows(X, self._encode_labels(y), weights)

    def _encode_frame(self, X: Any, *, learn: bool = False) -> Any:
        known = getattr(self, "encoding_", None)
        if not needs_encoding(X) and not (known is not None and hasattr(X, "columns")):
            return X
        X, encoding = encoded_frame(X, known, self.hash_bits)
        if learn:
            self.encoding_ = encoding
        return X

    def _read_eval_set(self, eval_set: Any) -> LabelledRows:
        if isinstance(eval_set, list) and len(eval_set) == 1:
            eval_set = eval_set[0]
        if not isinstance(eval_set, tuple) or len(eval_set) not in {2, 3}:
            raise DataError("eval_set must be a tuple: (X, y) or (X, y, sample_weight)")
        X, y, *rest = eval_set
        return self._read_rows(X, y, rest[0] if rest else None, reset=False)

    def _hold_out(self, rows: LabelledRows, seed: int) -> tuple[LabelledRows, LabelledRows]:
        fraction = self.validation_fraction
        if not 0 < fraction < 1:
            raise HyperparameterError(
                f"validation_fraction: {fraction!r} is refused; must be a number between 0 and 1"
            )
        training, held_out = train_test_split(
            np.arange(len(rows.labels)),
            test_size=fraction,
            random_state=seed % (LARGEST_SEED + 1),
            stratify=rows.labels if self.predictor_type == "binary_classifier" else None,
        )
        return rows.select(np.sort(training)), rows.select(np.sort(held_out))

    def _draw_seed(self) -> int:
        if self.random_state is None or isinstance(self.random_state, np.random.RandomState):
            return int(check_random_state(self.random_state).randint(LARGEST_SEED))
        return self.random_state

    def _hyperparameters(self, **changes: object) -> Hyperparameters:
        self._check_out_of_range_features()
        values = {row.name: getattr(self, row.attribute) for row in HYPERPARAMETERS}
        fixed: dict[str, object] = {
            "predictor_type": self.predictor_type,
            "seed": self._draw_seed(),
        }
        if self.hash_bits is None:
            fixed["feature_dim"] = self.n_features_in_
        return resolve({**values, **fixed, **changes})

    def _train(
        self,
        rows: LabelledRows,
        validation: LabelledRows | None,
        hyperparameters: Hyperparameters,
        *,
        go_on: bool,
    ) -> None:
        result = train(
            self._weigh(rows).to_batch(self.hash_bits),
            hyperparameters,
            validation=None if validation is None else validation.to_batch(self.hash_bits),
            num_threads=count_threads(self.n_jobs),
            state=self._state.with_hyperparameters(hyperparameters) if go_on else None,
            on_event=write_epoch if self.verbose else None,
        )
        earlier = self.history_ if go_on else []
        first = len(earlier) + 1
        self.history_ = [
            *earlier,
            *(epoch_line(event, first + event.epoch) for event in result.history),
        ]
        self.n_iter_ = len(self.history_)
        self.best_epoch_ = first + result.best_epoch
        self._state = result.state
        self._summary = result.model.metadata["training"]

    def _score(self, X: Any) -> Float32Array:
        model = self.model_
        self._check_out_of_range_features()
        ignore = self.out_of_range_features == "ignore"
        X = check_rows_to_score(self, self._encode_frame(X), ignore_out_of_range=ignore)
        rows = as_batch(X)
        if self.hash_bits is not None:
            rows = hash_batch(rows, self.hash_bits)
        return model.score_rows(rows, num_threads=count_threads(self.n_jobs))

    def _check_out_of_range_features(self) -> None:
        given: object = self.out_of_range_features
        if given not in {"error", "ignore"}:
            raise HyperparameterError(
                f"out_of_range_features: {given!r} is refused; must be error or ignore"
            )


@contextmanager
def unchanged_on_failure(estimator: object) -> Iterator[None]:
    """Put the attributes back as they were when the block raises, be it KeyboardInterrupt."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
