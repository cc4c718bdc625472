"""Ports of the embedded object store."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from pairloom.platform.objectstore.ports import GRPC_OFFSET, choose_ports


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "store" / "ports.json"


def test_ports_are_distinct_with_their_grpc_twins_and_below_the_kernels_own(kept: Path) -> None:
    ports = list(choose_ports(kept))

    assert len({*ports, *(port + GRPC_OFFSET for port in ports)}) == 10
    assert max(ports) + GRPC_OFFSET < 32_768


def test_ports_are_the_same_after_a_restart(kept: Path) -> None:
    assert choose_ports(kept) == choose_ports(kept)


@pytest.mark.parametrize("offset", [0, GRPC_OFFSET])
def test_ports_are_chosen_anew_when_one_is_taken(kept: Path, offset: int) -> None:
    before = choose_ports(kept)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", before.filer + offset))
        taken.listen()
        after = choose_ports(kept)

    assert before.filer not in after
    assert choose_ports(kept) == after


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", '{"s3": 1}', json.dumps(dict.fromkeys("abc", 1))]
)
def test_damaged_file_of_ports_is_replaced(kept: Path, content: str) -> None:
    kept.parent.mkdir()
    kept.write_text(content)

    assert choose_ports(kept) == choose_ports(kept)


def test_ports_that_no_grpc_twin_can_have_are_replaced(kept: Path) -> None:
    kept.parent.mkdir()
    kept.write_text(json.dumps({"s3": 60_000, "master": 1, "volume": 2, "filer": 3, "admin": 4}))

    assert max(choose_ports(kept)) < 22_000
