"""What every test may ask for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

# A shell that runs the tests in the background makes them, and the programs they start, deaf to
# Ctrl-C, which some of them test.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where tests wait for other processes, and where they compare numbers, bytes or memory.
_WAITING = (
    "integration/distributed/",
    "integration/platform/",
    "unit/platform/endpoints/",
    "unit/platform/gateway/",
    "unit/platform/jobs/test_job_process.py",
    "unit/platform/objectstore/",
    "unit/platform/proxy/",
    "unit/platform/store/",
    "unit/platform/supervisor/",
)
_EXACT = ("integration/test_memory", "integration/test_peak_memory", "quality/", "unit/estimators/")


def _may_come_late(item: pytest.Item) -> bool:
    """Say whether a test waits for processes that a machine of half the speed may end too late."""
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    if place.startswith(_EXACT) or "byte" in item.name:
        return False
    marked = any(item.get_closest_marker(name) for name in ("distributed", "platform", "slow"))
    return marked or place.startswith(_WAITING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that wait for processes a second try in CI; docs/testing.md says why."""
    if os.environ.get("CI"):
        for item in filter(_may_come_late, items):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root folder of the checkout that holds these tests."""
    return Path(__file__).parents[1]


@contextmanager
def _without_tracer() -> Iterator[None]:
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)


@pytest.fixture
def untraced() -> Iterator[None]:
    """Measure no coverage meanwhile: it doubles the time of what calls much in Python, and an
    interrupt inside coverage's tracer leaves its lock held.
    """
    with _without_tracer():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Measure no coverage where Hypothesis makes hundreds of inputs: other tests show the lines."""
    with _without_tracer() if hasattr(pyfuncitem.obj, "hypothesis") else nullcontext():
        return (yield)
