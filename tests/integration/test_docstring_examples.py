"""Examples in docstrings, run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pairloom

ONLY_ALEMBIC_LOADS = "pairloom.platform.store.migrations.env"


def test_examples_in_docstrings_give_what_they_show() -> None:
    names = {module.name for module in pkgutil.walk_packages(pairloom.__path__, "pairloom.")}
    loaded = {name for name in names if not name.endswith("__main__")} - {ONLY_ALEMBIC_LOADS}
    modules = [importlib.import_module(name) for name in sorted(loaded)]
    results = {module.__name__: doctest.testmod(module) for module in modules}
    assert sum(result.attempted for result in results.values()) > 0
    assert [name for name, result in results.items() if result.failed] == []
