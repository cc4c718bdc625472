"""Tables to rows some at a time: read once to learn their features, then as often as asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from pairloom.batch import RowBatch
from pairloom.formats.columns import Table
from pairloom.formats.learned_encoding import learn_encoding
from pairloom.formats.row_numbers import row_weights
from pairloom.formats.table_encoding import encode_table, numbered_values
from pairloom.formats.table_options import TableOptions

PiecewiseFormat: TypeAlias = Literal["csv", "parquet"]


class TableRows:
    """The rows that `read_table` reads of the same files; parameters are as there.

    Memory grows by the distinct values of categories, which are features unless hashed, and not by
    the rows.

    Attributes
    ----------
    encoding
        How columns became features.
    num_rows
        Of all files.
    """

    def __init__(  # noqa: PLR0913  each says something about the files
        self,
        files: Sequence[Path],
        table_format: PiecewiseFormat,
        *,
        label: str,
        require_label: bool,
        categorical: Collection[str] = (),
        hash_bits: int | None = None,
        header: bool = True,
        weight_feature: str | None = None,
    ) -> None:
        from pairloom.formats.arrow.table_pieces import TablePieces  # noqa: PLC0415  slow

        options = TableOptions(
            categorical=categorical, label=label, header=header, weight=weight_feature
        )
        self._pieces = TablePieces(files, table_format, options)
        self._weight_feature = weight_feature
        has_label = require_label or self._pieces.has_column(label)
        self.num_rows = 0
        self.encoding = learn_encoding(
            self._counted(),
            label=label if has_label else None,
            weight=weight_feature,
            hash_bits=hash_bits,
        )

    @property
    def has_weights(self) -> bool:
        """Whether the table has the column of row weights."""
        return self._weight_feature is not None and self._pieces.has_column(self._weight_feature)

    def read(self) -> Iterator[RowBatch]:
        """Give the rows from the first on, all batches dense or all sparse."""
        numbered = numbered_values(self.encoding)
        for table in self._pieces.tables():
            rows = encode_table(table, self.encoding, numbered)
            if self._weight_feature is not None:
                weights = row_weights(table, self._weight_feature, required=False)
                rows = dataclasses.replace(rows, weights=weights)
            yield rows

    def _counted(self) -> Iterator[Table]:
        for table in self._pieces.tables():
            self.num_rows += table.num_rows
            yield table
