"""What this process may use: how many threads, which instruction path."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from pathlib import Path

from pairloom.errors import UserError

SIMD_VARIABLE = "PAIRLOOM_SIMD"
SIMD_PATHS = ("auto", "baseline", "avx2")


def simd_path() -> str:
    """Return the instruction path asked for in PAIRLOOM_SIMD; every path gives the same bytes."""
    name = os.environ.get(SIMD_VARIABLE, "auto")
    if name not in SIMD_PATHS:
        raise UserError(f"{SIMD_VARIABLE} is {name!r}; expected one of {', '.join(SIMD_PATHS)}")
    return name


def allowed_threads(cgroup_root: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many threads may run at once: affinity and the cgroup's CPU quota decide."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = cgroup_cores(cgroup_root)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def physical_memory_bytes() -> int:
    """Return how much memory the machine has; a bound without limit where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def allowed_memory_bytes(cgroup_root: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how much memory this process may use: the machine's, or less by its cgroup's limit."""
    limits = [physical_memory_bytes()]
    for folder in _cgroup_folders(cgroup_root, Path("/proc/self/cgroup"), "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
                limits.append(int((folder / name).read_text(encoding="ascii")))
    return min(limits)


def cgroup_cores(cgroup_root: Path, membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return the smallest CPU quota, in cores, over this process's cgroup and those above it."""
    quotas = [
        quota
        for folder in _cgroup_folders(cgroup_root, membership, "cpu")
        if (quota := _quota_of(folder)) is not None
    ]
    return min(quotas, default=None)


def _cgroup_folders(root: Path, membership: Path, controller: str) -> list[Path]:
    folders = [root, root / controller]  # version 2, and version 1's controller
    try:
        lines = membership.read_text(encoding="ascii").splitlines()
    except OSError:
        return folders
    for line in lines:
        _, controllers, path = line.split(":", 2)
        top = root if controllers == "" else root / controller
        if controllers == "" or controller in controllers.split(","):
            inner = top / path.lstrip("/")
            folders += [inner, *(parent for parent in inner.parents if top in parent.parents)]
    return folders


def _quota_of(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
        cores = float(quota) / float(period)
    except (OSError, ValueError):  # no such file, or "max": no quota here
        return None
    return cores if cores > 0 else None
