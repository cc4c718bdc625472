"""Where requests go: the store's endpoints, kept in memory and read again in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from pairloom.platform.gateway.capture_record import CaptureSettings
from pairloom.platform.gateway.serving_connection import Backend
from pairloom.platform.local_host import loopback_name
from pairloom.platform.store import ChangeWatch, ResourceRecord, Resources

_LOGGER = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 0.2
# What answers requests: changes of an endpoint are made beside what is in service.
_IN_SERVICE: Final = frozenset({"InService", "Updating", "RollingBack", "SystemUpdating"})

Address: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class VariantRoutes:
    """The processes of one variant that answer.

    Attributes
    ----------
    elsewhere
        The host on whose loopback its processes listen, where that is not this one's.
    """

    name: str
    weight: float
    backends: tuple[Backend, ...]
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointRoutes:
    """An endpoint as requests need it.

    Attributes
    ----------
    capture
        None where nothing is captured.
    """

    name: str
    is_in_service: bool
    variants: tuple[VariantRoutes, ...]
    capture: CaptureSettings | None


class RouteTable:
    """The endpoints of a store; belongs to one event loop."""

    def __init__(self, endpoints: Resources, changes: ChangeWatch) -> None:
        self._endpoints = endpoints
        self._changes = changes
        self._routes: dict[str, EndpointRoutes] = {}
        self._backends: dict[Address, Backend] = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="routes")
        self._reading = asyncio.Lock()
        self._read_began = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the table from now on, several times a second."""
        self._task = asyncio.create_task(self._keep_fresh())

    async def close(self) -> None:
        """Read no more, and close all connections."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for backend in self._backends.values():
            backend.close()
        self._reader.shutdown(wait=True)

    def known(self, name: str) -> EndpointRoutes | None:
        """Return what was read last of an endpoint."""
        return self._routes.get(name)

    async def read_now(self, name: str) -> EndpointRoutes | None:
        """Return an endpoint as it is in the store; what is known of it may be older."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self._reading:
            if self._read_began < asked:  # else somebody has read since
                self._read_began = loop.time()
                records = await loop.run_in_executor(self._reader, self._endpoints.find)
                self._take(records)
        return self.known(name)

    async def _keep_fresh(self) -> None:
        while True:
            try:
                if self._changes.is_due():
                    await self.read_now("")
            except Exception as error:  # noqa: BLE001  the database may be locked or away
                _LOGGER.warning("the endpoints cannot be read, what is known goes on: %s", error)
            await asyncio.sleep(REFRESH_SECONDS)

    def _take(self, records: list[ResourceRecord]) -> None:
        before, self._backends = self._backends, {}
        self._routes = {
            record.name: EndpointRoutes(
                record.name,
                record.status in _IN_SERVICE,
                tuple(self._variants(record, before)),
                CaptureSettings.of(record.state.get("data_capture")),
            )
            for record in records
        }
        for address, backend in before.items():
            if address not in self._backends:
                backend.close()

    def _variants(
        self, record: ResourceRecord, before: dict[Address, Backend]
    ) -> Iterator[VariantRoutes]:
        for variant in record.state.get("variants") or ():
            routes, here = variant["routes"], loopback_name()
            addresses = [
                (route["host"], route["port"])
                for route in routes
                if route.get("loopback", here) == here
            ]
            for address in addresses:
                self._backends[address] = before.get(address) or Backend(*address)
            backends = tuple(self._backends[address] for address in addresses)
            elsewhere = routes[0]["loopback"].split()[0] if routes and not backends else None
            yield VariantRoutes(variant["name"], variant["weight"], backends, elsewhere)
