"""Rows of fifos: writers that are late, stall, stop early or never come."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from pairloom.batch import RowBatch
from pairloom.data import FifoRows, FileOptions, RowFiles, RowsInterruptedError
from pairloom.errors import DataError, DataFormatError, UserError
from pairloom.formats import read_recordio, write_recordio
from pairloom.formats.file_format import FileFormat


def recordio(tmp_path: Path, num_rows: int = 1000, seed: int = 0) -> bytes:
    random = np.random.default_rng(seed)
    values = random.normal(size=(num_rows, 20)).astype(np.float32)
    rows = RowBatch(20, values=values, labels=(values[:, 0] > 0).astype(np.float32))
    write_recordio(tmp_path / "rows.pbr", rows)
    return (tmp_path / "rows.pbr").read_bytes()


class Writer(threading.Thread):
    """Offers one fifo after another, as the other side of Pipe mode does."""

    def __init__(
        self,
        channel: Path,
        contents: list[bytes],
        *,
        piece_bytes: int = 1 << 16,
        late_seconds: float = 0,
    ) -> None:
        super().__init__(daemon=True)
        self.channel, self.contents = channel, contents
        self.piece_bytes, self.late_seconds = piece_bytes, late_seconds
        self.broken = 0
        self.start()

    def run(self) -> None:
        for epoch, content in enumerate(self.contents):
            time.sleep(self.late_seconds)
            fifo = f"{self.channel}_{epoch}"
            os.mkfifo(fifo)
            time.sleep(self.late_seconds)
            with open(fifo, "wb", buffering=0) as file:  # noqa: PTH123  as writers do
                try:
                    for begin in range(0, len(content), self.piece_bytes):
                        file.write(content[begin : begin + self.piece_bytes])
                except BrokenPipeError:
                    self.broken += 1


def fifo_rows(
    tmp_path: Path,
    file_format: FileFormat = "recordio",
    *,
    feature_dim: int = 20,
    wait_seconds: float = 20,
    stop_requested: Callable[[], bool] = lambda: False,
) -> FifoRows:
    return FifoRows(
        RowFiles(FileOptions(format=file_format), learns=True),
        tmp_path / "train",
        feature_dim=feature_dim,
        predictor_type="binary_classifier",
        wait_seconds=wait_seconds,
        stop_requested=stop_requested,
    )


def assert_same_rows(rows: RowBatch, expected: RowBatch) -> None:
    for name in ("row_offsets", "feature_ids", "values", "labels"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(expected, name))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize("late_seconds", [0, 0.15])
def test_each_epoch_reads_its_own_fifo_however_late(
    pack: Callable[[bytes], bytes], late_seconds: float, tmp_path: Path
) -> None:
    contents = [recordio(tmp_path, seed=seed) for seed in range(3)]
    Writer(tmp_path / "train", [pack(content) for content in contents], late_seconds=late_seconds)
    rows = fifo_rows(tmp_path)
    for epoch, content in enumerate(contents):
        (tmp_path / "rows.pbr").write_bytes(content)
        assert_same_rows(rows.rows_of(epoch), read_recordio(tmp_path / "rows.pbr"))


@settings(max_examples=20, deadline=None)
@given(num_rows=st.integers(1, 60), piece_bytes=st.integers(1, 300))
def test_rows_do_not_depend_on_how_the_writer_cuts_its_bytes(
    num_rows: int, piece_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fifo")
    content = recordio(folder, num_rows)
    Writer(folder / "train", [content], piece_bytes=piece_bytes)
    assert_same_rows(fifo_rows(folder).rows_of(0), read_recordio(folder / "rows.pbr"))


def test_text_and_tables_come_through_fifos_too(tmp_path: Path) -> None:
    Writer(tmp_path / "train", [b"1 0:1 2:4\n-1 1:2\n", b"1 1:1 2:4\n"])
    rows = fifo_rows(tmp_path, "libsvm", feature_dim=3)
    assert [rows.rows_of(epoch).num_nonzeros for epoch in range(2)] == [3, 2]
    (tmp_path / "csv").mkdir()
    Writer(tmp_path / "csv/train", [b"a,label\n1,1\n2,0\n", b"label,a\n0,3\n"])
    rows = fifo_rows(tmp_path / "csv", "csv", feature_dim=1)
    assert rows.rows_of(0).num_rows == 2
    assert np.asarray(rows.rows_of(1).values).tolist() == [[3]]


def test_categories_of_a_stream_are_refused_unless_hashed(tmp_path: Path) -> None:
    Writer(tmp_path / "train", [b"a,label\nx,1\ny,0\n"])
    with pytest.raises(UserError, match=r"train_0: column a holds categories.*hash_bits"):
        fifo_rows(tmp_path, "csv", feature_dim=2).rows_of(0)


def test_writer_that_ends_inside_a_record_is_told_with_the_place(tmp_path: Path) -> None:
    content = recordio(tmp_path)
    writer = Writer(tmp_path / "train", [content, content[: len(content) // 2 + 3]])
    rows = fifo_rows(tmp_path)
    rows.rows_of(0)
    with pytest.raises(DataFormatError, match=r"train_1: byte \d+, record \d+: "):
        rows.rows_of(1)
    writer.join(10)
    assert not writer.is_alive()


def test_compressed_stream_that_ends_early_is_told(tmp_path: Path) -> None:
    Writer(tmp_path / "train", [gzip.compress(recordio(tmp_path))[:-9]])
    with pytest.raises(DataFormatError, match="train_0: the gzip stream ends early"):
        fifo_rows(tmp_path).rows_of(0)


def test_bad_bytes_end_the_writer_instead_of_holding_it(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "train", [bytes(1 << 22)])
    with pytest.raises(DataFormatError, match="train_0: byte 0"):
        fifo_rows(tmp_path).rows_of(0)
    writer.join(10)
    assert writer.broken == 1


@pytest.mark.parametrize("file_format", ["recordio", "libsvm", "csv", "parquet"])
def test_empty_epoch_is_told_with_its_fifo(file_format: FileFormat, tmp_path: Path) -> None:
    Writer(tmp_path / "train", [b""])
    with pytest.raises(DataError, match="train_0: the fifo is empty; expected rows"):
        fifo_rows(tmp_path, file_format).rows_of(0)


def test_fifo_that_never_appears_is_told_in_time(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train_3: no such fifo for 0\.2 seconds"):
        fifo_rows(tmp_path, wait_seconds=0.2).rows_of(3)
    (tmp_path / "train_3").write_bytes(recordio(tmp_path))
    with pytest.raises(UserError, match="train_3: not a fifo"):
        fifo_rows(tmp_path).rows_of(3)


def test_writer_that_never_comes_or_stalls_is_told_in_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train_0")
    with pytest.raises(DataError, match=r"train_0: nothing was written after byte 0 for 0\.2"):
        fifo_rows(tmp_path, wait_seconds=0.2).rows_of(0)
    holder = os.open(tmp_path / "train_0", os.O_RDWR)
    os.write(holder, recordio(tmp_path)[:1000])
    with pytest.raises(DataError, match=r"train_0: nothing was written after byte 1,000 for"):
        fifo_rows(tmp_path, wait_seconds=0.2).rows_of(0)
    os.close(holder)


@pytest.mark.parametrize("state", ["no fifo", "no writer", "stalled"])
def test_request_to_stop_is_heard_while_waiting(state: str, tmp_path: Path) -> None:
    holder = None
    if state != "no fifo":
        os.mkfifo(tmp_path / "train_0")
    if state == "stalled":
        holder = os.open(tmp_path / "train_0", os.O_RDWR)
        os.write(holder, recordio(tmp_path)[:1000])
    stop = time.monotonic() + 0.2
    with pytest.raises(RowsInterruptedError):
        fifo_rows(tmp_path, stop_requested=lambda: time.monotonic() > stop).rows_of(0)
    assert time.monotonic() < stop + 5
    if holder is not None:
        os.close(holder)


WAITING = """
import signal, sys
from pathlib import Path
from pairloom.data import FifoRows, FileOptions, RowFiles, RowsInterruptedError
terminated = []
signal.signal(signal.SIGTERM, lambda *_: terminated.append(1))
rows = FifoRows(RowFiles(FileOptions(format="recordio")), Path(sys.argv[1]), feature_dim=2,
                predictor_type="regressor", stop_requested=lambda: bool(terminated))
print("waiting", flush=True)
try:
    rows.rows_of(0)
except RowsInterruptedError as error:
    sys.exit(f"stopped at {error}")
"""


def test_termination_ends_a_process_that_waits_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train_0")
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path / "train")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=20)
    assert error.strip() == f"stopped at {tmp_path / 'train_0'}"
