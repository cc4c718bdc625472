"""The platform's API and a client of it, one for each module that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.platform_api import RunningApi, running_api


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("platform")) as api:
        yield api


@pytest.fixture(scope="module")
def client(api: RunningApi) -> Any:
    return api.client("sagemaker")
