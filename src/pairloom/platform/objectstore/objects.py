"""Objects of the store by address: listed, read and written, though it be away for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import ConnectionError as UnreachableError
from urllib3.exceptions import HTTPError

from pairloom.errors import PlatformError, UserError
from pairloom.formats.full_disk import naming_full_disk

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)

PATIENCE_SECONDS = 120.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 3.0
_CHUNK_BYTES = 1 << 20
_AWAY = (
    HTTPClientError,
    IncompleteReadError,
    UnreachableError,
    HTTPError,
    ConnectionError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class Location:
    """An object, or the prefix of objects, within a bucket."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Read `s3://bucket/key`; raises UserError."""
        parts = urlsplit(uri, allow_fragments=False)
        if parts.scheme != "s3" or not parts.netloc:
            raise UserError(f"{uri!r} is no address of objects; must be s3://bucket/prefix")
        return cls(parts.netloc, uri.split("/", 3)[3] if uri.count("/") > 2 else "")

    def below(self, name: str) -> Location:
        """Return the place of a name in this one, taken as a folder."""
        return Location(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a list of the store names it."""

    location: Location
    num_bytes: int
    etag: str


class Objects:
    """The objects that one client sees.

    Parameters
    ----------
    client
        Of `boto3`, for S3.
    patience_seconds
        How long the store may be away before it is given up.
    keep_on
        Called before every request and every chunk; ends the work by raising.
    """

    def __init__(
        self,
        client: Any,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        keep_on: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._patience_seconds = patience_seconds
        self._keep_on = keep_on

    def list(self, prefix: Location) -> list[StoredObject]:
        """Return all objects whose keys begin so, by key."""
        found: list[StoredObject] = []
        token: dict[str, str] = {}
        while True:
            page = self._page(prefix, token)
            found += [
                StoredObject(Location(prefix.bucket, of["Key"]), of["Size"], of["ETag"])
                for of in page.get("Contents", ())
            ]
            if not page.get("IsTruncated"):
                return sorted(found, key=lambda item: item.location.key)
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def describe(self, location: Location) -> StoredObject:
        """Return what the store knows of one object; raises UserError where there is none."""
        head = self._patiently(
            lambda: self._client.head_object(Bucket=location.bucket, Key=location.key), location
        )
        return StoredObject(location, head["ContentLength"], head["ETag"])

    def read(self, location: Location, most_bytes: int) -> bytes:
        """Return the bytes of a small object."""
        item = self.describe(location)
        if item.num_bytes > most_bytes:
            raise UserError(
                f"{location}: {item.num_bytes:,} bytes are too many; at most {most_bytes:,}"
            )
        return b"".join(self.chunks(item))

    def chunks(self, item: StoredObject) -> Iterator[bytes]:
        """Yield the bytes of an object; a broken connection is taken up where it broke.

        Raises
        ------
        UserError
            The object is gone, forbidden or was written anew meanwhile.
        PlatformError
            The store stayed away.
        """
        place, done = item.location, 0
        pauses = _Pauses(self._patience_seconds)
        while done < item.num_bytes:
            self._keep_on()
            try:
                for chunk in self._ranged(item, done):
                    self._keep_on()
                    done += len(chunk)
                    pauses = _Pauses(self._patience_seconds)
                    yield chunk
            except (BotoCoreError, ClientError, *_AWAY) as error:
                self._wait_or_raise(error, place, pauses)

    def download(self, item: StoredObject, path: Path) -> None:
        """Write an object to a file.

        Raises
        ------
        FullDiskError
            The disk is full; nothing of the file stays.
        """
        what = str(item.location)
        with naming_full_disk(what, path, item.num_bytes), path.open("wb") as file:
            for chunk in self.chunks(item):
                file.write(chunk)

    def upload(self, path: Path, location: Location) -> None:
        """Write a file to an object; a large one in parts."""
        self._patiently(
            lambda: self._client.upload_file(str(path), location.bucket, location.key), location
        )

    def delete(self, location: Location) -> None:
        """Take an object away, if it is there."""
        self._patiently(
            lambda: self._client.delete_object(Bucket=location.bucket, Key=location.key), location
        )

    def _page(self, prefix: Location, token: dict[str, str]) -> dict[str, Any]:
        page: dict[str, Any] = self._patiently(
            lambda: self._client.list_objects_v2(Bucket=prefix.bucket, Prefix=prefix.key, **token),
            prefix,
        )
        return page

    def _ranged(self, item: StoredObject, start: int) -> Iterator[bytes]:
        place = item.location
        answer = self._client.get_object(
            Bucket=place.bucket, Key=place.key, Range=f"bytes={start}-", IfMatch=item.etag
        )
        with closing(answer["Body"]) as body:
            yield from body.iter_chunks(_CHUNK_BYTES)

    def _patiently(self, call: Callable[[], T], place: Location) -> T:
        pauses = _Pauses(self._patience_seconds)
        while True:
            self._keep_on()
            try:
                return call()
            except (BotoCoreError, ClientError, S3UploadFailedError, *_AWAY) as error:
                self._wait_or_raise(error, place, pauses)

    def _wait_or_raise(self, error: Exception, place: Location, pauses: _Pauses) -> None:
        if not _may_pass(error):
            _refuse(error, place)
        if not pauses.has_time:
            raise PlatformError(
                f"the object store stayed away for {self._patience_seconds:g} seconds while "
                f"{place} was asked for: {_one_line(error)}"
            ) from error
        _LOGGER.info("%s: the object store is away, trying again: %s", place, _one_line(error))
        pauses.wait(self._keep_on)


class _Pauses:
    """Pauses that grow, until a deadline."""

    def __init__(self, patience_seconds: float) -> None:
        self._deadline = time.monotonic() + patience_seconds
        self._seconds = _FIRST_PAUSE_SECONDS

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self._deadline

    def wait(self, keep_on: Callable[[], None]) -> None:
        end = time.monotonic() + self._seconds
        while (left := end - time.monotonic()) > 0:
            keep_on()
            time.sleep(min(left, 0.2))
        self._seconds = min(2 * self._seconds, _LONGEST_PAUSE_SECONDS)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, S3UploadFailedError):
        cause = error.__cause__ or error.__context__
        return not isinstance(cause, ClientError) or _may_pass(cause)
    if isinstance(error, ClientError):
        return _status(error) >= 500 or _code(error) in ("SlowDown", "RequestTimeout")
    return isinstance(error, _AWAY)


def _refuse(error: Exception, place: Location) -> NoReturn:
    cause = error.__cause__ or error.__context__
    refusal = cause if isinstance(error, S3UploadFailedError) else error
    if not isinstance(refusal, ClientError):
        raise PlatformError(f"{place}: {_one_line(error)}") from error
    code, status = _code(refusal), _status(refusal)
    if code == "NoSuchBucket":
        raise UserError(f"{place}: there is no bucket {place.bucket}") from error
    if status == 404:
        raise UserError(f"{place}: there is no such object") from error
    if status == 403:
        raise UserError(f"{place}: the object store denies access ({code})") from error
    if status == 412:
        raise UserError(f"{place}: the object was written anew while it was read") from error
    raise PlatformError(f"{place}: the object store answers {code}: {refusal}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
