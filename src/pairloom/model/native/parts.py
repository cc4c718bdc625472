"""What a native artifact holds beside the parameters that serving reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from pairloom.batch import Float32Array


@dataclass(frozen=True, slots=True)
class OptimizerState:
    """What training needs to go on to the same bytes.

    Attributes
    ----------
    progress
        Counters and the bias's state, in types that JSON can carry.
    slots
        Per optimizer value kept: those of the linear weights, (num_entries,), and of the factors,
        (num_entries, num_factors), in the order of the table's entries.
    """

    progress: Mapping[str, Any]
    slots: tuple[tuple[Float32Array, Float32Array], ...]


class StoredNames(Sequence[str]):
    """Feature names of a mapped file, read when first asked for."""

    def __init__(self, read: Callable[[], list[str]], size: int) -> None:
        self._read = read
        self._size = size
        self._names: list[str] | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._all()[index]

    def _all(self) -> list[str]:
        if self._names is None:
            self._names = self._read()
        return self._names


def canonical_json(value: object) -> bytes:
    """Return the one spelling of a value: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")
