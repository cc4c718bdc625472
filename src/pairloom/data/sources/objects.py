"""Objects of a store that speaks S3, read by range, some ranges ahead."""

from __future__ import annotations

import io
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from pairloom.data.epoch_rows import RowsInterruptedError
from pairloom.data.sources.shard import ByteStream, skip_bytes
from pairloom.data.sources.store_errors import explained
from pairloom.errors import DataError, UserError
from pairloom.formats.compression import PlainBytes

T = TypeVar("T")

SCHEME = "s3://"
DEFAULT_READ_AHEAD_BYTES = 64 << 20

_RANGES_AHEAD = 8
_REQUESTS = 8
_BEYOND_BYTES = 1 << 14
_LEAST_RANGE_BYTES, _MOST_RANGE_BYTES = 1 << 18, 8 << 20
_HEAD_BYTES = 16
_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.2
_POLL_SECONDS = 0.1
# The client's own, with growing pauses; on top, a range that fails in the end is asked for again.
_RETRIES: Any = {"max_retries": 5}
_LOCATION = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)


def is_object_location(source: str) -> bool:
    """Say whether a source lies in an object store."""
    return source.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class ObjectShard:
    """An object.

    Attributes
    ----------
    bucket
        Where it lies.
    key
        Its name there.
    num_bytes
        Its size.
    tag
        What the store calls its content.
    """

    bucket: Bucket
    key: str
    num_bytes: int
    tag: str | None

    @property
    def name(self) -> str:
        return f"{SCHEME}{self.bucket.name}/{self.key}"

    def version(self) -> str:
        """Return size and tag."""
        return f"{self.num_bytes} {self.tag}"

    def written_at(self) -> str:
        """Say nothing: the tag is another for other bytes."""
        return ""

    def splits(self) -> bool:
        """Say whether it is not compressed."""
        return not self._is_compressed()

    def prepare(self, offset: int, expected_end: int) -> None:
        """Ask for the first bytes from there, if there is room for them."""
        self.bucket.ask(self, offset, expected_end, early=True)

    @contextmanager
    def open(
        self, offset: int, stop_requested: Callable[[], bool], expected_end: int
    ) -> Iterator[ByteStream]:
        """Open the bytes, decompressed, from an offset on."""
        seekable = offset == 0 or not self._is_compressed()
        stream = _ObjectStream(self, offset if seekable else 0, stop_requested, expected_end)
        try:
            if offset > 0 and seekable:
                yield stream
                return
            plain = PlainBytes(stream, self.name)
            skip_bytes(plain, offset, self.name)
            yield plain
        finally:
            stream.close()

    def _is_compressed(self) -> bool:
        found = self.bucket.compressed.get(self.key)
        if found is None:
            head = self.read(0, min(_HEAD_BYTES, self.num_bytes))
            found = PlainBytes(io.BytesIO(head), self.name).compression is not None
            self.bucket.compressed[self.key] = found
        return found

    def read(self, begin: int, end: int) -> memoryview:
        """Read a range, and again where the connection breaks.

        Raises
        ------
        UserError
            The store has no such object any more, another content by now, or refuses.
        PlatformError
            It does not answer.
        """
        if end <= begin:
            return memoryview(b"")
        return self.bucket.read(self.key, begin, end, self.tag)


class Range(NamedTuple):
    """A range that was asked for: where it ends, and its bytes to come."""

    end: int
    content: Future[memoryview]


