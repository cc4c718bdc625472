"""How tables are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["number", "category"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """What is known of a table before it is read.

    Attributes
    ----------
    categorical
        Columns of whole numbers that are categories.
    kinds
        Kinds of the columns that make features, in order, if they are known already; otherwise
        their values tell.
    label
        The column of labels, which are numbers.
    weight
        The column of row weights, which are numbers.
    header
        Of CSV: whether the first line names the columns; they are f0, f1, ... if not.
    only
        Columns to read; None: all.
    """

    categorical: Collection[str] = ()
    kinds: Mapping[str, Kind] | None = None
    label: str | None = None
    weight: str | None = None
    header: bool = True
    only: Collection[str] | None = None

    def kind_of(self, name: str) -> Kind | None:
        """Return the kind of a column, if it is known before its values are."""
        if name in (self.label, self.weight):
            return "number"
        if name in self.categorical:
            return "category"
        return None if self.kinds is None else self.kinds.get(name)
