"""Media types of requests and answers, and the choice between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pairloom.serving.errors import NotAcceptableError, UnsupportedContentTypeError

JSON = "application/json"
JSON_LINES = "application/jsonlines"
RECORDIO = "application/x-recordio-protobuf"
CSV = "text/csv"

_TEXT = (JSON, JSON_LINES, CSV)
_KEPT = 64  # clients send the same few headers again and again
_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range in lower case, as `application/json`, and its parameters."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    @lru_cache(maxsize=_KEPT)
    def parse(cls, text: str) -> MediaType:
        """Read `type/subtype; name=value`; names of parameters in lower case, values unquoted."""
        name, *parameters = text.split(";")
        pairs = (parameter.partition("=") for parameter in parameters)
        return cls(
            name.strip().lower(),
            {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs},
        )


def content_type_of(header: str | None, readable: Collection[str]) -> MediaType:
    """Return the media type of a request; without a header, JSON.

    Raises
    ------
    UnsupportedContentTypeError
        It is not among the `readable`, or the text is not in UTF-8.
    """
    media_type = MediaType.parse(header or JSON)
    if media_type.name not in readable:
        raise UnsupportedContentTypeError(
            f"content type {media_type.name!r}; expected {', '.join(readable)}"
        )
    charset = media_type.parameters.get("charset", "utf-8")
    if media_type.name in _TEXT and charset.lower() not in _CHARSETS:
        raise UnsupportedContentTypeError(f"charset {charset!r}; expected utf-8")
    return media_type


@lru_cache(maxsize=_KEPT)
def accepted_type(header: str | None, writable: tuple[str, ...]) -> str:
    """Choose the media type of an answer by an Accept header; without one, JSON.

    The highest quality wins, between equal ones the range that stands first, and within a range
    the order of `writable`. A range that names a type exactly overrules a wider one.

    Raises
    ------
    NotAcceptableError
        The header leaves none of the `writable`.
    """
    if header is None or not header.strip():
        return JSON
    ranges = list(_ranges(header))
    choices = []
    for position, name in enumerate(writable):
        matching = [
            (_exactness(media_range, name), -place, quality)
            for place, (media_range, quality) in enumerate(ranges)
            if _exactness(media_range, name)
        ]
        if matching:
            _, place, quality = max(matching)
            choices.append((quality, place, -position, name))
    best = max(choices, default=None)
    if best is None or best[0] <= 0:
        raise NotAcceptableError(f"accept {header!r}; expected one of {', '.join(writable)}")
    return best[-1]


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        media_range = MediaType.parse(part)
        if media_range.name:
            yield media_range.name, _quality(media_range.parameters.get("q", "1"), header)


def _quality(text: str, header: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        quality = -1
    if not 0 <= quality <= 1:
        raise NotAcceptableError(f"accept {header!r}: the quality {text!r}; expected 0 to 1")
    return quality


def _exactness(media_range: str, name: str) -> int:
    """Return how exactly a range names a media type; 0: not at all."""
    if media_range == name:
        return 3
    if media_range == f"{name.partition('/')[0]}/*":
        return 2
    return int(media_range in {"*/*", "*"})
