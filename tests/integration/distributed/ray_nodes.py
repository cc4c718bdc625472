"""Two Ray nodes on this machine, of which one can be killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pairloom.distributed import ray_cluster as starting

_ARGUMENTS = {"node_ip_address": starting.LOOPBACK, "include_dashboard": False}


@dataclass
class Nodes:
    """A head, to which programs connect, and one more node."""

    ray: Any
    cluster: Any
    other: Any = None

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def complete(self) -> None:
        """Start the other node, if there is none."""
        if self.other is None:
            with starting.own_start(self.ray):
                self.other = self.cluster.add_node(**_ARGUMENTS)

    def kill_other(self) -> None:
        """Kill the other node as when its machine fails: what runs there ends with it."""
        raylet = self.other.all_processes["raylet"][0].process
        threading.Thread(target=raylet.wait, daemon=True).start()
        raylet.kill()
        self.other = None


@contextmanager
def two_nodes() -> Iterator[Nodes]:
    ray = starting.imported_ray(loopback=True)
    from ray.cluster_utils import Cluster  # noqa: PLC0415  Ray's settings come first

    with starting.own_start(ray):
        cluster = Cluster(initialize_head=True, head_node_args=_ARGUMENTS)
    try:
        nodes = Nodes(ray, cluster)
        nodes.complete()
        yield nodes
    finally:
        cluster.shutdown()
