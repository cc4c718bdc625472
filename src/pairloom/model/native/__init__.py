"""The native artifact: one file that is mapped into memory and scored as it lies."""

from __future__ import annotations

from pairloom.model.native.parts import OptimizerState
from pairloom.model.native.reader import NativeArtifact, is_native
from pairloom.model.native.verify import find_faults
from pairloom.model.native.writer import write_native

__all__ = ["NativeArtifact", "OptimizerState", "find_faults", "is_native", "write_native"]
