"""What a model asks of the rows of a request."""

from __future__ import annotations

from dataclasses import dataclass

from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.model import Model
from pairloom.model.encoding import encoding_of


@dataclass(frozen=True, slots=True)
class RowRule:
    """Width and encoding of the rows that a model scores.

    Attributes
    ----------
    feature_dim
        Width of every row.
    encoding
        How columns, or ids of any size, become features.
    """

    feature_dim: int
    encoding: FeatureEncoding

    @classmethod
    def of(cls, model: Model) -> RowRule:
        """Return the rule of a model."""
        return cls(model.feature_dim, encoding_of(model))

    @property
    def row_width(self) -> int:
        """Width that a body's rows must have; 0 when their ids are hashed, so that any will do."""
        return self.feature_dim if self.encoding.hash_bits is None else 0
