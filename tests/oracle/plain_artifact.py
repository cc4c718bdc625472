"""Reads and builds native artifacts as docs/artifacts.md describes them, byte by byte.

It imports nothing from pairloom and maps nothing.
"""

from __future__ import annotations

import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass
class PlainModel:
    """Everything in the file, untrained features of zero where their rows are left out."""

    bias: float
    linear_weights: npt.NDArray[np.float32]
    factors: npt.NDArray[np.float32]
    trained: npt.NDArray[np.bool_]
    metadata: dict[str, Any]
    sections: dict[str, bytes]


def number(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "little")


def sections_of(content: bytes) -> dict[str, tuple[int, int, int]]:
    """Return offset, length and checksum of each section."""
    found = {}
    for index in range(number(content, 80, 4)):
        at = 128 + 64 * index
        name = content[at : at + 32].rstrip(b"\0").decode("ascii")
        found[name] = (
            number(content, at + 32, 8),
            number(content, at + 40, 8),
            number(content, at + 48, 4),
        )
    return found


def read_plain(path: Path) -> PlainModel:
    content = path.read_bytes()
    assert content[:8] == b"\x89PLOOM\r\n"
    assert (number(content, 8, 4), number(content, 12, 4)) == (1, 0x0A0B0C0D)
    header = bytearray(content[: number(content, 16, 4)])
    header[20:24] = bytes(4)
    assert binascii.crc32(header) == number(content, 20, 4)
    assert number(content, 24, 8) == len(content)
    sections = {}
    for name, (offset, length, checksum) in sections_of(content).items():
        sections[name] = content[offset : offset + length]
        assert binascii.crc32(sections[name]) == checksum, name
    feature_dim, num_rows = number(content, 40, 8), number(content, 48, 8)
    num_factors, padded, stride = (number(content, at, 4) for at in (56, 60, 64))
    bits = np.frombuffer(sections["trained"], np.uint8)
    bit = [bool(bits[line // 8] >> (line % 8) & 1) for line in range(8 * len(bits))]
    rows = np.frombuffer(sections["rows"], "<f4").reshape(num_rows + 1, stride)
    row_of = [num_rows] * feature_dim
    trained = np.array(bit[:feature_dim])
    stored = np.flatnonzero(trained) if "ranks" in sections else np.arange(feature_dim)
    if "seen" in sections:
        stored = np.frombuffer(sections["seen"], "<u4")
        trained = np.zeros(feature_dim, bool)
        trained[stored] = bit[:num_rows]
        check_buckets(sections["index"], stored)
    for row, feature in enumerate(stored):
        row_of[feature] = row
    return PlainModel(
        bias=float(np.frombuffer(content[76:80], "<f4")[0]),
        linear_weights=rows[row_of, padded],
        factors=rows[row_of, :num_factors],
        trained=trained,
        metadata=json.loads(sections["metadata"]),
        sections=sections,
    )


def check_buckets(index: bytes, seen: npt.NDArray[Any]) -> None:
    """Find every feature as docs/artifacts.md says how."""
    count = len(index) // 8
    for row, feature in enumerate(seen.tolist()):
        mixed = feature * 0x9E3779B97F4A7C15 % 2**64
        mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 % 2**64
        bucket = (mixed >> 32) % count
        while number(index, 8 * bucket + 4, 4) != feature or number(index, 8 * bucket, 4) == 0:
            assert number(index, 8 * bucket, 8) != 0, feature
            bucket = (bucket + 1) % count
        assert number(index, 8 * bucket, 4) == row + 1


def with_header(content: bytes, at: int, value: bytes) -> bytes:
    """Return the file with other bytes in its header and a checksum that suits them."""
    changed = bytearray(content)
    changed[at : at + len(value)] = value
    length = number(bytes(changed), 16, 4)
    header = bytearray(changed[:length])
    header[20:24] = bytes(4)
    changed[20:24] = binascii.crc32(header).to_bytes(4, "little")
    return bytes(changed)


def with_section(content: bytes, name: str, change: bytes) -> bytes:
    """Return the file with the first bytes of a section changed, all checksums suiting."""
    offset, length, _ = sections_of(content)[name]
    index = list(sections_of(content)).index(name)
    changed = bytearray(content)
    changed[offset : offset + len(change)] = change
    checksum = binascii.crc32(changed[offset : offset + length]).to_bytes(4, "little")
    return with_header(bytes(changed), 128 + 64 * index + 48, checksum)
