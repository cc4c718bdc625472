"""The columns of a table as NumPy arrays, whatever file or library they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in UTF-8, one after the other: text i is `data[offsets[i]:offsets[i + 1]]`."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Encode texts."""
        encoded = [text.encode() for text in texts]
        offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    def to_list(self) -> list[str]:
        """Decode the texts."""
        content = self.data.tobytes()
        bounds = self.offsets.tolist()
        return [content[begin:end].decode() for begin, end in pairwise(bounds)]

    def are_empty(self) -> npt.NDArray[np.bool_]:
        """Say which texts have no byte."""
        return np.equal(self.offsets[1:], self.offsets[:-1])


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """One number per row; NaN where it is missing."""

    name: str
    values: Float32Array


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """One of some texts per row, or any number of them.

    Attributes
    ----------
    codes
        Positions in `texts`, -1 where a value is missing; of all rows, one after the other.
    row_offsets
        Of lists: row r holds `codes[row_offsets[r]:row_offsets[r + 1]]`; None: one code per row.
    """

    name: str
    texts: Texts
    codes: npt.NDArray[np.int64]
    row_offsets: npt.NDArray[np.int64] | None = None


Column: TypeAlias = NumberColumn | CategoryColumn


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length.

    Attributes
    ----------
    source
        What messages call it.
    first_row
        Of a piece of a table: how many rows stand before it.
    """

    source: str
    num_rows: int
    columns: tuple[Column, ...]
    first_row: int = 0

    def column(self, name: str) -> Column | None:
        """Return a column by its name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def names(self) -> str:
        """List the columns for a message."""
        names = [column.name for column in self.columns]
        return ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
