"""Runs that the benchmark of several workers compares: over Ray, alone side by side, by phases."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from click_data import ClickData, ClickRows, load_click_data
from contestants import SETTINGS
from pairloom._core import Trainer
from pairloom.batch import RowBatch
from pairloom.distributed import (
    DistributedSettings,
    LocalWorker,
    Owner,
    RoundSummary,
    RowDifferences,
)
from pairloom.distributed.ownership import touched_by_owner
from pairloom.distributed.ray_actors import ActorOrder
from pairloom.distributed.rounds import RoundLoop
from pairloom.distributed.run_record import RunRecord
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.training import EpochEvent, ProgressEvent, TrainingEvent, TrainingState, train

NUM_FACTORS = 8
PHASES = ("training", "encode", "copies", "merge", "absorb", "commit")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Speed:
    """Rows per second by the clock, of all together, and per second of processor time."""

    by_clock: float
    by_processor: float


def click_settings(feature_dim: int, epochs: int, **changes: Any) -> Hyperparameters:
    given = {**SETTINGS, "num_factors": NUM_FACTORS, "feature_dim": feature_dim, "epochs": epochs}
    return resolve({**given, "linear_lr": 0.03, "factors_lr": 0.03, **changes})


def rows_of(data: ClickData, rank: int, num_rows: int) -> RowBatch:
    """Return a worker's rows, which begin again from the first where they end."""
    places = np.arange(rank * num_rows, (rank + 1) * num_rows) % data.train.num_rows
    train = data.train
    taken = ClickRows(train.feature_ids[places], train.labels[places], train.value_seed)
    return taken.batch(data.feature_dim)


def trained_before(settings: Hyperparameters, round_rows: int) -> TrainingState:
    """Return the state of a run whose rounds have reached their full length."""
    state = TrainingState.initial(settings)
    state.rows_trained = 100 * round_rows
    return state


# --- Alone, side by side


