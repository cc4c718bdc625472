"""What CloudWatch tells of endpoints: counted in memory, kept in the store every few seconds."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from pairloom.platform.store import StatisticSet, Store
from pairloom.platform.store.records import ENDPOINT_NAMESPACE

_LOGGER = logging.getLogger(__name__)

_WRITE_SECONDS: Final = 5.0
_MINUTE: Final = 60
_MOST_UNWRITTEN: Final = 5_000  # minutes of variants, while the database is away
_RETENTION_SECONDS: Final = 15 * 86_400.0  # as long as CloudWatch keeps minutes
_FORGET_SECONDS: Final = 3_600.0
_MICROSECONDS: Final = 1e6

_Key: TypeAlias = tuple[float, str, str]  # minute, endpoint, variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One request to a variant, and what became of it.

    Attributes
    ----------
    num_instances
        The variant's processes at the time.
    status
        What a process answered; 500 where none did.
    model_seconds, overall_seconds
        What the process took, and what all of it took; None where no process answered.
    """

    endpoint: str
    variant: str
    num_instances: int
    status: int
    model_seconds: float | None = None
    overall_seconds: float | None = None


class InvocationMetrics:
    """The metrics of one process' requests; belongs to one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._source = secrets.token_hex(8)
        self._tallies: dict[_Key, _VariantMinute] = {}
        self._unwritten: set[_Key] = set()
        self._forget_at = 0.0
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Keep what is counted from now on, in the background."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Keep what there is, and end."""
        self._ended.set()
        if self._task is not None:
            await self._task

    def count(self, invocation: Invocation) -> None:
        """Count a request; nothing is waited for."""
        minute = time.time() // _MINUTE * _MINUTE
        key = (minute, invocation.endpoint, invocation.variant)
        tallies = self._tallies.get(key)
        if tallies is None:
            tallies = self._tallies[key] = _VariantMinute()
        tallies.add(invocation)
        self._unwritten.add(key)

    async def _run(self) -> None:
        while not self._ended.is_set():
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _WRITE_SECONDS)
            await self._write()

    async def _write(self) -> None:
        keys, self._unwritten = self._unwritten, set()
        sets = [
            ({"EndpointName": endpoint, "VariantName": variant}, counted)
            for minute, endpoint, variant in keys
            for counted in self._tallies[minute, endpoint, variant].sets(minute)
        ]
        try:
            await asyncio.to_thread(self._keep, sets)
        except Exception as error:  # noqa: BLE001  the database may be locked or away
            _LOGGER.warning("metrics of endpoints are kept later: %s", error)
            self._unwritten = set(sorted(self._unwritten | keys)[-_MOST_UNWRITTEN:])
        self._drop_written()

    def _drop_written(self) -> None:
        """Drop the minutes that are over: whatever else comes counts for later ones."""
        now = time.time() // _MINUTE * _MINUTE
        for key in list(self._tallies):
            if key[0] < now and key not in self._unwritten:
                del self._tallies[key]

    def _keep(self, sets: list[tuple[dict[str, str], StatisticSet]]) -> None:
        if sets:
            self._store.keep_statistic_sets(sets, namespace=ENDPOINT_NAMESPACE, source=self._source)
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + _FORGET_SECONDS
            self._store.forget_statistic_sets(time.time() - _RETENTION_SECONDS)


class _Tally:
    """The statistics of the values that came."""

    __slots__ = ("count", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.count, self.total = 0, 0.0
        self.minimum, self.maximum = float("inf"), float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)


class _VariantMinute:
    """All metrics of a variant in one minute, in the words of SageMaker."""

    def __init__(self) -> None:
        self._tallies: defaultdict[str, _Tally] = defaultdict(_Tally)

    def add(self, invocation: Invocation) -> None:
        status, model_seconds = invocation.status, invocation.model_seconds
        tallies = self._tallies
        tallies["Invocations"].add(1.0)
        tallies["InvocationsPerInstance"].add(1 / max(1, invocation.num_instances))
        tallies["Invocation4XXErrors"].add(float(400 <= status < 500))
        tallies["Invocation5XXErrors"].add(float(status >= 500))
        tallies["InvocationModelErrors"].add(float(status >= 300))
        if model_seconds is not None and invocation.overall_seconds is not None:
            overhead = max(0.0, invocation.overall_seconds - model_seconds)
            tallies["ModelLatency"].add(model_seconds * _MICROSECONDS)
            tallies["OverheadLatency"].add(overhead * _MICROSECONDS)

    def sets(self, minute: float) -> Iterable[StatisticSet]:
        for name, tally in self._tallies.items():
            yield StatisticSet(
                name=name,
                timestamp=minute,
                count=tally.count,
                total=tally.total,
                minimum=tally.minimum,
                maximum=tally.maximum,
            )
