"""A batch transform from the first file to the last."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Semaphore
from typing import BinaryIO, Protocol

from pairloom.errors import DataError, PairloomError, UserError
from pairloom.formats.complete_file import written_beside
from pairloom.serving.transform.inputs import list_inputs
from pairloom.serving.transform.processing import DataProcessing
from pairloom.serving.transform.records import joined, read_payloads
from pairloom.serving.transform.settings import TransformSettings


class Body(Protocol):
    """What is asked of an answer."""

    @property
    def body(self) -> bytes: ...


class Invocation(Protocol):
    """What answers requests, from several threads at once: a predictor's `invoke`, an endpoint."""

    def __call__(self, body: bytes, content_type: str, accept: str | None, /) -> Body: ...


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that has no answers, and why."""

    path: Path
    error: Exception


@dataclass(frozen=True, slots=True)
class TransformResult:
    """Output files that were written, and input files that failed."""

    written: tuple[Path, ...]
    failed: tuple[FailedFile, ...]


def transform(
    source: Path, target: Path, invoke: Invocation, settings: TransformSettings
) -> TransformResult:
    """Send the records of files to a model and write its answers beside each other.

    A file of input gives `<input>.out` in the folder `target`, in the order of its records. A
    file with one wrong record or answer gives nothing; the others are written all the same.

    Parameters
    ----------
    source
        A file, a folder, or what the paths of several files begin with.
    target
        Folder of the output; files and folders inside `source` keep their names in it.
    invoke
        Answers a request: body, content type and accept. `Predictor(model).invoke`, or an
        `Endpoint`.
    settings
        How files become requests and answers become files.

    Raises
    ------
    DataError
        There is no input.
    """
    return transform_files(list_inputs(source, target), invoke, settings)


def transform_files(
    files: Sequence[tuple[Path, Path]],
    invoke: Invocation,
    settings: TransformSettings,
    *,
    on_end: Callable[[Path, Exception | None], None] = lambda *_: None,
) -> TransformResult:
    """Do what `transform` does with files of input that each name their file of output.

    `on_end` is called, by one thread at a time, when a file is done: with its path, and what went
    wrong if anything did.
    """
    with closing(_Requests(invoke, settings)) as requests:
        job = _Job(requests, settings, on_end)
        with ThreadPoolExecutor(settings.max_concurrent_transforms) as workers:
            done = [workers.submit(job.run, *pair) for pair in files]
            try:
                errors = [future.result() for future in done]
            except BaseException:
                requests.stop.set()
                raise
    results = list(zip(files, errors, strict=True))
    return TransformResult(
        tuple(output for (_, output), error in results if error is None),
        tuple(FailedFile(file, error) for (file, _), error in results if error is not None),
    )


class _Requests:
    """Requests under way, at most as many as the settings allow; so their payloads fit memory."""

    def __init__(self, invoke: Invocation, settings: TransformSettings) -> None:
        self._invoke = invoke
        self._settings = settings
        self._places = Semaphore(settings.max_concurrent_transforms)
        self._pool = ThreadPoolExecutor(settings.max_concurrent_transforms)
        self.stop = Event()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def take_place(self, *, wait: bool) -> bool:
        return self._places.acquire(blocking=wait)

    def leave_place(self) -> None:
        self._places.release()

    def send(self, body: bytes) -> Future[bytes]:
        if self.stop.is_set():
            raise UserError("the transform was stopped")
        return self._pool.submit(self._answer, body)

    def _answer(self, body: bytes) -> bytes:
        return self._invoke(body, self._settings.content_type, self._settings.accept).body


class _Job:
    """Turns one file after the other into its output."""

    def __init__(
        self,
        requests: _Requests,
        settings: TransformSettings,
        on_end: Callable[[Path, Exception | None], None],
    ) -> None:
        self._requests = requests
        self._settings = settings
        self._on_end = on_end
        self._telling = Lock()
        self._processing = DataProcessing(settings) if settings.processes_data else None

    def run(self, source: Path, target: Path) -> Exception | None:
        """Write one file; return what went wrong, if anything did, and leave no answers then."""
        error = self._write_answers(source, target)
        with self._telling:
            self._on_end(source, error)
        return error

    def _write_answers(self, source: Path, target: Path) -> Exception | None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file():
                target.unlink()
            with written_beside(target) as partial, partial.open("wb") as file:
                for answer in self._answers(source):
                    self._write(file, answer)
        except (PairloomError, OSError) as error:
            return error
        return None

    def _write(self, file: BinaryIO, answer: bytes) -> None:
        file.write(answer)
        if self._settings.assemble_with == "Line" and answer and not answer.endswith(b"\n"):
            file.write(b"\n")

    def _answers(self, source: Path) -> Iterator[bytes]:
        """Yield the answers of a file in the order of its records.

        A place is waited for only when no request of the file is under way: two files never wait
        for each other.
        """
        under_way: deque[_Request] = deque()
        first = 1
        try:
            for records in read_payloads(source, self._settings):
                while not self._requests.take_place(wait=not under_way):
                    yield self._next_answer(under_way)
                under_way.append(self._sent(first, records))
                first += len(records)
            while under_way:
                yield self._next_answer(under_way)
        finally:
            for request in under_way:
                request.future.cancel()
                self._requests.leave_place()

    def _sent(self, first: int, records: list[bytes]) -> _Request:
        place = "" if self._settings.split_type == "None" else _range(first, len(records))
        try:
            with _placed(place):
                sent = records
                if self._processing is not None:
                    sent = self._processing.filter_inputs(records)
                future = self._requests.send(joined(sent, self._settings))
        except BaseException:
            self._requests.leave_place()
            raise
        return _Request(place, records if self._processing else [], future)

    def _next_answer(self, under_way: deque[_Request]) -> bytes:
        request = under_way.popleft()
        with _placed(request.place):
            try:
                answer = request.future.result()
            finally:
                self._requests.leave_place()
            if self._processing is None:
                return answer
            return self._processing.join_outputs(request.records, answer)


@dataclass(frozen=True, slots=True)
class _Request:
    place: str  # for messages
    records: list[bytes]  # if they are needed again
    future: Future[bytes]


def _range(first: int, count: int) -> str:
    return f"record {first}: " if count == 1 else f"records {first} to {first + count - 1}: "


@contextmanager
def _placed(place: str) -> Iterator[None]:
    """Say which records of the file an error is about."""
    try:
        yield
    except UserError as error:
        raise DataError(f"{place}{error}") from error
