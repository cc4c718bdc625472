"""The program `pairloom`: what a command line says, turned into calls of the layers below."""

from __future__ import annotations

from pairloom.cli.program import main

__all__ = ["main"]
