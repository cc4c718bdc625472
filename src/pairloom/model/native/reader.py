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

from pairloom._core import StoredTable
from pairloom.batch import Float32Array
from pairloom.errors import DataFormatError, HyperparameterError, PlatformError
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model.native.header import MAGIC, Header, Section, parse_header
from pairloom.model.native.parts import OptimizerState, StoredNames
from pairloom.runtime import simd_path

REQUIRED: Final = ("metadata", "trained", "rows")
_OWN_METADATA = ("hyperparameters", "optimizer_state")


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
        ranks = self.array("ranks", "<u4") if header.section("ranks") else None
        return StoredTable(
            cells=self.array("rows", "<f4").reshape(-1, header.stride),
            trained=self.array("trained", "<u8"),
            ranks=ranks,
            feature_dim=header.feature_dim,
            num_factors=header.num_factors,
            bias=header.bias,
            simd=simd_path(),
        )

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
        width = self.header.num_factors
        slots: list[tuple[Float32Array, Float32Array]] = [
            (
                self.array(f"state.linear.{slot}", "<f4"),
                self.array(f"state.factors.{slot}", "<f4").reshape(-1, width),
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

    def _check_sections(self) -> None:
        header = self.header
        if not math.isfinite(header.bias):
            raise DataFormatError(f"byte 76: the bias is {header.bias}, not finite")
        for name, length in self._expected_lengths().items():
            section = header.section(name)
            if section is None and name in (*REQUIRED, *_state_names(header)):
                raise DataFormatError(f"section {name} is missing")
            if section is not None and section.length != length:
                raise DataFormatError(
                    f"section {name} at byte {section.offset} has {section.length} bytes; "
                    f"expected {length}"
                )
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
            "rows": (header.num_entries + 1) * header.row_bytes,
        }
        for name in _state_names(header):
            width = header.num_factors if name.startswith("state.factors") else 1
            lengths[name] = 4 * header.feature_dim * width
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
