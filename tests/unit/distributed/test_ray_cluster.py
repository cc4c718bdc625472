"""Ray is asked for only by who needs it, and missed by name."""

from __future__ import annotations

import sys

import pytest

from pairloom.distributed.ray_cluster import ray_cluster
from pairloom.errors import UserError


def test_without_ray_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'pairloom\[ray\]'"), ray_cluster(num_cpus=1):
        pytest.fail("there is no Ray")
