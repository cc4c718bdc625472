"""Where a benchmark runs, for the head of its output."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from pairloom.runtime import allowed_threads

BUSY_LOAD = 0.5


def describe_machine() -> list[str]:
    """Return the processor, and a warning when other programs use it."""
    lines = [f"{processor()}, {allowed_threads()} cores, {platform.system()} {platform.machine()}"]
    load = os.getloadavg()[0]
    if load > BUSY_LOAD:
        lines.append(f"WARNING: the load is {load:.1f}; times are worth little on a busy machine")
    return lines


def processor(cpu_info: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name with family and model, since clouds often hide the name."""
    if not cpu_info.exists():
        return platform.processor() or "unknown processor"
    first_core = cpu_info.read_text(encoding="utf-8").split("\n\n")[0]
    lines = [line.partition(":") for line in first_core.splitlines()]
    fields = {name.strip(): value.strip() for name, _, value in lines}
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"
