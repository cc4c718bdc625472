"""Rows streamed from an object store: SeaweedFS, and what may go wrong on the way to it."""

from __future__ import annotations

import gzip
import json
import random
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.runs import as_classes, bytes_of_run, dense_rows
from integration.short_runs import settings_of
from integration.streams import StopAfter, allow_small_streams, stream_of, write_shards
from pairloom.cli.program import main
from pairloom.data import FileOptions
from pairloom.data.sources.listing import list_source
from pairloom.data.sources.objects import Bucket
from pairloom.errors import DataError, PlatformError, UserError
from pairloom.training import Checkpoints, train
from unit.platform.objectstore.running_store import RunningStore

ROWS = as_classes(dense_rows(500))
BUCKET = "streamed"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    running = RunningStore(tmp_path_factory.mktemp("store"))
    folder = tmp_path_factory.mktemp("rows")
    running.client.create_bucket(Bucket=BUCKET)
    shards = write_shards(folder / "shards", ROWS, [100, 101, 350])
    for path in sorted(shards.iterdir()):
        content = path.read_bytes()
        put(running, f"rows/{path.name}", content)
        put(running, f"packed/{path.name}.gz", gzip.compress(content))
    put(running, "rows/_SUCCESS", b"")
    put(running, "rows/.hidden/x", b"no rows")
    put(running, "rows-of-another/part-0", b"no rows")
    yield running
    running.stop()


def put(store: RunningStore, key: str, content: bytes) -> None:
    store.client.put_object(Bucket=BUCKET, Key=key, Body=content)


@pytest.fixture(autouse=True)
def environment(store: RunningStore, monkeypatch: pytest.MonkeyPatch) -> None:
    allow_small_streams(monkeypatch)
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)
    monkeypatch.setattr("pairloom.data.sources.objects._LEAST_RANGE_BYTES", 700)
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.store.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.keys.secret_access_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def trained(prefix: str, **settings: Any) -> dict[str, str]:
    stream = stream_of(f"s3://{BUCKET}/{prefix}", FileOptions())
    return bytes_of_run(train(stream, settings_of(ROWS), **settings), ROWS, num_threads=1)


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    return bytes_of_run(train(ROWS, settings_of(ROWS)), ROWS, num_threads=1)


@pytest.mark.parametrize("prefix", ["rows", "rows/", "packed"])
def test_objects_give_the_bytes_of_rows_in_memory(prefix: str, expected: dict[str, str]) -> None:
    assert trained(prefix) == expected


def test_only_data_below_the_prefix_is_listed() -> None:
    shards = list_source(f"s3://{BUCKET}/rows")
    assert [shard.name.rpartition("/")[2] for shard in shards] == [
        f"part-{number:03d}" for number in range(4)
    ]
    one = list_source(f"s3://{BUCKET}/rows/part-002")
    assert [shard.name for shard in one] == [f"s3://{BUCKET}/rows/part-002"]


def test_shuffled_objects_give_the_bytes_of_shuffled_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pairloom.data.stream_memory._PARTS_IN_A_WINDOW", 2)
    chosen = settings_of(ROWS, shuffle=True, epochs=2)
    shards = write_shards(tmp_path / "shards", ROWS, [100, 101, 350])
    models = [
        train(stream_of(source, FileOptions()), chosen).model.factors.tobytes()
        for source in (shards, f"s3://{BUCKET}/rows")
    ]
    assert models[0] == models[1]


@pytest.mark.parametrize("prefix", ["rows", "packed"])
def test_a_stopped_run_goes_on_inside_an_object(
    prefix: str, expected: dict[str, str], tmp_path: Path
) -> None:
    for blocks in (11, 3, 14):
        saved = Checkpoints(tmp_path)
        trained(prefix, checkpoints=saved, stop_requested=StopAfter(blocks))
    assert trained(prefix, checkpoints=Checkpoints(tmp_path)) == expected


