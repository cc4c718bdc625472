"""A real browser: Chromium, as the system has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")  # no longer: its event loop would go on under other tests
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(f"found none of {', '.join(NAMES)}; `make test` installs chromium")
    # Chromium refuses its sandbox to root, who runs continuous integration.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[*options, "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()
