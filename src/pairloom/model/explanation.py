"""The terms whose sum is one row's score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pairloom.batch import RowBatch
from pairloom.errors import DataError

if TYPE_CHECKING:
    from pairloom.model.model import Model

Float64Array = npt.NDArray[np.float64]
FeatureIds = npt.NDArray[np.int64]


class Term(NamedTuple):
    """One summand of a score: of one feature, or of a pair."""

    features: tuple[int, ...]
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row's score as a sum, in double precision.

    Attributes
    ----------
    bias
        The bias.
    features, values
        The row's nonzeros, (n,).
    linear
        w_i x_i of each, (n,).
    pairs
        <v_i, v_j> x_i x_j above the diagonal, zero elsewhere, (n, n).
    feature_names
        Those of `features`, or None.
    """

    bias: float
    features: FeatureIds
    values: Float64Array
    linear: Float64Array
    pairs: Float64Array
    feature_names: Sequence[str] | None

    @property
    def score(self) -> float:
        """The sum of all terms: the model's score before the link, up to its float32 rounding."""
        return float(self.bias + self.linear.sum() + self.pairs.sum())

    def strongest(self, count: int = 10) -> list[Term]:
        """Return the linear and pair terms of largest magnitude, the strongest first."""
        first, second = np.triu_indices(len(self.features), 1)
        contributions = np.concatenate([self.linear, self.pairs[first, second]])
        order = np.argsort(-np.abs(contributions), kind="stable")[:count]
        places = [(at,) for at in range(len(self.features))]
        terms = []
        for at in order:
            pair = at - len(places)
            held = places[at] if pair < 0 else (first[pair], second[pair])
            ids = tuple(int(self.features[place]) for place in held)
            terms.append(Term(ids, float(contributions[at])))
        return terms


def explain_row(model: Model, rows: RowBatch, row: int) -> Explanation:
    """Take one row's score apart."""
    if not 0 <= row < rows.num_rows:
        raise DataError(f"row {row} is asked for; there are rows 0 to {rows.num_rows - 1}")
    rows.checked()
    if rows.feature_dim > model.feature_dim:
        raise DataError(
            f"rows are {rows.feature_dim} features wide; "
            f"the model has feature_dim {model.feature_dim}"
        )
    features, values = _nonzeros(rows, row)
    linear_weights, factors = model.parameters_of(features)
    scaled = factors.astype(np.float64) * values[:, None]
    names = model.feature_names
    return Explanation(
        bias=model.bias,
        features=features,
        values=values,
        linear=linear_weights.astype(np.float64) * values,
        pairs=np.triu(scaled @ scaled.T, 1),
        feature_names=None if names is None else [names[feature] for feature in features],
    )


def _nonzeros(rows: RowBatch, row: int) -> tuple[FeatureIds, Float64Array]:
    if rows.row_offsets is None or rows.feature_ids is None:
        features, values = np.arange(rows.feature_dim), np.asarray(rows.values)[row]
    else:
        stored = slice(int(rows.row_offsets[row]), int(rows.row_offsets[row + 1]))
        features = rows.feature_ids[stored].astype(np.int64)
        ones = np.ones(len(features), np.float32)
        values = ones if rows.values is None else rows.values[stored]
    held = values != 0
    return features[held], values[held].astype(np.float64)
