"""Files to records, and records to the payloads of requests."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pairloom.errors import DataError, DataFormatError
from pairloom.formats.byte_files import plain_bytes
from pairloom.serving.transform.settings import TransformSettings

_MAGIC = 0xCED7230A
_HEADER = struct.Struct("<II")
_LENGTH_BITS = 29  # of a frame's second word; above them a split record's part
_FIRST_PARTS, _LAST_PARTS = (0, 1), (0, 3)


def read_payloads(path: Path, settings: TransformSettings) -> Iterator[list[bytes]]:
    """Yield the records of each request, decompressed; a file without a record yields none.

    Raises
    ------
    DataError
        A record is larger than the payload.
    DataFormatError
        A RecordIO file is damaged.
    """
    with plain_bytes(path) as stream:
        file: BinaryIO = io.BufferedReader(stream)
        records = _READERS[settings.split_type or "None"](file, settings.max_payload_bytes)
        if settings.batch_strategy == "SingleRecord":
            for record in _within_payload(records, settings):
                yield [record]
        else:
            yield from _packed(_within_payload(records, settings), settings)


def joined(records: list[bytes], settings: TransformSettings) -> bytes:
    """Return the body of a request."""
    separator = b"\n" if settings.split_type == "Line" else b""
    return separator.join(records)


def _within_payload(records: Iterator[bytes], settings: TransformSettings) -> Iterator[bytes]:
    for number, record in enumerate(records, 1):
        if len(record) > settings.max_payload_bytes:
            raise DataError(
                f"record {number} is larger than the payload of {settings.max_payload_in_mb} MB; "
                "raise max_payload_in_mb, or split the record"
            )
        yield record


def _packed(records: Iterator[bytes], settings: TransformSettings) -> Iterator[list[bytes]]:
    separator = 1 if settings.split_type == "Line" else 0
    payload: list[bytes] = []
    size = 0
    for record in records:
        if payload and size + separator + len(record) > settings.max_payload_bytes:
            yield payload
            payload, size = [], 0
        size += len(record) + (separator if payload else 0)
        payload.append(record)
    if payload:
        yield payload


def _whole(file: BinaryIO, limit: int) -> Iterator[bytes]:
    content = file.read(limit + 1)
    if content:
        yield content


def _lines(file: BinaryIO, limit: int) -> Iterator[bytes]:
    while line := file.readline(limit + 2):  # a line of `limit` bytes, and its end
        content = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(content) > limit or content.strip():
            yield content


def _recordio(file: BinaryIO, limit: int) -> Iterator[bytes]:
    offset = 0
    while frame := _next_record(file, offset, limit):
        offset += len(frame)
        yield frame


def _next_record(file: BinaryIO, offset: int, limit: int) -> bytes:
    """Return the bytes of a whole record: one frame, or those of a record that was split."""
    record = b""
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise _malformed(offset + len(record), "the file ends inside a record's header")
        magic, word = _HEADER.unpack(header)
        part, size = word >> _LENGTH_BITS, word & ((1 << _LENGTH_BITS) - 1)
        if magic != _MAGIC or part not in (_FIRST_PARTS if not record else (2, 3)):
            raise _malformed(offset + len(record), "no RecordIO record begins here")
        padded = (size + 3) // 4 * 4
        record += header + file.read(min(padded, limit))
        if len(record) > limit:
            return record
        if len(record) % 4 or len(record) < padded + _HEADER.size:
            raise _malformed(offset + len(record), "the file ends inside a record")
        if part in _LAST_PARTS:
            return record
    if record:
        raise _malformed(offset + len(record), "the file ends inside a split record")
    return record


def _malformed(offset: int, complaint: str) -> DataFormatError:
    return DataFormatError(f"byte {offset}: {complaint}")


_READERS = {"None": _whole, "Line": _lines, "RecordIO": _recordio}
