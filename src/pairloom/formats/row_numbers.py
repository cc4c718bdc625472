"""The columns of a table that hold one number for each row: its label, its weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array
from pairloom.errors import DataError
from pairloom.formats.columns import NumberColumn, Table


def row_labels(table: Table, name: str) -> Float32Array | None:
    """Return the labels of a table's rows; None without the column.

    Raises
    ------
    DataError
        The column holds no numbers, or a label is missing or not finite; names the row.
    """
    return _numbers(table, name, "label", np.isfinite, "a finite float32 number")


def row_weights(table: Table, name: str, *, required: bool) -> Float32Array | None:
    """Return the weights of a table's rows; None without the column, if it may be missing.

    Raises
    ------
    DataError
        There is no such column, it holds no numbers, or a weight is missing, negative or not
        finite; names the row.
    """
    if required and table.column(name) is None:
        raise DataError(f"{table.source}: no column {name} of row weights; it has {table.names()}")
    return _numbers(
        table,
        name,
        "weight",
        lambda values: np.isfinite(values) & (values >= 0),
        "a finite float32 number of at least 0",
    )


def _numbers(
    table: Table,
    name: str,
    role: Literal["label", "weight"],
    fit: Callable[[Float32Array], npt.NDArray[np.bool_]],
    rule: str,
) -> Float32Array | None:
    column = table.column(name)
    if column is None:
        return None
    if not isinstance(column, NumberColumn):
        raise DataError(f"{table.source}: {role} column {name} is a category; expected numbers")
    wrong = np.flatnonzero(~fit(column.values))
    if len(wrong):
        value = column.values[wrong[0]]
        shown = "missing" if np.isnan(value) else f"{value:g}"
        raise DataError(
            f"{table.source}: row {table.first_row + wrong[0]}, column {name}: "
            f"the {role} is {shown}; expected {rule}"
        )
    return column.values
