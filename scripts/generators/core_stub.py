"""The types of the native core, as nanobind's stub generator reads them from the built module."""

from __future__ import annotations

import importlib

from nanobind.stubgen import StubGen

PATH = "src/pairloom/_core.pyi"
HEADER = "# Generated from the built extension by scripts/generate.py: do not edit.\n"


def render() -> str:
    """Return the stub's text."""
    module = importlib.import_module("pairloom._core")
    generator = StubGen(module)
    generator.put(module)
    return f"{HEADER}{generator.get()}"