def test_connections_that_break_go_on_where_they_broke(
    store: RunningStore, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = {"max_retries": 5, "backoff": {"init_backoff": timedelta(milliseconds=2)}}
    monkeypatch.setattr("pairloom.data.sources.objects._RETRIES", hurried)
    monkeypatch.setattr("pairloom.data.sources.objects._FIRST_WAIT_SECONDS", 0.002)
    with Breaking(store.store.ports.s3) as breaking:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{breaking.port}")
        assert trained("rows") == expected
    assert breaking.broken > 5


class Breaking:
    """Passes bytes on to a port, and cuts each connection after some answers, often inside one."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._draw = random.Random(3)
        self.broken = 0
        self._passing: list[threading.Thread] = []
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Breaking:  # noqa: PYI034
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread in self._passing:
            thread.join()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                most = self._draw.randrange(5_000, 15_000)
                self._ends += (client, server)
                for pair in ((client, server, 10**9), (server, client, most)):
                    thread = threading.Thread(target=self._pass_on, args=pair, daemon=True)
                    self._passing.append(thread)
                    thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, most: int) -> None:
        with suppress(OSError):
            while most > 0 and (content := source.recv(min(most, 65536))):
                target.sendall(content)
                most -= len(content)
            self.broken += most <= 0
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_what_the_store_says_is_told_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"^s3://no-bucket/rows: there is no such bucket$"):
        list_source("s3://no-bucket/rows")
    with pytest.raises(DataError, match=r"^s3://streamed/none: there is no object of this name"):
        list_source(f"s3://{BUCKET}/none")
    with pytest.raises(UserError, match=r"^s3:///rows: expected s3://bucket/prefix"):
        list_source("s3:///rows")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    message = r"refuses to list objects of the bucket: SignatureDoesNotMatch; AWS_ACCESS_KEY_ID and"
    with pytest.raises(UserError, match=message):
        list_source(f"s3://{BUCKET}/rows")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    with pytest.raises(UserError, match="bucket: InvalidAccessKeyId; AWS_ACCESS_KEY_ID and"):
        list_source(f"s3://{BUCKET}/rows")


def test_an_object_that_is_replaced_or_removed_is_noticed(store: RunningStore) -> None:
    for change, message in (
        ("replace", "was replaced while it was"),
        ("remove", "is no longer there"),
    ):
        put(store, "changing/part-0", b"0123456789")
        (shard,) = list_source(f"s3://{BUCKET}/changing")
        if change == "replace":
            put(store, "changing/part-0", b"9876543210")
        else:
            store.client.delete_object(Bucket=BUCKET, Key="changing/part-0")
        named = rf"^s3://{BUCKET}/changing/part-0: the object {message}"
        with pytest.raises(DataError, match=named), shard.open(0, lambda: False, 10):
            pass


def test_a_store_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setattr("pairloom.data.sources.objects._RETRIES", {"max_retries": 1})
        monkeypatch.setattr("pairloom.data.sources.objects._ATTEMPTS", 2)
        with pytest.raises(PlatformError, match=r"could not list objects of the bucket: no answer"):
            list_source(f"s3://{BUCKET}/rows")


def test_the_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(UserError, match=r"pip install 'pairloom\[s3\]'"):
        Bucket(BUCKET)


def test_training_on_the_command_line_takes_objects(
    tmp_path: Path, expected: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "--train", f"s3://{BUCKET}/rows", "--output", str(tmp_path / "model")]
    shape = ["--num-factors", "6", "--predictor-type", "binary_classifier", "--quiet"]
    rates = ["--epochs", "4", "--mini-batch-size", "40", "--factors-lr", "0.02"]
    assert main([*arguments, *shape, *rates, "--linear-lr", "0.02"]) == 0
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text())
    whole = train(ROWS, settings_of(ROWS)).history[-1].train
    assert metrics["history"][-1]["train"] == whole
    capsys.readouterr()
    other = ["train", "--train", f"s3://{BUCKET}/none", "--output", str(tmp_path / "other")]
    assert main([*other, *shape]) == 2
    said = "pairloom: s3://streamed/none: there is no object of this name, and none below it\n"
    assert capsys.readouterr().err == said
