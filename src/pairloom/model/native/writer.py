"""Writes native artifacts: sections first, then the header that vouches for them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array
from pairloom.hyperparameters import Hyperparameters
from pairloom.model.native.header import Header, Section, alignment_of, header_bytes
from pairloom.model.native.parts import OptimizerState, canonical_json

Mask: TypeAlias = npt.NDArray[np.bool_]
Pieces: TypeAlias = dict[str, Iterable[npt.NDArray[Any] | bytes]]

_CHUNK_ROWS = 1 << 16
_LARGEST_RANK = 2**32 - 1


class ServingTable(Protocol):
    """What the core's tables have in common that is needed to write them."""

    @property
    def feature_dim(self) -> int: ...
    @property
    def num_factors(self) -> int: ...
    @property
    def bias(self) -> float: ...
    def serving_rows(self, features: npt.NDArray[np.int64], /) -> Float32Array: ...
    def trained(self) -> Mask: ...


class StorableModel(Protocol):
    """What an artifact holds."""

    @property
    def table(self) -> ServingTable: ...
    @property
    def hyperparameters(self) -> Hyperparameters: ...
    @property
    def feature_names(self) -> Sequence[str] | None: ...
    @property
    def fields(self) -> npt.NDArray[np.int32] | None: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    @property
    def optimizer_state(self) -> OptimizerState | None: ...


def write_native(path: Path, model: StorableModel) -> None:
    """Write one file; the same model gives the same bytes.

    Only trained rows are stored where the others count nothing and are at least half of all,
    unless optimizer state needs them.
    """
    table, settings = model.table, model.hyperparameters
    slots = () if model.optimizer_state is None else model.optimizer_state.slots
    trained = table.trained()
    features = _stored_features(model, trained)
    with path.open("wb") as file:
        sections = _write_sections(file, _pieces(model, trained, features))
        header = Header(
            predictor_type=settings.predictor_type,
            untrained_features=settings.untrained_features,
            feature_dim=table.feature_dim,
            num_entries=len(features),
            num_factors=table.num_factors,
            stride=table.serving_rows(np.empty(0, np.int64)).shape[1],
            bias=table.bias,
            state_slots=len(slots),
            file_bytes=file.tell(),
            sections=sections,
        )
        file.seek(0)
        file.write(header.pack())


def _pieces(model: StorableModel, trained: Mask, features: npt.NDArray[np.int64]) -> Pieces:
    pieces: Pieces = {"metadata": [canonical_json(_description(model))]}
    if model.feature_names is not None:
        pieces["feature_names"] = [canonical_json(list(model.feature_names))]
    if model.fields is not None:
        pieces["fields"] = [np.ascontiguousarray(model.fields, "<i4")]
    bits = np.pad(trained, (0, -len(trained) % 64))
    pieces["trained"] = [np.packbits(bits, bitorder="little")]
    if len(features) < len(trained):
        pieces["ranks"] = [ranks_of(bits)]
    pieces["rows"] = _rows(model.table, features)
    if model.optimizer_state is not None:
        for slot, (linear, factors) in enumerate(model.optimizer_state.slots):
            pieces[f"state.linear.{slot}"] = [np.ascontiguousarray(linear, "<f4")]
            pieces[f"state.factors.{slot}"] = [np.ascontiguousarray(factors, "<f4")]
    return pieces


def _description(model: StorableModel) -> dict[str, Any]:
    described = {**model.metadata, "hyperparameters": model.hyperparameters.to_dict()}
    if model.optimizer_state is not None:
        described["optimizer_state"] = dict(model.optimizer_state.progress)
    return described


def _stored_features(model: StorableModel, trained: Mask) -> npt.NDArray[np.int64]:
    zero = model.hyperparameters.untrained_features == "zero"
    if zero and model.optimizer_state is None:
        count = int(np.count_nonzero(trained))
        if 2 * count <= len(trained) and count <= _LARGEST_RANK:
            return np.flatnonzero(trained)
    return np.arange(len(trained))


def ranks_of(bits: Mask) -> npt.NDArray[np.uint32]:
    """Return how many bits are set before each word of 64."""
    counts = np.count_nonzero(bits.reshape(-1, 64), axis=1)
    return np.asarray(np.cumsum(counts) - counts, "<u4")


def _rows(table: ServingTable, features: npt.NDArray[np.int64]) -> Iterator[Float32Array]:
    for begin in range(0, len(features), _CHUNK_ROWS):
        yield table.serving_rows(features[begin : begin + _CHUNK_ROWS])
    yield np.zeros_like(table.serving_rows(np.zeros(1, np.int64)))  # of features left out


def _write_sections(file: BinaryIO, pieces: Pieces) -> tuple[Section, ...]:
    file.write(bytes(header_bytes(len(pieces))))
    sections = []
    for name, arrays in pieces.items():
        file.write(bytes(-file.tell() % alignment_of(name)))
        offset, checksum = file.tell(), 0
        for array in arrays:
            content = array if isinstance(array, bytes) else array.reshape(-1).view(np.uint8).data
            file.write(content)
            checksum = zlib.crc32(content, checksum)
        sections.append(Section(name, offset, file.tell() - offset, checksum))
    return tuple(sections)
