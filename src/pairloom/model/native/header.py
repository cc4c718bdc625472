"""Header and table of sections of a native artifact; `docs/artifacts.md` has them byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pairloom.errors import DataFormatError

# As PNG's: no text begins so, and a transfer that rewrites line ends is found out.
MAGIC = b"\x89PLOOM\r\n"
FORMAT_VERSION = 1
BYTE_ORDER_MARK = 0x0A0B0C0D
FM_OF_SECOND_ORDER = 1
FLOAT32 = 1
PREDICTOR_TYPES: tuple[Literal["regressor"], Literal["binary_classifier"]] = (
    "regressor",
    "binary_classifier",
)
UNTRAINED: tuple[Literal["initial"], Literal["zero"]] = ("initial", "zero")

PAGE_BYTES = 4096
ALIGNMENT = 64
_FIXED = struct.Struct("<8s4IQ2I2Q5If2I40x")
_SECTION = struct.Struct("<32s2QI12x")
_CHECKSUM_AT = 20
_MOST_SECTIONS = 1000
_MOST_FACTORS = 1 << 24
_MOST_STATE_SLOTS = 16


@dataclass(frozen=True, slots=True)
class Section:
    """A named piece of the file."""

    name: str
    offset: int
    length: int
    checksum: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def alignment(self) -> int:
        return alignment_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first bytes of an artifact say of the model and of the rest of the file."""

    predictor_type: Literal["regressor", "binary_classifier"]
    untrained_features: Literal["initial", "zero"]
    feature_dim: int
    num_entries: int
    num_factors: int
    stride: int
    bias: float
    state_slots: int
    file_bytes: int
    sections: tuple[Section, ...]

    @property
    def padded_factors(self) -> int:
        return padded(self.num_factors)

    @property
    def row_bytes(self) -> int:
        return 4 * self.stride

    @property
    def seen_alone(self) -> bool:
        """Whether the features seen in training are stored alone, by number and hash table."""
        return self.section("seen") is not None

    @property
    def num_lines(self) -> int:
        """What `trained` and optimizer state have a line for: features, or those seen."""
        return self.num_entries if self.seen_alone else self.feature_dim

    @property
    def trained_words(self) -> int:
        return -(-self.num_lines // 64)

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

    def pack(self) -> bytes:
        """Return the header's bytes, its checksum among them."""
        length = header_bytes(len(self.sections))
        fixed = _FIXED.pack(
            MAGIC,
            FORMAT_VERSION,
            BYTE_ORDER_MARK,
            length,
            0,
            self.file_bytes,
            FM_OF_SECOND_ORDER,
            PREDICTOR_TYPES.index(self.predictor_type),
            self.feature_dim,
            self.num_entries,
            self.num_factors,
            self.padded_factors,
            self.stride,
            FLOAT32,
            UNTRAINED.index(self.untrained_features),
            self.bias,
            len(self.sections),
            self.state_slots,
        )
        table = b"".join(
            _SECTION.pack(section.name.encode("ascii"), section.offset, section.length,
                          section.checksum)
            for section in self.sections
        )  # fmt: skip
        return _with_checksum(fixed + table)


def padded(num_factors: int) -> int:
    """Round up to the four values that the core reads at a time."""
    return -(-num_factors // 4) * 4


def header_bytes(num_sections: int) -> int:
    """Return the length of the header with its table of sections."""
    return _FIXED.size + num_sections * _SECTION.size


def alignment_of(section_name: str) -> int:
    """Return where a section may begin: what is read in place at pages, the rest at cache lines."""
    in_pages = section_name == "rows" or section_name.startswith("state.")
    return PAGE_BYTES if in_pages else ALIGNMENT


def parse_header(content: memoryview) -> Header:
    """Read the header of a whole file and check it, its checksum and all bounds.

    Raises
    ------
    DataFormatError
        With the byte, what was found and what was expected; the caller names the file.
    """
    _check_start(content)
    fixed = _FIXED.unpack_from(content)
    length, checksum, num_sections = fixed[3], fixed[4], fixed[16]
    if num_sections > _MOST_SECTIONS or length != header_bytes(num_sections):
        raise DataFormatError(
            f"byte 16: header of {length} bytes for {num_sections} sections; "
            f"expected {header_bytes(min(num_sections, _MOST_SECTIONS))}"
        )
    if length > len(content):
        raise DataFormatError(f"truncated: {len(content)} bytes; the header alone has {length}")
    raw = bytes(content[:length])
    if zlib.crc32(_without_checksum(raw)) != checksum:
        raise DataFormatError(
            f"byte {_CHECKSUM_AT}: header checksum {checksum:#010x}; "
            f"the header gives {zlib.crc32(_without_checksum(raw)):#010x}"
        )
    header = _header_of(fixed, tuple(_sections(raw, num_sections)))
    _check_bounds(header, len(content))
    return header


def _with_checksum(raw: bytes) -> bytes:
    checksum = struct.pack("<I", zlib.crc32(_without_checksum(raw)))
    return raw[:_CHECKSUM_AT] + checksum + raw[_CHECKSUM_AT + 4 :]


def _without_checksum(raw: bytes) -> bytes:
    return raw[:_CHECKSUM_AT] + bytes(4) + raw[_CHECKSUM_AT + 4 :]


def _check_start(content: memoryview) -> None:
    if bytes(content[: len(MAGIC)]) != MAGIC:
        raise DataFormatError(
            f"byte 0: begins with {bytes(content[: len(MAGIC)])!r}; a Pairloom model with {MAGIC!r}"
        )
    if len(content) < _FIXED.size:
        raise DataFormatError(
            f"truncated: {len(content)} bytes; the header alone has {_FIXED.size} and more"
        )
    version, mark = struct.unpack_from("<2I", content, len(MAGIC))
    if version != FORMAT_VERSION:
        raise DataFormatError(
            f"byte 8: format version {version}; this release reads version {FORMAT_VERSION}"
        )
    if mark != BYTE_ORDER_MARK:
        raise DataFormatError(
            f"byte 12: byte order mark {mark:#010x}; expected {BYTE_ORDER_MARK:#010x}"
        )


def _sections(raw: bytes, count: int) -> Iterator[Section]:
    for index in range(count):
        at = header_bytes(index)
        name, offset, length, checksum = _SECTION.unpack_from(raw, at)
        text = name.rstrip(b"\0")
        if not text.isascii() or not text:
            raise DataFormatError(f"byte {at}: section name {text!r}; expected ASCII text")
        yield Section(text.decode("ascii"), offset, length, checksum)


def _header_of(fixed: tuple[int, ...], sections: tuple[Section, ...]) -> Header:
    for at, what, found, known in (
        (32, "model kind", fixed[6], (FM_OF_SECOND_ORDER,)),
        (36, "predictor type", fixed[7], range(len(PREDICTOR_TYPES))),
        (68, "value type", fixed[13], (FLOAT32,)),
        (72, "rule for untrained features", fixed[14], range(len(UNTRAINED))),
        (84, "number of optimizer values", fixed[17], range(_MOST_STATE_SLOTS + 1)),
    ):
        if found not in known:
            raise DataFormatError(f"byte {at}: unknown {what} {found}")
    num_factors, padded_factors, stride = fixed[10], fixed[11], fixed[12]
    fits = 1 <= num_factors <= _MOST_FACTORS and padded_factors == padded(num_factors)
    if not fits or stride % 4 != 0 or not padded_factors + 2 <= stride <= padded_factors + 64:
        raise DataFormatError(
            f"byte 56: {num_factors} factors padded to {padded_factors} in rows of {stride} values"
        )
    return Header(
        file_bytes=fixed[5],
        predictor_type=PREDICTOR_TYPES[fixed[7]],
        feature_dim=fixed[8],
        num_entries=fixed[9],
        num_factors=num_factors,
        stride=stride,
        untrained_features=UNTRAINED[fixed[14]],
        bias=fixed[15],
        state_slots=fixed[17],
        sections=sections,
    )


def _check_bounds(header: Header, size: int) -> None:
    if size != header.file_bytes:
        what = "truncated" if size < header.file_bytes else "bytes appended"
        raise DataFormatError(f"{what}: {size} bytes; the header says {header.file_bytes}")
    end = header_bytes(len(header.sections))
    for section in header.sections:
        if section.offset % section.alignment != 0:
            raise DataFormatError(
                f"section {section.name} begins at byte {section.offset}, "
                f"no multiple of {section.alignment}"
            )
        if section.offset < end or section.end > size:
            raise DataFormatError(
                f"section {section.name} spans bytes {section.offset} to {section.end}; "
                f"expected between {end} and {size}"
            )
        end = section.end
    if len({section.name for section in header.sections}) != len(header.sections):
        raise DataFormatError("two sections of one name")
