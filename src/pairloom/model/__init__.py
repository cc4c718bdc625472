"""A trained model: its parameters in memory and on disk."""

from __future__ import annotations

from pairloom.model.fm_model import FmModel

__all__ = ["FmModel"]
