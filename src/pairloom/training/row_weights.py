"""What weights of rows must be for training and evaluation."""

from __future__ import annotations

from pairloom.batch import RowBatch
from pairloom.errors import DataError


def check_weighs_anything(rows: RowBatch, what: str) -> None:
    """Raise DataError when no row has a positive weight."""
    if rows.num_rows == 0 or (rows.weights is not None and not (rows.weights > 0).any()):
        raise DataError(
            f"{what}: at least one of positive weight is needed; {rows.num_rows} were given"
        )
