"""Checks everything in a native artifact that loading leaves unread."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pairloom._core import feature_buckets
from pairloom.errors import DataFormatError
from pairloom.model.native.header import Section, header_bytes
from pairloom.model.native.reader import NativeArtifact
from pairloom.model.native.writer import ranks_of

_CHUNK_BYTES = 1 << 24


def find_faults(path: Path) -> list[str]:
    """Return what is wrong and where; nothing when the file is whole.

    A file that cannot even be loaded has one fault.
    """
    try:
        artifact = NativeArtifact(path)
        artifact.hyperparameters  # noqa: B018
    except DataFormatError as error:
        return [str(error)]
    return [
        f"{path}: {fault}"
        for check in (
            _wrong_checksums,
            _gaps_not_zero,
            _wrong_features,
            _wrong_rows,
            _wrong_names,
            _states_not_finite,
        )
        for fault in check(artifact)
    ]


def _wrong_checksums(artifact: NativeArtifact) -> Iterator[str]:
    for section in artifact.header.sections:
        checksum = 0
        for begin in range(section.offset, section.end, _CHUNK_BYTES):
            piece = artifact.content[begin : min(begin + _CHUNK_BYTES, section.end)]
            checksum = zlib.crc32(piece, checksum)
        if checksum != section.checksum:
            yield (
                f"section {section.name}, bytes {section.offset} to {section.end}: checksum "
                f"{section.checksum:#010x}; the bytes give {checksum:#010x}"
            )


def _gaps_not_zero(artifact: NativeArtifact) -> Iterator[str]:
    end = header_bytes(len(artifact.header.sections))
    for begin in [section.offset for section in artifact.header.sections]:
        gap = bytes(artifact.content[end:begin])
        if gap.strip(b"\0"):
            at = end + len(gap) - len(gap.lstrip(b"\0"))
            yield f"byte {at}: {artifact.content[at]:#04x} between sections; expected 0"
        end = next(s.end for s in artifact.header.sections if s.offset == begin)


def _wrong_features(artifact: NativeArtifact) -> Iterator[str]:
    header = artifact.header
    trained = artifact.section("trained")
    raw = np.frombuffer(artifact.bytes_of(trained), np.uint8)
    bits = np.unpackbits(raw, bitorder="little").view(np.bool_)
    if bits[header.num_lines :].any():
        yield (
            f"section trained, byte {trained.end - 8}: a bit beyond "
            f"{'the rows' if header.seen_alone else 'feature_dim'} {header.num_lines} is set"
        )
    if header.seen_alone:
        yield from _wrong_seen(artifact)
    ranks = header.section("ranks")
    if ranks is None:
        return
    found, expected = artifact.array("ranks", "<u4"), ranks_of(bits)
    wrong = np.flatnonzero(found != expected)
    if len(wrong):
        word = int(wrong[0])
        yield (
            f"section ranks, byte {ranks.offset + 4 * word}: {found[word]} trained features before "
            f"feature {64 * word}; the bits give {expected[word]}"
        )
    count = int(np.count_nonzero(bits))
    if count != header.num_entries:
        yield f"section trained: {count} bits are set; the header says {header.num_entries} rows"


def _wrong_seen(artifact: NativeArtifact) -> Iterator[str]:
    seen, found = artifact.array("seen", "<u4"), artifact.array("index", "<u8")
    wrong = np.flatnonzero(seen[1:] <= seen[:-1])
    if len(wrong):
        at = artifact.section("seen").offset + 4 * (int(wrong[0]) + 1)
        yield f"section seen, byte {at}: feature {seen[wrong[0] + 1]} after {seen[wrong[0]]}"
        return
    if len(seen) and seen[-1] >= artifact.header.feature_dim:
        yield f"section seen: feature {seen[-1]}; feature_dim is {artifact.header.feature_dim}"
    differ = np.flatnonzero(found != feature_buckets(seen))
    if len(differ):
        at = artifact.section("index").offset + 8 * int(differ[0])
        yield f"section index, byte {at}: {found[differ[0]]:#x} is not what section seen gives"


def _wrong_rows(artifact: NativeArtifact) -> Iterator[str]:
    fault = artifact.table.find_fault()
    if fault is not None:
        entry, cell, what = fault
        at = artifact.section("rows").offset + entry * artifact.header.row_bytes + 4 * cell
        yield f"section rows, byte {at}: row {entry}: {what}"


def _wrong_names(artifact: NativeArtifact) -> Iterator[str]:
    try:
        list(artifact.feature_names or ())
    except DataFormatError as error:
        yield str(error).removeprefix(f"{artifact.path}: ")


def _states_not_finite(artifact: NativeArtifact) -> Iterator[str]:
    for section in artifact.header.sections:
        if section.name.startswith("state."):
            yield from _not_finite(artifact, section)


def _not_finite(artifact: NativeArtifact, section: Section) -> Iterator[str]:
    values = np.frombuffer(artifact.bytes_of(section), "<f4")
    for begin in range(0, len(values), _CHUNK_BYTES):
        wrong = np.flatnonzero(~np.isfinite(values[begin : begin + _CHUNK_BYTES]))
        if len(wrong):
            at = begin + int(wrong[0])
            yield f"section {section.name}, byte {section.offset + 4 * at}: {values[at]}"
            return