def alone(num_trainings: int, num_rows: int, epochs: int) -> Speed:
    """Train in so many processes that know nothing of each other, each with one thread.

    So many epochs are measured after a first, in which mini-batches are prepared.
    """
    children = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(num_rows), str(epochs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(num_trainings)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    found = [json.loads(child.communicate()[0]) for child in children]
    rows = epochs * num_rows
    return Speed(
        sum(rows / each["seconds"] for each in found),
        num_trainings * rows / sum(each["processor_seconds"] for each in found),
    )


def _train_alone(rank: int, num_rows: int, epochs: int) -> None:
    data = load_click_data(1)
    rows = rows_of(data, rank, num_rows)
    settings = click_settings(data.feature_dim, 1 + epochs)
    state = trained_before(settings, num_rows)
    ended: list[tuple[float, float]] = []

    def look(event: TrainingEvent) -> None:
        if isinstance(event, EpochEvent):
            ended.append((time.perf_counter(), time.process_time()))

    print("ready", flush=True)
    sys.stdin.readline()
    train(rows, settings, state=state, num_threads=1, on_event=look)
    (clock, processor), (last_clock, last_processor) = ended[0], ended[-1]
    spent = {"seconds": last_clock - clock, "processor_seconds": last_processor - processor}
    print(json.dumps(spent))


# --- Over Ray


@dataclass(frozen=True, slots=True)
class RayRun:
    """Rounds of one run: neither the first, in which actors begin, nor the last.

    Workers train on while a round is committed, but have nothing left to train after the last.
    """

    speed: Speed
    processor_seconds_of_a_round: float


def over_ray(
    ray: Any, data: ClickData, spread: DistributedSettings, num_rows: int, epochs: int
) -> RayRun:
    """Train with workers of one thread each, `num_rows` rows each, in rounds of equal length.

    So many epochs are measured between a first and a last.
    """
    num_workers = spread.num_workers
    settings = click_settings(data.feature_dim, epochs + 2)
    state = trained_before(settings, spread.round_rows)
    seen: list[tuple[int, float, float]] = []

    def look(event: TrainingEvent) -> None:
        if isinstance(event, ProgressEvent):
            rows = event.epoch * num_workers * num_rows + event.rows_done
            seen.append((rows, time.perf_counter(), _processor_seconds()))

    with tempfile.TemporaryDirectory() as folder:
        order = ActorOrder(
            settings=spread,
            hyperparameters=settings,
            rows=[ray.put(rows_of(data, rank, num_rows)) for rank in range(num_workers)],
            state=ray.put(state),
            folder=Path(folder),
            num_threads=1,
        )
        RoundLoop(
            ray,
            order,
            state,
            RunRecord(Path(folder), "click rows"),
            num_rows=num_workers * num_rows,
            validation=None,
            on_event=look,
            stop_requested=lambda: False,
        ).run()
    (rows, clock, processor), (last_rows, last_clock, last_processor) = seen[0], seen[-2]
    trained, spent = last_rows - rows, last_processor - processor
    return RayRun(Speed(trained / (last_clock - clock), trained / spent), spent / (len(seen) - 2))


def _processor_seconds() -> float:
    """Return what this process and all below it have had, Ray's own among them."""
    parents, spent = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        pid = int(stat.parent.name)
        parents[pid], spent[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    below = {os.getpid()}
    while new := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= new
    return sum(spent[pid] for pid in below) / _TICKS


# --- By phases


class Phases:
    """Processor seconds of what a round is made of, in one process and without Ray."""

    def __init__(
        self, data: ClickData, num_workers: int, round_rows: int, folder: Path, feature_table: str
    ) -> None:
        hyperparameters = click_settings(data.feature_dim, epochs=1000, feature_table=feature_table)
        settings = DistributedSettings(num_workers=num_workers, round_rows=round_rows)
        self._workers = [
            LocalWorker(
                settings,
                rank,
                rows_of(data, rank, round_rows),
                hyperparameters,
                state=trained_before(hyperparameters, round_rows),
                num_threads=1,
            )
            for rank in range(num_workers)
        ]
        self._owners = [
            Owner(settings, index, hyperparameters, folder=folder / f"owner-{index}")
            for index in range(num_workers)
        ]
        self._number = 0
        self._spent: dict[str, float] = {}
        self._stores: dict[tuple[int, int], list[Any]] = {}
        # Where a worker takes out what it touched, which its training cannot be told from outside.
        sys.modules[LocalWorker.__module__].__dict__["touched_by_owner"] = self._encode

    def _encode(
        self, trainer: Trainer, summary: RoundSummary, num_owners: int
    ) -> list[RowDifferences]:
        with _timed(self._spent, "encode"):
            return touched_by_owner(trainer, summary, num_owners)

    def one_round(self) -> dict[str, float]:
        """Train one and return its seconds by phase."""
        self._spent = spent = dict.fromkeys(PHASES, 0.0)
        self._number += 1
        with _timed(spent, "training"):
            parts = [worker.train_round(self._number) for worker in self._workers]
        spent["training"] -= spent["encode"]
        parts = [
            [self._copied(rank, index, part) for index, part in enumerate(each)]
            for rank, each in enumerate(parts)
        ]
        with _timed(spent, "merge"):
            merged = [
                owner.merge(self._number, [each[index] for each in parts])
                for index, owner in enumerate(self._owners)
            ]
        with _timed(spent, "commit"):
            for owner in self._owners:
                owner.commit(self._number)
        merged = [self._copied(-1, index, part) for index, part in enumerate(merged)]
        with _timed(spent, "absorb"):
            for worker in self._workers:
                worker.absorb(merged)
        return spent

    def _copied(self, sender: int, owner: int, part: RowDifferences) -> RowDifferences:
        """Do what an object store does: copy arrays into memory that it keeps, and lend them."""
        kept = self._stores.setdefault((sender, owner), [])
        with _timed(self._spent, "copies"):
            buffers: list[pickle.PickleBuffer] = []
            text = pickle.dumps(part, protocol=5, buffer_callback=buffers.append)
            raw = [buffer.raw() for buffer in buffers]
            if [len(each) for each in kept] != [each.nbytes for each in raw]:
                kept[:] = [bytearray(each) for each in raw]
            for store, each in zip(kept, raw, strict=True):
                memoryview(store)[:] = each
            lent: RowDifferences = pickle.loads(text, buffers=kept)
            return lent


@contextmanager
def _timed(spent: dict[str, float], phase: str) -> Iterator[None]:
    began = time.process_time()
    yield
    spent[phase] += time.process_time() - began


if __name__ == "__main__":
    _train_alone(*map(int, sys.argv[1:]))
