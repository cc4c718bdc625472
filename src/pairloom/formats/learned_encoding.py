"""Which features the columns of a table become, learned from its rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pairloom.errors import DataError
from pairloom.formats.columns import CategoryColumn, NumberColumn, Table
from pairloom.formats.feature_encoding import EncodedColumn, FeatureEncoding
from pairloom.formats.table_encoding import WIDEST_HASH_BITS

_MAX_WIDTH = np.iinfo(np.int32).max


def learn_encoding(
    tables: Iterable[Table],
    *,
    label: str | None = None,
    weight: str | None = None,
    hash_bits: int | None = None,
) -> FeatureEncoding:
    """Choose the features of the columns of a table, which comes whole or piece by piece.

    Values of a category are numbered in the order of their code points, those that no row holds
    are left out.
    """
    if hash_bits is not None and hash_bits not in range(1, WIDEST_HASH_BITS + 1):
        raise DataError(f"hash_bits {hash_bits!r}; expected 1 to {WIDEST_HASH_BITS}")
    held: dict[str, set[str]] = {}
    numbers: set[str] = set()
    source = ""
    for table in tables:
        source = source or table.source
        if label is not None and table.column(label) is None:
            raise DataError(f"{table.source}: no label column {label}; it has {table.names()}")
        if label is not None and label == weight:
            raise DataError(f"{table.source}: column {label} cannot hold both labels and weights")
        for column in table.columns:
            if column.name in (label, weight):
                continue
            texts = held.setdefault(column.name, set())
            if isinstance(column, NumberColumn):
                numbers.add(column.name)
            elif hash_bits is None:
                texts.update(_held_texts(column))
    columns = tuple(
        EncodedColumn(name, "number")
        if name in numbers
        else EncodedColumn(name, "category", None if hash_bits else tuple(sorted(texts)))
        for name, texts in held.items()
    )
    encoding = FeatureEncoding(columns=columns, label=label, hash_bits=hash_bits)
    if not columns or not 1 <= (encoding.feature_dim or 0) <= _MAX_WIDTH:
        raise DataError(
            f"{source}: its columns make {encoding.feature_dim:,} features; "
            f"expected 1 to {_MAX_WIDTH:,} (hash_bits bounds them)"
        )
    return encoding


def _held_texts(column: CategoryColumn) -> list[str]:
    held = np.zeros(len(column.texts) + 1, bool)  # the last place is that of missing values
    held[column.codes] = True
    held[:-1] &= ~column.texts.are_empty()
    texts = column.texts.to_list()
    return [texts[code] for code in np.flatnonzero(held[:-1])]
