"""How columns, or ids of any size, became features: saved with a model, used again to predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """One column of a table.

    Attributes
    ----------
    name
        The column's name.
    kind
        A number is one feature with its value; a category is one feature of value 1 for each
        value that it takes.
    values
        The values of a category in the order of their features; None when they are hashed.
    """

    name: str
    kind: Literal["number", "category"]
    values: tuple[str, ...] | None = None

    @property
    def num_features(self) -> int:
        return 1 if self.values is None else len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureEncoding:
    """What turns a table, or rows of ids, into a model's features.

    `to_json` and `from_json` carry it through a model's metadata.

    Attributes
    ----------
    columns
        The columns of a table in the order of their features, without the label; None for files
        whose rows hold ids.
    label
        Name of the label's column; None for other files and for frames.
    hash_bits
        Features are hashed into 2^hash_bits ids; None: they are numbered one after the other.
    zero_based
        Whether the ids of libsvm text counted from 0; None for other files.
    """

    columns: tuple[EncodedColumn, ...] | None = None
    label: str | None = None
    hash_bits: int | None = None
    zero_based: bool | None = None

    @property
    def feature_dim(self) -> int | None:
        """Width of the rows that it makes, if it decides on it."""
        if self.hash_bits is not None:
            return 1 << self.hash_bits
        if self.columns is None:
            return None
        return sum(column.num_features for column in self.columns)

    @property
    def makes_dense_rows(self) -> bool:
        """Whether rows of the table are dense: all columns are numbers, none is hashed."""
        return self.hash_bits is None and all(
            column.kind == "number" for column in self.columns or ()
        )

    def feature_names(self) -> list[str] | None:
        """Name each feature: `column` of a number, `column=value` of a category.

        None when features are hashed or ids.
        """
        if self.columns is None or self.hash_bits is not None:
            return None
        return [
            name
            for column in self.columns
            for name in (
                [column.name]
                if column.values is None
                else [f"{column.name}={value}" for value in column.values]
            )
        ]

    def fields(self) -> npt.NDArray[np.int32] | None:
        """Return each feature's field, the number of its column; None as for the names."""
        if self.columns is None or self.hash_bits is not None:
            return None
        sizes = [column.num_features for column in self.columns]
        return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can carry."""
        return {
            "version": _VERSION,
            "columns": None if self.columns is None else [*map(_json_of, self.columns)],
            "label": self.label,
            "hash_bits": self.hash_bits,
            "zero_based": self.zero_based,
        }

    @classmethod
    def from_json(cls, document: object) -> FeatureEncoding:
        """Read what `to_json` gave.

        Raises
        ------
        DataFormatError
            It is no such document; the message names the part.
        """
        members = _mapping(document, "it", "version columns label hash_bits zero_based")
        if members["version"] != _VERSION:
            raise _malformed("version", members["version"], f"{_VERSION}, which this version reads")
        columns = members["columns"]
        if columns is not None:
            columns = tuple(_column(column) for column in _of("columns", columns, list))
        hash_bits = _of("hash_bits", members["hash_bits"], int, optional=True)
        if hash_bits is not None and not 1 <= hash_bits <= 30:
            raise _malformed("hash_bits", hash_bits, "1 to 30")
        return cls(
            columns=columns,
            label=_of("label", members["label"], str, optional=True),
            hash_bits=hash_bits,
            zero_based=_of("zero_based", members["zero_based"], bool, optional=True),
        )


def _json_of(column: EncodedColumn) -> dict[str, Any]:
    values = None if column.values is None else [*column.values]
    return {"name": column.name, "kind": column.kind, "values": values}


def _column(document: object) -> EncodedColumn:
    members = _mapping(document, "a column", "name kind values")
    if members["kind"] not in {"number", "category"}:
        raise _malformed("kind", members["kind"], "number or category")
    values = _of("values", members["values"], list, optional=True)
    if values is not None:
        values = tuple(_of("a value", value, str) for value in values)
    return EncodedColumn(_of("name", members["name"], str), members["kind"], values)


def _mapping(document: object, what: str, names: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping) or set(document) != set(names.split()):
        raise _malformed(what, document, f"a mapping of {', '.join(names.split())}")
    return document


def _of(what: str, value: Any, kind: type, *, optional: bool = False) -> Any:
    is_kind = isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
    if not is_kind and not (optional and value is None):
        raise _malformed(what, value, kind.__name__)
    return value


def _malformed(what: str, value: object, expected: str) -> DataFormatError:
    return DataFormatError(
        f"feature encoding: {what} is {' '.join(repr(value).split())[:60]}; expected {expected}"
    )
