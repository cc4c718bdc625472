"""Tables with named columns to rows: CSV, Parquet, Arrow files and data frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any, Literal, TypeAlias

from pairloom.batch import RowBatch
from pairloom.formats.byte_files import Source
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.learned_encoding import learn_encoding
from pairloom.formats.row_numbers import row_weights
from pairloom.formats.table_encoding import encode_table
from pairloom.formats.table_options import TableOptions

TableFormat: TypeAlias = Literal["csv", "parquet", "arrow"]

TABLE_FORMATS: tuple[TableFormat, ...] = ("csv", "parquet", "arrow")


def read_table(  # noqa: PLR0913  each says something about the file
    source: Source | Sequence[Source],
    table_format: TableFormat,
    *,
    label: str | None = None,
    require_label: bool = True,
    categorical: Collection[str] = (),
    hash_bits: int | None = None,
    header: bool = True,
    encoding: FeatureEncoding | None = None,
    weight_feature: str | None = None,
    require_weights: bool = True,
) -> tuple[RowBatch, FeatureEncoding]:
    """Read a table's files into one batch; return also how its columns became features.

    A column of numbers is one feature. A column of text, or one of Arrow's dictionaries, is a
    feature for each value that it takes, and so is a column of lists of whole numbers or text.
    What is missing makes no feature. `pip install 'pairloom[arrow]'` brings what this needs.

    Parameters
    ----------
    source
        A file, a folder of shards (read in sorted order), an open binary file, or a sequence of
        these, read in the order given.
    table_format
        "csv", "parquet", or "arrow" for Arrow's IPC files, which are Feather files too.
    label
        Name of the column of labels.
    require_label
        Whether that column must be there.
    categorical
        Columns of whole numbers that are categories, such as ids.
    hash_bits
        Hash the features into 2^hash_bits ids instead of learning the values.
    header
        Of CSV: whether the first line names the columns. They are f0, f1, ... if not.
    encoding
        One that was learned before: columns become the same features as then. The label's column
        may be missing, other columns are left out, and new values make no feature; a log line
        counts them. `label`, `categorical` and `hash_bits` are those of the encoding.
    weight_feature
        Name of the column of row weights, numbers of at least 0, which is then no feature.
    require_weights
        Whether that column must be there.

    Raises
    ------
    DataFormatError
        The bytes are no such file; names the file and, of CSV, the line and the column. Or a
        weight is missing, negative or not finite; names the row.
    DataError
        A column is missing or of a type that makes no features, a label is missing or a number
        is not finite; names the file, the column and the row (the first is 0).
    UserError
        pyarrow is not installed.
    """
    from pairloom.formats.arrow.tables import read_table_files  # noqa: PLC0415  optional, and slow

    options = TableOptions(
        categorical=categorical, label=label, header=header, weight=weight_feature
    )
    if encoding is not None:
        options = _options_of(encoding, header=header, weight=weight_feature)
    table = read_table_files(source, table_format, options)
    if encoding is None:
        if not require_label and label is not None and table.column(label) is None:
            label = None
        encoding = learn_encoding([table], label=label, weight=weight_feature, hash_bits=hash_bits)
    rows = encode_table(table, encoding)
    if weight_feature is not None:
        weights = row_weights(table, weight_feature, required=require_weights)
        rows = dataclasses.replace(rows, weights=weights)
    return rows, encoding


def encode_frame(
    frame: Any,
    *,
    categorical: Collection[str] = (),
    hash_bits: int | None = None,
    encoding: FeatureEncoding | None = None,
) -> tuple[RowBatch, FeatureEncoding]:
    """Make rows of a data frame as `read_table` does of a file.

    Parameters
    ----------
    frame
        A frame of pandas or polars, a table of pyarrow, or anything else with
        `__arrow_c_stream__`.
    categorical, hash_bits, encoding
        As in `read_table`.
    """
    from pairloom.formats.arrow.tables import table_of_frame  # noqa: PLC0415  optional, and slow

    options = TableOptions(categorical=categorical)
    if encoding is not None:
        options = _options_of(encoding, header=True)
    table = table_of_frame(frame, options)
    if encoding is None:
        encoding = learn_encoding([table], hash_bits=hash_bits)
    return encode_table(table, encoding), encoding


def _options_of(
    encoding: FeatureEncoding, *, header: bool, weight: str | None = None
) -> TableOptions:
    kinds = {column.name: column.kind for column in encoding.columns or ()}
    only = [*kinds, *(name for name in (encoding.label, weight) if name is not None)]
    return TableOptions(kinds=kinds, label=encoding.label, header=header, only=only, weight=weight)
