"""Ray as it is started for one run: who reaches it, and what is left of it."""

from __future__ import annotations

import logging
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from integration.distributed.process_tree import (
    descendants,
    listening_addresses,
    wait_for_end,
)
from pairloom.distributed import ray_cluster as module
from pairloom.distributed.ray_cluster import STARTS, ray_cluster
from pairloom.errors import PlatformError, UserError

pytestmark = pytest.mark.distributed


def folders() -> set[Path]:
    return set(Path("/tmp").glob("pairloom-ray-*"))


def test_a_cluster_listens_on_loopback_alone_and_leaves_nothing_behind() -> None:
    before, handler = folders(), signal.getsignal(signal.SIGTERM)
    with ray_cluster(num_cpus=1) as ray:

        def say(message: bytes) -> tuple[int, int]:
            return os.getpid(), len(message)

        other, length = ray.get(ray.remote(say).remote(bytes(10_000_000)))
        assert length == 10_000_000
        processes = descendants(os.getpid())
        assert other in processes
        addresses = listening_addresses({os.getpid(), *processes})
        assert len(addresses) >= 4
        assert all(addresses.values()), addresses
        assert ray.get_runtime_context().gcs_address.startswith("127.0.0.1:")
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert signal.getsignal(signal.SIGTERM) is handler
    assert not wait_for_end(processes)
    assert folders() == before


def test_a_start_that_fails_is_tried_again_and_then_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    too_long = tmp_path / ("sockets-have-short-names-" * 5)
    too_long.mkdir()
    monkeypatch.setattr(module, "_SOCKETS_FOLDER", str(too_long))
    before = descendants(os.getpid())
    with (
        caplog.at_level(logging.WARNING, "pairloom"),
        pytest.raises(PlatformError, match=f"did not start in {STARTS} attempts.*AF_UNIX"),
        ray_cluster(num_cpus=1),
    ):
        pytest.fail("Ray started with sockets that have no names")
    told = [record.message for record in caplog.records if "trying again" in record.message]
    assert len(told) == STARTS - 1
    assert not wait_for_end(descendants(os.getpid()) - before)
    assert not any(too_long.iterdir())


@pytest.mark.parametrize("address", ["nowhere", "host:port", ":6379", "ray://127.0.0.1:1"])
def test_malformed_addresses_are_refused(address: str) -> None:
    with pytest.raises(UserError, match="must be host:port"), ray_cluster(address, num_cpus=1):
        pytest.fail("joined")


def test_an_address_without_ray_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused: Any = pytest.raises(UserError, match=f"no Ray could be joined at 127.0.0.1:{port}: ")
    with refused, ray_cluster(f"127.0.0.1:{port}", num_cpus=1):
        pytest.fail("joined")
