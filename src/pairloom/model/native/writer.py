"""Writes native artifacts: sections first, then the header that vouches for them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import TableInit, feature_buckets
from pairloom.batch import Float32Array
from pairloom.hyperparameters import Hyperparameters
from pairloom.model.initial_parameters import init_to_json
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
    def init(self) -> TableInit: ...
    @property
    def num_factors(self) -> int: ...
    @property
    def bias(self) -> float: ...
    def serving_rows(self, features: npt.NDArray[np.int64], /) -> Float32Array: ...
    def trained(self) -> Mask: ...
    def features(self) -> npt.NDArray[np.uint32] | None: ...


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

    Of a table that grew, the rows of its features alone are stored. Of another, trained rows alone
    where the others count nothing and are at least half of all, unless optimizer state needs them.
    """
    table, settings = model.table, model.hyperparameters
    slots = () if model.optimizer_state is None else model.optimizer_state.slots
    seen = table.features()
    if seen is None:
        trained = table.trained()
        features = _stored_features(model, trained)
        pieces = _pieces(model, trained, features)
    else:
        order = np.argsort(seen)
        features = seen[order].astype(np.int64)
        pieces = _pieces_of_seen(model, seen[order], order)
    with path.open("wb") as file:
        sections = _write_sections(file, pieces)
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
    pieces = _pieces_that_describe(model)
    bits = _whole_words(trained)
    pieces["trained"] = [np.packbits(bits, bitorder="little")]
    if len(features) < len(trained):
        pieces["ranks"] = [ranks_of(bits)]
    pieces["rows"] = _rows(model.table, features)
    return pieces | _state_pieces(model, slice(None))


def _pieces_of_seen(
    model: StorableModel, seen: npt.NDArray[np.uint32], order: npt.NDArray[np.int64]
) -> Pieces:
    pieces = _pieces_that_describe(model)
    pieces["seen"] = [np.ascontiguousarray(seen, "<u4")]
    pieces["index"] = [np.ascontiguousarray(feature_buckets(seen), "<u8")]
    trained = _whole_words(model.table.trained()[order])
    pieces["trained"] = [np.packbits(trained, bitorder="little")]
    pieces["rows"] = _rows(model.table, seen.astype(np.int64))
    return pieces | _state_pieces(model, order)


def _pieces_that_describe(model: StorableModel) -> Pieces:
    pieces: Pieces = {"metadata": [canonical_json(_description(model))]}
    if model.feature_names is not None:
        pieces["feature_names"] = [canonical_json(list(model.feature_names))]
    if model.fields is not None:
        pieces["fields"] = [np.ascontiguousarray(model.fields, "<i4")]
    return pieces


def _state_pieces(model: StorableModel, order: slice | npt.NDArray[np.int64]) -> Pieces:
    pieces: Pieces = {}
    if model.optimizer_state is not None:
        for slot, (linear, factors) in enumerate(model.optimizer_state.slots):
            pieces[f"state.linear.{slot}"] = [np.ascontiguousarray(linear[order], "<f4")]
            pieces[f"state.factors.{slot}"] = [np.ascontiguousarray(factors[order], "<f4")]
    return pieces


def _whole_words(bits: Mask) -> Mask:
    return np.pad(bits, (0, -len(bits) % 64))


def _description(model: StorableModel) -> dict[str, Any]:
    described = {**model.metadata, "hyperparameters": model.hyperparameters.to_dict()}
    if model.optimizer_state is not None:
        described["optimizer_state"] = dict(model.optimizer_state.progress)
    if model.table.features() is not None:
        described["initial_parameters"] = init_to_json(model.table.init)
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
