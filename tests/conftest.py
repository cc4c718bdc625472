"""What every test may ask for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

# A shell that runs the tests in the background makes them, and the programs they start, deaf to
# Ctrl-C, which some of them test.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root folder of the checkout that holds these tests."""
    return Path(__file__).parents[1]


@pytest.fixture
def untraced() -> Iterator[None]:
    """Measure no coverage meanwhile: an interrupt inside coverage's tracer leaves its lock held."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)