class Bucket:
    """A bucket, reached as the usual variables of the environment say.

    `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`,
    `AWS_ENDPOINT_URL`.

    Parameters
    ----------
    name
        Its name.
    read_ahead_bytes
        What ranges of the object being read, and those of the next ones, may each take before
        they are needed.
    """

    def __init__(self, name: str, read_ahead_bytes: int = DEFAULT_READ_AHEAD_BYTES) -> None:
        self.name = name
        self.read_ahead_bytes = read_ahead_bytes
        self._store = _store(name)
        self._requests = ThreadPoolExecutor(_REQUESTS, thread_name_prefix="pairloom-ranges")
        self.compressed: dict[str, bool] = {}  # by key, of those that were looked at
        self._early: dict[tuple[str, int], Range] = {}
        self._asking = threading.Lock()

    @property
    def range_bytes(self) -> int:
        """Return how many bytes one request asks for."""
        share = self.read_ahead_bytes // _RANGES_AHEAD
        return max(_LEAST_RANGE_BYTES, min(share, _MOST_RANGE_BYTES))

    @property
    def ranges_ahead(self) -> int:
        """Return how many requests are made before their bytes are asked for."""
        return max(1, min(_RANGES_AHEAD, self.read_ahead_bytes // self.range_bytes))

    def list(self, prefix: str) -> list[ObjectShard]:
        """List the one object of this name, or those below it as below a folder, by their keys.

        Raises
        ------
        UserError
            There is no such bucket, or no object, or the store refuses.
        PlatformError
            It does not answer.
        """
        import obstore  # noqa: PLC0415  an optional library

        location = f"{SCHEME}{self.name}/{prefix}"
        found = _tried_again(
            lambda: [one for page in obstore.list(self._store, prefix or None) for one in page],
            location,
            "list objects of the bucket",
        )
        if not found and prefix and not prefix.endswith("/"):
            with _nothing_where_missing():
                found = [obstore.head(self._store, prefix)]
        shards = [
            ObjectShard(self, one["path"], one["size"], one["e_tag"])
            for one in sorted(found, key=lambda one: one["path"])
            if one["path"] == prefix or _is_data(one["path"][len(prefix) :])
        ]
        if not shards:
            raise DataError(f"{location}: there is no object of this name, and none below it")
        return shards

    def ask(
        self, shard: ObjectShard, begin: int, expected_end: int, *, early: bool = False
    ) -> Range | None:
        """Ask for the range that begins there, unless that was done; None where the object ends.

        It goes little beyond `expected_end`, and far enough for a record that ends there. What is
        asked for early takes no more than `read_ahead_bytes`: beyond, None is returned.
        """
        beyond = max(expected_end, begin) + _BEYOND_BYTES
        end = min(begin + self.range_bytes, beyond, shard.num_bytes)
        if begin >= end:
            return None
        place = shard.key, begin
        with self._asking:
            asked = self._early.get(place) if early else self._early.pop(place, None)
            if asked is not None:
                return asked
            if early and (1 + len(self._early)) * self.range_bytes > self.read_ahead_bytes:
                return None
            asked = Range(end, self._requests.submit(shard.read, begin, end))
            if early:
                self._early[place] = asked
            return asked

    def read(self, key: str, begin: int, end: int, tag: str | None) -> memoryview:
        """Read a range of an object that has this tag, and again where the connection breaks."""
        import obstore  # noqa: PLC0415  an optional library

        options: Any = {"range": (begin, end), **({} if tag is None else {"if_match": tag})}
        content = _tried_again(
            lambda: obstore.get(self._store, key, options=options).bytes(),
            f"{SCHEME}{self.name}/{key}",
            "read the object",
        )
        return memoryview(content)


class _ObjectStream(io.RawIOBase):
    """The bytes of an object, some ranges of which are always on their way."""

    def __init__(
        self,
        shard: ObjectShard,
        offset: int,
        stop_requested: Callable[[], bool],
        expected_end: int,
    ) -> None:
        self._shard = shard
        self._expected_end = expected_end
        self._stop_requested = stop_requested
        self._next = offset
        self._coming: deque[Future[memoryview]] = deque()
        self._there = memoryview(b"")
        self._ask()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next, at least a byte; 0 at the end."""
        if not len(self._there):
            if not self._coming:
                self._ask(beyond=True)
            if not self._coming:
                return 0
            self._there = self._wait_for(self._coming[0])
            self._coming.popleft()
            self._ask()
        count = min(len(buffer), len(self._there))
        buffer[:count] = self._there[:count]
        self._there = self._there[count:]
        return count

    def close(self) -> None:
        for future in self._coming:
            future.cancel()
        self._coming.clear()
        super().close()

    def _ask(self, *, beyond: bool = False) -> None:
        bucket = self._shard.bucket
        most = 1 if beyond else bucket.ranges_ahead
        while len(self._coming) < most and (beyond or self._next < self._expected_end):
            asked = bucket.ask(self._shard, self._next, self._expected_end)
            if asked is None:
                return
            self._next = asked.end
            self._coming.append(asked.content)

    def _wait_for(self, future: Future[memoryview]) -> memoryview:
        while not wait([future], _POLL_SECONDS).done:
            if self._stop_requested():
                raise RowsInterruptedError(self._shard.name)
        return future.result()


def list_objects(source: str, read_ahead_bytes: int) -> list[ObjectShard]:
    """List the objects of `s3://bucket/name`, or below it as below a folder, by their keys.

    Names that begin with a dot or an underscore are no data.

    Raises
    ------
    UserError
        There is no such bucket or object, the store refuses, or its client is not installed.
    PlatformError
        The store does not answer.
    """
    found = _LOCATION.fullmatch(source)
    if found is None:
        raise UserError(f"{source}: expected s3://bucket/prefix")
    return Bucket(found[1], read_ahead_bytes).list(found[2])


def _is_data(below: str) -> bool:
    parts = below.strip("/").split("/")
    return not below.endswith("/") and not any(part.startswith((".", "_")) for part in parts)


def _store(bucket: str) -> Any:
    try:
        from obstore.store import S3Store  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(
            f"{SCHEME}{bucket}: object stores need {error.name}, which is not installed: "
            "pip install 'pairloom[s3]'"
        ) from error
    with explained(f"{SCHEME}{bucket}", "reach the bucket"):
        return S3Store(bucket, client_options={"allow_http": True}, retry_config=_RETRIES)


def _tried_again(work: Callable[[], T], location: str, doing: str) -> T:
    """Do what may fail in the middle of an answer, which the client takes for the end."""
    from obstore import exceptions  # noqa: PLC0415  an optional library

    for attempt in range(_ATTEMPTS - 1):
        with explained(location, doing):
            try:
                return work()
            except exceptions.GenericError as error:
                if "status code" in str(error):
                    raise
        time.sleep(_FIRST_WAIT_SECONDS * 2**attempt)
    with explained(location, doing):
        return work()


@contextmanager
def _nothing_where_missing() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return
