"""Maps native artifacts and hands out what lies in them, without a copy.

A mapping follows the file that it was made of: a model is replaced by renaming another file over
it, as `Model.save` does, and never changed or shortened in place, which would end a process that
scores from it with SIGBUS.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import stat
import sys
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pairloom._core import StoredTable, TableInit
from pairloom.batch import Float32Array
from pairloom.errors import DataFormatError, HyperparameterError, PlatformError
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model.initial_parameters import init_from_json
from pairloom.model.native.header import MAGIC, Header, Section, parse_header
from pairloom.model.native.parts import OptimizerState, StoredNames
from pairloom.runtime import simd_path

REQUIRED: Final = ("metadata", "trained", "rows")
_SEEN = ("seen", "index")
_OWN_METADATA = ("hyperparameters", "optimizer_state", "initial_parameters")
_LEAST_BUCKETS = 16


class NativeArtifact:
    """A mapped file whose header, bounds, bias and metadata are checked.

    Raises
    ------
    DataFormatError
        The file breaks a rule of the format; names the file, the place and the rule.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.content = memoryview(_mapped(self.path))
        try:
            self.header = parse_header(self.content)
            self._check_sections()
            self._described = self._checked_metadata()
        except DataFormatError as error:
            raise self._named(error) from error.__cause__

    @cached_property
    def hyperparameters(self) -> Hyperparameters:
        try:
            hyperparameters = resolve(self._described["hyperparameters"])
        except HyperparameterError as error:
            raise self._named(f"metadata: {error}") from error
        for name in ("feature_dim", "num_factors", "predictor_type", "untrained_features"):
            found, expected = getattr(hyperparameters, name), getattr(self.header, name)
            if found != expected:
                raise self._named(f"metadata: {name} is {found!r}; the header says {expected!r}")
        return hyperparameters

    @property
    def metadata(self) -> dict[str, Any]:
        return {key: self._described[key] for key in self._described if key not in _OWN_METADATA}

    @cached_property
    def table(self) -> StoredTable:
        """Parameters as the core scores them, borrowed from the mapping."""
        header = self.header
        table = StoredTable(
            cells=self.array("rows", "<f4").reshape(-1, header.stride),
            trained=self.array("trained", "<u8"),
            ranks=self.array("ranks", "<u4") if header.section("ranks") else None,
            seen=self.array("seen", "<u4") if header.seen_alone else None,
            buckets=self.array("index", "<u8") if header.seen_alone else None,
            feature_dim=header.feature_dim,
            num_factors=header.num_factors,
            bias=header.bias,
            simd=simd_path(),
        )
        if header.seen_alone:
            table.init = self._initial_parameters()
        return table

    @property
    def feature_names(self) -> StoredNames | None:
        if self.header.section("feature_names") is None:
            return None
        return StoredNames(self._read_names, self.header.feature_dim)

    @property
    def fields(self) -> npt.NDArray[np.int32] | None:
        return None if self.header.section("fields") is None else self.array("fields", "<i4")

    @cached_property
    def optimizer_state(self) -> OptimizerState | None:
        if "optimizer_state" not in self._described:
            return None
        slots: list[tuple[Float32Array, Float32Array]] = [
            (
                self.array(f"state.linear.{slot}", "<f4"),
                self.array(f"state.factors.{slot}", "<f4").reshape(-1, self._state_width(slot)),
            )
            for slot in range(self.header.state_slots)
        ]
        return OptimizerState(self._described["optimizer_state"], tuple(slots))

    def section(self, name: str) -> Section:
        """Return a section that must be there."""
        section = self.header.section(name)
        if section is None:
            raise DataFormatError(f"section {name} is missing")
        return section

    def bytes_of(self, section: Section) -> memoryview:
        return self.content[section.offset : section.end]

    def array(self, name: str, dtype: str) -> npt.NDArray[Any]:
        return np.frombuffer(self.bytes_of(self.section(name)), dtype)

    def _state_width(self, slot: int) -> int:
        """Return how many values of the factors a line has: one each, or one that they share."""
        shared = self.section(f"state.factors.{slot}").length == 4 * self.header.num_lines
        return 1 if shared else self.header.num_factors

    def _initial_parameters(self) -> TableInit:
        try:
            return init_from_json(self._described["initial_parameters"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._named(f"metadata: initial_parameters: {error!r}") from error

    def _check_sections(self) -> None:
        header = self.header
        if not math.isfinite(header.bias):
            raise DataFormatError(f"byte 76: the bias is {header.bias}, not finite")
        for name, length in self._expected_lengths().items():
            section = header.section(name)
            required = (*REQUIRED, *_state_names(header), *(_SEEN if header.seen_alone else ()))
            if section is None and name in required:
                raise DataFormatError(f"section {name} is missing")
            allowed = {length}
            if name.startswith("state.factors"):
                allowed.add(length // header.num_factors)  # the factors of a line share one value
            if section is not None and section.length not in allowed:
                raise DataFormatError(
                    f"section {name} at byte {section.offset} has {section.length} bytes; "
                    f"expected {length}"
                )
        if header.seen_alone:
            if header.section("ranks") is not None:
                raise DataFormatError("sections ranks and seen exclude each other")
            return
        if header.section("ranks") is None and header.num_entries != header.feature_dim:
            raise DataFormatError(
                f"byte 48: {header.num_entries} rows for {header.feature_dim} features, "
                "and no section ranks"
            )
        if header.section("ranks") is not None and header.untrained_features != "zero":
            raise DataFormatError("byte 72: a file of trained rows alone must count others as zero")

    def _expected_lengths(self) -> dict[str, int]:
        header = self.header
        lengths = {
            "metadata": getattr(header.section("metadata"), "length", 0),
            "fields": 4 * header.feature_dim,
            "trained": 8 * header.trained_words,
            "ranks": 4 * header.trained_words,
            "seen": 4 * header.num_entries,
            "index": 8 * _bucket_count(header.num_entries),
            "rows": (header.num_entries + 1) * header.row_bytes,
        }
        for name in _state_names(header):
            width = header.num_factors if name.startswith("state.factors") else 1
            lengths[name] = 4 * header.num_lines * width
        return lengths

    def _checked_metadata(self) -> dict[str, Any]:
        described = self._json("metadata")
        if not isinstance(described, dict) or not isinstance(
            described.get("hyperparameters"), dict
        ):
            raise DataFormatError("metadata: expected an object with hyperparameters")
        if not isinstance(described.get("optimizer_state", {}), dict):
            raise DataFormatError("metadata: expected optimizer_state to be an object")
        return described

    def _read_names(self) -> list[str]:
        try:
            names = self._json("feature_names")
        except DataFormatError as error:
            raise self._named(error) from error
        is_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not is_names or len(names) != self.header.feature_dim:
            raise self._named(f"feature_names: expected {self.header.feature_dim} texts")
        return list(names)

    def _json(self, name: str) -> Any:
        section = self.section(name)
        content = bytes(self.bytes_of(section))
        if zlib.crc32(content) != section.checksum:
            raise DataFormatError(
                f"section {name} at byte {section.offset}: checksum {section.checksum:#010x}; "
                f"its bytes give {zlib.crc32(content):#010x}"
            )
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DataFormatError(f"section {name} at byte {section.offset}: {error}") from error

    def _named(self, what: object) -> DataFormatError:
        return DataFormatError(f"{self.path}: not a readable Pairloom model: {what}")


def is_native(path: Path) -> bool:
    """Say whether a file begins as a native artifact does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _mapped(path: Path) -> mmap.mmap | bytes:
    if sys.byteorder != "little":
        raise PlatformError(f"{path}: models are mapped as they lie, in little-endian order")
    if not stat.S_ISREG(path.stat().st_mode):
        raise DataFormatError(f"{path}: no regular file; a model is mapped into memory")
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _state_names(header: Header) -> list[str]:
    return [
        f"state.{group}.{slot}"
        for slot in range(header.state_slots)
        for group in ("linear", "factors")
    ]


def _bucket_count(num_features: int) -> int:
    """Return the power of two that the core takes: at most three quarters are filled."""
    return int(max(_LEAST_BUCKETS, 1 << (num_features + num_features // 3).bit_length()))
