"""Training on streamed rows: rows per second beside rows in memory and beside the disk alone.

Recordio-protobuf of `--gigabytes` is written, after a look at the disk, and deleted in the end.
Each measure runs in a process of its own, one after the other, for `--rounds` rounds:

- reading every file, whose pages were dropped before;
- an epoch on rows in memory, of the first files, by the threads that streaming leaves for training,
  and a second, for which mini-batches are prepared already;
- `stream`: an epoch on the stream, its pages dropped before, with the growth of resident memory
  beside the model;
- `cache`: an epoch on the stream that keeps its rows packed, and a second that reads these.

Ratios are taken within a round, to the first epoch in memory and, of the cache, to the second too.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from machine import describe_machine
from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowStream
from pairloom.formats import read_recordio, write_recordio
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.runtime import allowed_threads
from pairloom.training import EpochEvent, TrainingEvent, TrainingState, train

NUM_FIELDS, FEATURE_DIM = 39, 1_000_000
ROWS_OF_A_SHARD, DRAWN_SHARDS = 100_000, 4
IN_MEMORY_BYTES = 500 << 20
SPARE_BYTES = 2 << 30
READ_BYTES = 8 << 20


def draw_rows(seed: int) -> RowBatch:
    """Return one-hot rows, some features far more often than others."""
    draw = np.random.default_rng(seed)
    width = FEATURE_DIM // NUM_FIELDS
    ranks = (draw.power(0.15, (ROWS_OF_A_SHARD, NUM_FIELDS)) * width).astype(np.int32)
    return RowBatch(
        FEATURE_DIM,
        row_offsets=np.arange(0, ranks.size + 1, NUM_FIELDS, dtype=np.int64),
        feature_ids=(np.arange(NUM_FIELDS, dtype=np.int32) * width + ranks).ravel(),
        labels=(draw.random(ROWS_OF_A_SHARD) < 0.25).astype(np.float32),
    )


def write_shards(folder: Path, num_bytes: int) -> None:
    """Write a few shards and copies of them, up to so many bytes."""
    for seed in range(DRAWN_SHARDS):
        write_recordio(folder / f"shard-{seed:05d}", draw_rows(seed))
    size = (folder / "shard-00000").stat().st_size
    for number in range(DRAWN_SHARDS, max(DRAWN_SHARDS, num_bytes // size)):
        shutil.copy(folder / f"shard-{number % DRAWN_SHARDS:05d}", folder / f"shard-{number:05d}")


def settings(epochs: int = 1) -> Hyperparameters:
    return resolve(
        {
            "feature_dim": FEATURE_DIM,
            "num_factors": 8,
            "predictor_type": "binary_classifier",
            "epochs": epochs,
            "mini_batch_size": 1000,
        }
    )


def stream_of(folder: Path, max_memory_bytes: int, cache: Path | None = None) -> RowStream:
    return RowStream.of(
        folder,
        options=FileOptions(format="recordio"),
        feature_dim=FEATURE_DIM,
        predictor_type="binary_classifier",
        max_memory_bytes=max_memory_bytes,
        cache_folder=cache,
    )


def drop_pages(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_files(folder: Path, _: int) -> dict[str, float]:
    """Read all bytes from the disk; bytes per second."""
    drop_pages(folder)
    buffer, num_bytes, began = bytearray(READ_BYTES), 0, time.perf_counter()
    for path in sorted(folder.iterdir()):
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                num_bytes += count
    return {"bytes_per_second": num_bytes / (time.perf_counter() - began)}


def train_in_memory(folder: Path, max_memory_bytes: int) -> dict[str, float]:
    """Train on rows in memory; rows per second of each epoch alone."""
    paths = sorted(folder.iterdir())
    held = paths[: max(1, IN_MEMORY_BYTES // paths[0].stat().st_size)]
    rows = read_recordio(held, feature_dim=FEATURE_DIM, predictor_type="binary_classifier")
    threads = max(1, allowed_threads() - stream_of(folder, max_memory_bytes).num_threads)
    state = TrainingState.initial(settings(epochs=2))
    ends = [time.process_time()]
    first, second = train(
        rows,
        settings(epochs=2),
        state=state,
        num_threads=threads,
        on_event=lambda event: note_end(ends, event),
    ).history
    return {
        "rows_per_second": first.rows / first.seconds,
        "rows_per_processor_second": first.rows / (ends[1] - ends[0]),
        "second": second.rows / second.seconds,
    }


def note_end(ends: list[float], event: TrainingEvent) -> None:
    """Add the processor time that had passed when an epoch ended."""
    if isinstance(event, EpochEvent):
        ends.append(time.process_time())


def train_on_stream(folder: Path, max_memory_bytes: int) -> dict[str, float]:
    """Train on the stream, read from the disk; rows per second and the growth of memory."""
    with tempfile.TemporaryDirectory() as small:
        shutil.copy(folder / "shard-00000", small)
        train(stream_of(Path(small), 4 << 20), settings())
    gc.collect()
    drop_pages(folder)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = peak_bytes()
    (event,) = train(stream_of(folder, max_memory_bytes), settings()).history
    model_bytes = 4 * 3 * FEATURE_DIM * (1 + settings().num_factors)  # Adam's two states among it
    return {
        "rows_per_second": event.rows / event.seconds,
        "rows": event.rows,
        "grown_bytes": peak_bytes() - before - model_bytes,
    }


def train_on_cache(folder: Path, max_memory_bytes: int) -> dict[str, float]:
    """Train an epoch on the stream and one on its cache; rows per second, and the cache's bytes."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as cache:
        stream = stream_of(folder, max_memory_bytes, Path(cache))
        ends: list[float] = []
        first, second = train(
            stream, settings(epochs=2), on_event=lambda event: note_end(ends, event)
        ).history
        (packed,) = Path(cache).iterdir()
        return {
            "first": first.rows / first.seconds,
            "second": second.rows / second.seconds,
            "second_per_processor_second": second.rows / (ends[1] - ends[0]),
            "bytes": packed.stat().st_size,
        }


def peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return 1024 * int(peak.split()[1])


MEASURES: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "disk": read_files,
    "memory": train_in_memory,
    "stream": train_on_stream,
    "cache": train_on_cache,
}


def measured(name: str, folder: Path, max_memory_bytes: int) -> dict[str, float]:
    child = subprocess.run(
        [sys.executable, __file__, "--measure", name, str(folder), str(max_memory_bytes)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(child.stdout)
    return found


def compare(folder: Path, max_memory_bytes: int, rounds: int) -> None:
    num_bytes = sum(path.stat().st_size for path in folder.iterdir())
    bound = f"{max_memory_bytes / 1e6:,.0f} MB"
    print(f"{num_bytes / 1e9:.2f} GB in {len(list(folder.iterdir()))} shards, {bound} of memory")
    ratios = []
    for _ in range(rounds):
        disk, memory, stream = (
            measured(name, folder, max_memory_bytes) for name in ("disk", "memory", "stream")
        )
        disk_rows = disk["bytes_per_second"] * stream["rows"] / num_bytes
        ratios.append(stream["rows_per_second"] / min(disk_rows, memory["rows_per_second"]))
        print(
            f"disk {disk['bytes_per_second'] / 1e6:6,.0f} MB/s, {disk_rows:10,.0f} rows/s"
            f"   in memory {memory['rows_per_second']:9,.0f} rows/s"
            f"   streamed {stream['rows_per_second']:9,.0f} rows/s"
            f"   ratio to the slower {ratios[-1]:4.2f}"
            f"   memory grew by {stream['grown_bytes'] / 1e6:5,.0f} MB"
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


def compare_cache(folder: Path, max_memory_bytes: int, rounds: int) -> None:
    num_bytes = sum(path.stat().st_size for path in folder.iterdir())
    ratios, processor_ratios, later_ratios = [], [], []
    for _ in range(rounds):
        memory, cache = (measured(name, folder, max_memory_bytes) for name in ("memory", "cache"))
        ratios.append(cache["second"] / memory["rows_per_second"])
        processor_ratios.append(
            cache["second_per_processor_second"] / memory["rows_per_processor_second"]
        )
        later_ratios.append(cache["second"] / memory["second"])
        print(
            f"in memory {memory['rows_per_second']:9,.0f} rows/s, then {memory['second']:9,.0f}"
            f"   keeping the cache {cache['first']:9,.0f} rows/s"
            f"   from the cache {cache['second']:9,.0f} rows/s"
            f"   ratio to memory {ratios[-1]:4.2f}, then {later_ratios[-1]:4.2f}"
            f"   by processor time {processor_ratios[-1]:4.2f}"
            f"   cache to recordio {cache['bytes'] / num_bytes:4.2f}"
        )
    print(
        f"median ratio {statistics.median(ratios):.2f}, to the second epoch in memory "
        f"{statistics.median(later_ratios):.2f}, "
        f"by processor time {statistics.median(processor_ratios):.2f}"
    )


TABLES: dict[str, Callable[[Path, int, int], None]] = {"stream": compare, "cache": compare_cache}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--max-memory-megabytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; the system's by default")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        name, folder, max_memory_bytes = arguments.measure
        print(json.dumps(MEASURES[name](Path(folder), int(max_memory_bytes))))
        return
    print("\n".join(describe_machine()))
    num_bytes = int(arguments.gigabytes * 1e9)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as beside:
        free = shutil.disk_usage(beside).free
        if free < num_bytes + SPARE_BYTES:
            sys.exit(
                f"{beside}: {free / 1e9:.1f} GB free; {num_bytes / 1e9:.1f} GB and 2 are needed"
            )
        folder = Path(beside) / "shards"
        folder.mkdir()
        write_shards(folder, num_bytes)
        for table in arguments.tables:
            TABLES[table](folder, arguments.max_memory_megabytes * 10**6, arguments.rounds)


if __name__ == "__main__":
    main()
