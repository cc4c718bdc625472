"""The trained factorization machine: scores rows, gives its parameters out, saves and loads."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any, Literal, TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from pairloom._core import ScoringTable, Trainer, probabilities
from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError, DataFormatError
from pairloom.formats.complete_file import written_beside
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model.sagemaker import (
    SageMakerModel,
    is_artifact,
    is_artifact_name,
    read_artifact,
    write_artifact,
)
from pairloom.runtime import allowed_threads, simd_path

Table: TypeAlias = Trainer | ScoringTable

FILE_NAME = "model.npz"
FORMAT_VERSION = 1
# What NumPy, zip, zlib and JSON raise on bytes that are not theirs.
_DAMAGED = (
    OSError,
    KeyError,
    TypeError,
    ValueError,
    EOFError,
    NotImplementedError,
    RecursionError,
    SyntaxError,
    TokenError,
    BadZipFile,
    zlib.error,
)
_MEMBERS = ("format_version", "hyperparameters", "bias", "linear_weights", "factors", "trained")


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
    """

    def __init__(self, table: Table, hyperparameters: Hyperparameters) -> None:
        self._table = table
        self.hyperparameters = hyperparameters

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
        return self._table.feature_dim

    @property
    def num_factors(self) -> int:
        return self._table.num_factors

    @property
    def untrained_features(self) -> Literal["initial", "zero"]:
        return self.hyperparameters.untrained_features

    @property
    def bias(self) -> float:
        return self._table.bias

    @property
    def linear_weights(self) -> Float32Array:
        """A copy, (feature_dim,)."""
        return self._table.linear_weights()

    @property
    def factors(self) -> Float32Array:
        """A copy, (feature_dim, num_factors)."""
        return self._table.factors()

    @property
    def trained(self) -> npt.NDArray[np.bool_]:
        """Which features a training row of positive weight held with a nonzero value."""
        return self._table.trained()

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
        scores = self._table.score_rows(checked, only_trained, num_threads or allowed_threads())
        if not np.isfinite(scores).all():
            row = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise DataError(
                f"row {row} has the score {scores[row]}: its values are too large for float32 "
                f"arithmetic (the largest given is {rows.largest_value():g}); scale them"
            )
        return scores

    def predict_rows(self, rows: RowBatch, *, num_threads: int = 0) -> Float32Array:
        """Return the probability of label 1 for each row, or the predicted value."""
        scores = self.score_rows(rows, num_threads=num_threads)
        return probabilities(scores) if self.predictor_type == "binary_classifier" else scores

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as one file, replacing an older one only when complete.

        A path that ends in `.tar.gz`, or is named `model_algo-1`, becomes SageMaker's artifact.
        """
        if is_artifact_name(Path(path)):
            self._save_for_sagemaker(Path(path))
            return
        with written_beside(Path(path)) as partial, partial.open("wb") as file:
            np.savez(
                file,
                format_version=np.array(FORMAT_VERSION),
                hyperparameters=np.array(json.dumps(self.hyperparameters.to_dict())),
                bias=np.array(self.bias, dtype=np.float32),
                linear_weights=self.linear_weights,
                factors=self.factors,
                trained=self.trained,
            )
            file.flush()
            os.fsync(file.fileno())

    def _save_for_sagemaker(self, path: Path) -> None:
        arrays = (self.linear_weights, self.factors, self.trained)
        with written_beside(path) as partial:
            write_artifact(partial, SageMakerModel(self.hyperparameters, self.bias, *arrays))

    @classmethod
    def _load_from_sagemaker(cls, path: Path) -> Model:
        read = read_artifact(path)
        return cls.from_parameters(
            read.hyperparameters,
            bias=read.bias,
            linear_weights=read.linear_weights,
            factors=read.factors,
            trained=read.trained,
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model that `save` or SageMaker wrote; nothing in the file is executed.

        Raises
        ------
        DataFormatError
            The file is not such a model.
        """
        if is_artifact(Path(path)):
            return cls._load_from_sagemaker(Path(path))
        try:
            with np.load(path, allow_pickle=False) as members:
                parts = {name: members[name] for name in _MEMBERS}
            return cls._from_parts(parts)
        except FileNotFoundError:
            raise
        except _DAMAGED as error:
            raise DataFormatError(f"{path}: not a Pairloom model file: {error}") from error

    @classmethod
    def _from_parts(cls, parts: dict[str, npt.NDArray[Any]]) -> Model:
        version = parts["format_version"].item()
        if version != FORMAT_VERSION:
            raise DataFormatError(f"model format {version}; this version reads {FORMAT_VERSION}")
        hyperparameters = resolve(json.loads(str(parts["hyperparameters"])))
        feature_dim, num_factors = hyperparameters.feature_dim, hyperparameters.num_factors
        for name, shape, dtype in (
            ("bias", (), np.float32),
            ("linear_weights", (feature_dim,), np.float32),
            ("factors", (feature_dim, num_factors), np.float32),
            ("trained", (feature_dim,), np.bool_),
        ):
            array = parts[name]
            if array.shape != shape or array.dtype != dtype:
                raise DataFormatError(
                    f"{name} is {array.dtype} of shape {array.shape}; "
                    f"expected {np.dtype(dtype)} of shape {shape}"
                )
            if not np.isfinite(array).all():
                raise DataFormatError(f"{name} holds a value that is not finite")
        return cls.from_parameters(
            hyperparameters,
            bias=float(parts["bias"]),
            linear_weights=parts["linear_weights"],
            factors=np.ascontiguousarray(parts["factors"]),
            trained=parts["trained"],
        )
