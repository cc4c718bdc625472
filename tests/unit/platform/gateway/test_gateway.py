"""Requests that no process answers: bounded in time, named as SageMaker does, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pairloom.platform.gateway import ClientGoneError, Gateway
from pairloom.platform.protocol import ApiError
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store

REQUEST = {"EndpointName": "digits", "Body": b"{}", "ContentType": "application/json"}
NAMES = {"EndpointName": "digits", "VariantName": "A"}


@dataclass
class SilentProcess:
    """Takes requests and never answers, as a process that hangs."""

    port: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"{}")
            self.asked.set()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.left.set()
            writer.close()


@asynccontextmanager
async def silent_process() -> AsyncIterator[SilentProcess]:
    """Run one, and wait in the end until nobody is connected to it any more."""
    process = SilentProcess()
    server = await asyncio.start_server(process.serve, "127.0.0.1", 0)
    process.port = server.sockets[0].getsockname()[1]
    try:
        yield process
    finally:
        server.close()
        await asyncio.wait_for(process.left.wait(), 20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path / 'platform.sqlite'}") as store:
        yield store


def serve(store: Store, *ports: int, **members: str) -> None:
    """Keep the record of an endpoint in service whose processes listen on these ports."""
    routes = [{"host": "127.0.0.1", "port": port, **members} for port in ports]
    variant = {"name": "A", "model": "m", "weight": 1.0, "instance_count": 2, "routes": routes}
    store.endpoints.create("digits", {}, status="InService", variants=[variant])


async def invoked(
    folder: Path, store: Store, client_gone: Callable[[], Awaitable[None]], **limits: float
) -> dict[str, Any]:
    """Ask a gateway once, and end it."""
    gateway = Gateway(PlatformSettings(folder=folder), store, **limits)
    await gateway.start()
    try:
        return await gateway.invoke(REQUEST, client_gone)
    finally:
        await gateway.close()


async def never() -> None:
    await asyncio.Event().wait()


def counted(store: Store, metric: str) -> float:
    """Return the sum of a metric, kept when the gateway ended."""
    sets = store.statistic_sets(NAMES, metric, namespace="AWS/SageMaker")
    return sum(one.total for one in sets)


def test_model_that_stays_silent_is_a_model_error_within_its_time(
    store: Store, tmp_path: Path
) -> None:
    async def run() -> None:
        async with silent_process() as process:
            serve(store, process.port)
            await invoked(tmp_path, store, never, answer_seconds=0.3)

    with pytest.raises(ApiError) as raised:
        asyncio.run(run())
    error = raised.value
    assert (error.code, error.status) == ("ModelError", 424)
    assert error.members["OriginalStatusCode"] == 0
    assert error.members["OriginalMessage"].startswith(
        "Your invocation timed out while waiting for a response from container primary."
    )
    assert str(error).startswith('Received server error (0) from model with message "Your invo')
    assert counted(store, "Invocations") == counted(store, "Invocation5XXErrors") == 1
    assert counted(store, "ModelLatency") == counted(store, "Invocation4XXErrors") == 0


def test_client_that_goes_in_the_midst_of_its_request_frees_the_serving_process(
    store: Store, tmp_path: Path
) -> None:
    async def run() -> None:
        async with silent_process() as process:
            serve(store, process.port)

            async def gone() -> None:
                await process.asked.wait()

            await invoked(tmp_path, store, gone)

    with pytest.raises(ClientGoneError):
        asyncio.run(run())
    assert counted(store, "Invocations") == 0


@pytest.mark.parametrize("ports", [(), (1,)], ids=["no process is ready", "nothing listens"])
def test_endpoint_without_a_process_is_unavailable_after_some_patience(
    store: Store, tmp_path: Path, ports: tuple[int, ...]
) -> None:
    serve(store, *ports)
    with pytest.raises(ApiError, match="no process of endpoint digits, variant A, can") as raised:
        asyncio.run(invoked(tmp_path, store, never, patience_seconds=0.2))
    assert (raised.value.code, raised.value.status) == ("ServiceUnavailable", 503)
    assert counted(store, "Invocation5XXErrors") == 1
    assert counted(store, "InvocationsPerInstance") == 1


def test_process_on_the_loopback_of_another_machine_is_not_asked(
    store: Store, tmp_path: Path
) -> None:
    process = SilentProcess()

    async def run() -> None:
        server = await asyncio.start_server(process.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        serve(store, port, loopback="another a-boot net:[1]")
        try:
            with pytest.raises(ApiError, match="they listen on another alone: ask the API there"):
                await invoked(tmp_path, store, never, answer_seconds=20, patience_seconds=0.2)
        finally:
            server.close()

    asyncio.run(run())
    assert not process.asked.is_set()
    assert counted(store, "Invocation5XXErrors") == 1


def test_request_that_waits_goes_to_the_process_that_becomes_ready(
    store: Store, tmp_path: Path
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n1.5")
        writer.close()

    async def run() -> dict[str, Any]:
        serve(store)
        asking = asyncio.create_task(invoked(tmp_path, store, never))
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        route = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
        variant = {"name": "A", "model": "m", "weight": 1.0, "routes": [route]}
        store.endpoints.change("digits", variants=[variant])
        answered = await asking
        server.close()
        return answered

    assert asyncio.run(run())["Body"] == b"1.5"
    assert counted(store, "Invocations") == 1
    assert counted(store, "ModelLatency") > 0
