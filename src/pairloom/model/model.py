"""The trained factorization machine: scores rows, gives its parameters out, saves and loads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import ScoringTable, StoredTable, Trainer, first_not_finite, probabilities
from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError
from pairloom.formats.complete_file import written_beside
from pairloom.hyperparameters import Hyperparameters
from pairloom.model.dense_size import refuse_too_large_for_sagemaker, refuse_too_many
from pairloom.model.embeddings import item_embeddings, row_embeddings
from pairloom.model.explanation import Explanation, explain_row
from pairloom.model.interactions import Interaction, find_top_interactions
from pairloom.model.native import NativeArtifact, OptimizerState, is_native, write_native
from pairloom.model.ranking import Overlap, RankedCandidates, rank_candidates
from pairloom.model.sagemaker import (
    SageMakerModel,
    is_artifact,
    is_artifact_name,
    read_artifact,
    write_artifact,
)
from pairloom.runtime import allowed_threads, simd_path

Table: TypeAlias = Trainer | ScoringTable | StoredTable


class Model:
    """A factorization machine of second order (Rendle 2010, equation 1).

    score(x) = bias + sum_i w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j

    Parameters
    ----------
    table
        Parameters in the core; a trainer's own table is scored in place, without a copy.
    hyperparameters
        What the model was trained with; `untrained_features` decides what features outside the
        training rows contribute.
    feature_names
        One text per feature.
    fields
        The field of each feature, an integer: features of one field exclude each other, as the
        values of one column do.
    metadata
        Whatever else goes with the model and JSON can carry; `training` is the run's summary.
    optimizer_state
        What training needs to go on to the same bytes.
    """

    def __init__(
        self,
        table: Table,
        hyperparameters: Hyperparameters,
        *,
        feature_names: Sequence[str] | None = None,
        fields: npt.NDArray[np.int32] | None = None,
        metadata: Mapping[str, Any] | None = None,
        optimizer_state: OptimizerState | None = None,
    ) -> None:
        self.table = table
        self.hyperparameters = hyperparameters
        self.feature_names = feature_names
        self.fields = fields
        self.metadata = dict(metadata or {})
        self.optimizer_state = optimizer_state
        self._reads_untrained_as_zero = False
        for name, values in (("feature_names", feature_names), ("fields", fields)):
            if values is not None and len(values) != table.feature_dim:
                raise DataError(f"{name}: {len(values)} given; feature_dim is {table.feature_dim}")

    @classmethod
    def from_parameters(
        cls,
        hyperparameters: Hyperparameters,
        *,
        bias: float,
        linear_weights: Float32Array,
        factors: Float32Array,
        trained: npt.NDArray[np.bool_] | None = None,
    ) -> Model:
        """Build a model from arrays; without `trained`, every feature counts as trained."""
        table = ScoringTable(hyperparameters.feature_dim, hyperparameters.num_factors, simd_path())
        try:
            table.set_parameters(bias, linear_weights, factors)
            table.set_trained(
                np.ones(hyperparameters.feature_dim, dtype=bool) if trained is None else trained
            )
        except ValueError as error:
            raise DataError(str(error)) from error
        return cls(table, hyperparameters)

    @property
    def predictor_type(self) -> Literal["binary_classifier", "regressor"]:
        return self.hyperparameters.predictor_type

    @property
    def feature_dim(self) -> int:
        return self.table.feature_dim

    @property
    def num_factors(self) -> int:
        return self.table.num_factors

    @property
    def untrained_features(self) -> Literal["initial", "zero"]:
        return self.hyperparameters.untrained_features

    @property
    def leaves_untrained_out(self) -> bool:
        """Whether the model's file holds trained features alone: the others' parameters read 0."""
        stored_alone = isinstance(self.table, StoredTable) and self.table.trained_only
        return stored_alone or self._reads_untrained_as_zero

    @property
    def bias(self) -> float:
        return self.table.bias

    @property
    def linear_weights(self) -> Float32Array:
        """A copy, (feature_dim,)."""
        return self.table.linear_weights() if self._stores_all else self._of_all(1)[0]

    @property
    def factors(self) -> Float32Array:
        """A copy, (feature_dim, num_factors)."""
        return self.table.factors() if self._stores_all else self._of_all(self.num_factors)[1]

    @property
    def trained(self) -> npt.NDArray[np.bool_]:
        """Which features a training row of positive weight held with a nonzero value."""
        if self._stores_all:
            return self.table.trained()
        refuse_too_many(self.feature_dim, 1, "trained_features gives their ids")
        trained = np.zeros(self.feature_dim, dtype=bool)
        ids = self.trained_features
        trained[ids[ids < self.feature_dim]] = True  # a damaged file may say anything
        return trained

    @property
    def stored_features(self) -> npt.NDArray[np.int64]:
        """Ids of the features that take memory, ascending: all, or in a growing table those seen.

        The others' parameters are as they started, and are drawn again when asked for.
        """
        seen = self.table.features()
        return np.arange(self.feature_dim) if seen is None else np.sort(seen).astype(np.int64)

    @property
    def trained_features(self) -> npt.NDArray[np.int64]:
        """Ids of the features for which `trained` is true, ascending."""
        trained = np.flatnonzero(self.table.trained())
        seen = self.table.features()
        return trained if seen is None else np.sort(seen[trained]).astype(np.int64)

    def score_rows(self, rows: RowBatch, *, num_threads: int = 0) -> Float32Array:
        """Return one score per row, before the link.

        Parameters
        ----------
        rows
            At most `feature_dim` wide.
        num_threads
            0 takes as many as the process may run; the scores do not depend on it.

        Raises
        ------
        DataError
            The rows are wider than the model or break a rule of `RowBatch`, or a score is not
            finite.
        """
        only_trained = self.untrained_features == "zero"
        checked = rows.checked()
        if checked.feature_dim > self.feature_dim:
            raise DataError(
                f"rows are {checked.feature_dim} features wide; "
                f"the model has feature_dim {self.feature_dim}"
            )
        scores = self.table.score_rows(checked, only_trained, num_threads or allowed_threads())
        row = first_not_finite(scores)
        if row >= 0:
            raise DataError(
                f"row {row} has the score {scores[row]}: its values are too large for float32 "
                f"arithmetic (the largest given is {rows.largest_value():g}); scale them"
            )
        return scores

    def predict_rows(self, rows: RowBatch, *, num_threads: int = 0) -> Float32Array:
        """Return the probability of label 1 for each row, or the predicted value."""
        scores = self.score_rows(rows, num_threads=num_threads)
        return probabilities(scores) if self.predictor_type == "binary_classifier" else scores

    def rank(
        self,
        context: RowBatch,
        candidates: RowBatch,
        count: int = 10,
        *,
        overlap: Overlap = "refuse",
        num_threads: int = 0,
    ) -> RankedCandidates:
        """Return the candidates of highest score beside a context, such as items for one user.

        A candidate's score is that of the row that holds the nonzeros of both, up to the rounding
        of float32. The context is summed once; a candidate costs its own nonzeros alone.

        Parameters
        ----------
        context
            One row: what all candidates share.
        candidates
            A row each.
        count
            How many to return, the highest score first; equal scores by row number.
        overlap
            What to do with a feature that a candidate and the context both hold: `refuse` it, or
            `add` the two values, as hashing does where it gives two features one number.
        num_threads
            0 takes as many as the process may run; the answer does not depend on it.
        """
        return rank_candidates(self, context, candidates, count, overlap, num_threads)

    def parameters_of(
        self, features: npt.NDArray[np.integer[Any]]
    ) -> tuple[Float32Array, Float32Array]:
        """Return linear weights, (n,), and factors, (n, num_factors), as scoring counts them.

        With `untrained_features=zero` those of untrained features are 0.

        Raises
        ------
        DataError
            A feature is not below `feature_dim`.
        """
        ids = np.ascontiguousarray(features, np.int64)
        try:
            return self._parameters_of(ids, only_trained=self.untrained_features == "zero")
        except IndexError as error:
            raise DataError(str(error)) from error

    def stored_parameters_of(
        self, features: npt.NDArray[np.integer[Any]]
    ) -> tuple[Float32Array, Float32Array]:
        """Return them as they are stored, whatever scoring counts."""
        return self._parameters_of(np.ascontiguousarray(features, np.int64), only_trained=False)

    def explain(self, rows: RowBatch, row: int = 0) -> Explanation:
        """Take the score of one row apart: bias, a linear term per feature, a term per pair.

        The terms are exact and computed in double precision; their sum is the score that
        `score_rows` gives, up to the rounding of float32. A row of n nonzeros has n (n - 1) / 2
        pairs, all of which are kept.
        """
        return explain_row(self, rows, row)

    def top_interactions(
        self, count: int = 10, *, fields: npt.ArrayLike | None = None, num_threads: int = 0
    ) -> list[Interaction]:
        """Return the pairs of features whose factors' inner products are largest in magnitude.

        The strongest come first. The search is exact and visits few of the pairs where norms or
        directions of the factors differ. Equal products are ranked by feature ids, so that the
        answer does not depend on `num_threads`. Products of 0 are not listed, nor with
        `untrained_features=zero` those of untrained features; nor those of features that a growing
        table has not seen.

        Parameters
        ----------
        count
            How many; all that there are when fewer, at the cost of visiting every pair.
        fields
            The field of each feature, (feature_dim,), integers from 0; pairs inside one field are
            left out. By default the model's own, if it has them.
        num_threads
            0 takes as many as the process may run.
        """
        return find_top_interactions(self, count, fields, num_threads)

    def embeddings(self, features: npt.ArrayLike | None = None) -> Float32Array:
        """Return an item vector [v, w] per feature, (n, num_factors + 1), for nearest neighbours.

        For a row x that does not hold item i, score(x and item i) is score(x) plus the inner
        product of `row_embeddings(x)` and i's vector, so that the items with the largest inner
        products are those with the highest scores.

        Parameters
        ----------
        features
            Feature ids of the items; by default all, or those that a growing table has seen.
        """
        chosen = self.stored_features if features is None else np.asarray(features)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise DataError(f"features are {chosen.dtype} of shape {chosen.shape}; expected ids")
        return item_embeddings(self, chosen)

    def row_embeddings(self, rows: RowBatch) -> Float32Array:
        """Return [sum of x_i v_i, 1] per row, (num_rows, num_factors + 1): what to ask with.

        Of a row that holds one user alone, that is the user's [v, 1].
        """
        return row_embeddings(self, rows)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, replacing an older file only when complete; equal models, equal bytes.

        A name that ends in `.tar.gz`, or is `model_algo-1`, gives SageMaker's artifact; any other
        the native one, by custom `.pairloom`.
        """
        target = Path(path)
        with written_beside(target) as partial:
            if is_artifact_name(target):
                write_artifact(partial, self._for_sagemaker())
                return
            write_native(partial, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model of either format, known by its first bytes; nothing in it is executed.

        A native artifact is mapped into memory: it is read as it is scored, shared by all
        processes that load it, and must be replaced, as `save` does, rather than changed in place.

        Raises
        ------
        DataFormatError
            The file is no model; names the place and the rule.
        """
        source = Path(path)
        if source.is_file() and not is_native(source) and is_artifact(source):
            return cls._from_sagemaker(read_artifact(source))
        artifact = NativeArtifact(source)
        return cls(
            artifact.table,
            artifact.hyperparameters,
            feature_names=artifact.feature_names,
            fields=artifact.fields,
            metadata=artifact.metadata,
            optimizer_state=artifact.optimizer_state,
        )

    @property
    def _stores_all(self) -> bool:
        return self.table.features() is None

    def _parameters_of(
        self, ids: npt.NDArray[np.int64], *, only_trained: bool
    ) -> tuple[Float32Array, Float32Array]:
        rows = self.table.serving_rows(ids, only_trained)
        width = self.num_factors
        linear_weights = rows[:, -(-width // 4) * 4]
        return np.ascontiguousarray(linear_weights), np.ascontiguousarray(rows[:, :width])

    def _of_all(self, width: int) -> tuple[Float32Array, Float32Array]:
        refuse_too_many(self.feature_dim, width, "parameters_of gives those of chosen features")
        return self.stored_parameters_of(np.arange(self.feature_dim))

    def _for_sagemaker(self) -> SageMakerModel:
        refuse_too_large_for_sagemaker(self.feature_dim, self.num_factors)
        metadata = dict(self.metadata)
        if self.feature_names is not None:
            metadata["feature_names"] = list(self.feature_names)
        if self.fields is not None:
            metadata["fields"] = self.fields.tolist()
        return SageMakerModel(
            self.hyperparameters, self.bias, self.linear_weights, self.factors, self.trained,
            metadata,
        )  # fmt: skip

    @classmethod
    def _from_sagemaker(cls, model: SageMakerModel) -> Model:
        parameters = cls.from_parameters(
            model.hyperparameters,
            bias=model.bias,
            linear_weights=model.linear_weights,
            factors=model.factors,
            trained=model.trained,
        )
        metadata = dict(model.metadata)
        fields = metadata.pop("fields", None)
        loaded = cls(
            parameters.table,
            model.hyperparameters,
            feature_names=metadata.pop("feature_names", None),
            fields=None if fields is None else np.array(fields, np.int32),
            metadata=metadata,
        )
        loaded._reads_untrained_as_zero = loaded.untrained_features == "zero"
        return loaded
