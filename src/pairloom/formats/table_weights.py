"""The column of a table that holds the weights of its rows."""

from __future__ import annotations

import numpy as np

from pairloom.batch import Float32Array
from pairloom.errors import DataError, DataFormatError
from pairloom.formats.columns import NumberColumn, Table


def table_weights(table: Table, name: str, *, required: bool) -> Float32Array | None:
    """Return the weights of a table's rows; None without the column, if it may be missing.

    Raises
    ------
    DataError
        There is no such column, or it holds no numbers.
    DataFormatError
        A weight is missing, negative or not finite; names the row.
    """
    column = table.column(name)
    if column is None:
        if required:
            raise DataError(
                f"{table.source}: no column {name} of row weights; it has {table.names()}"
            )
        return None
    if not isinstance(column, NumberColumn):
        raise DataError(f"{table.source}: weight column {name} is a category; expected numbers")
    wrong = np.flatnonzero(~(np.isfinite(column.values) & (column.values >= 0)))
    if len(wrong):
        weight = column.values[wrong[0]]
        shown = "missing" if np.isnan(weight) else f"{weight:g}"
        raise DataFormatError(
            f"{table.source}: row {wrong[0]}, column {name}: the weight is {shown}; "
            "expected a finite float32 number of at least 0"
        )
    return column.values
