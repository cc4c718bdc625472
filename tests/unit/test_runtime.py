"""What a process may use: read from made-up cgroup folders and from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pairloom.errors import UserError
from pairloom.runtime import allowed_threads, cgroup_cores, simd_path

NO_MEMBERSHIP = Path("/nonexistent")


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_dot_", ".")).write_text(content, encoding="ascii")


@pytest.mark.parametrize(
    ("cpu_max", "cores"),
    [("150000 100000\n", 1.5), ("50000 100000\n", 0.5), ("400000 100000\n", 4.0)],
)
def test_version_2_quota_is_read(tmp_path: Path, cpu_max: str, cores: float) -> None:
    write(tmp_path, cpu_dot_max=cpu_max)
    assert cgroup_cores(tmp_path, NO_MEMBERSHIP) == cores


def test_version_2_without_quota_has_no_limit(tmp_path: Path) -> None:
    write(tmp_path, cpu_dot_max="max 100000\n")
    assert cgroup_cores(tmp_path, NO_MEMBERSHIP) is None


def test_version_1_quota_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "cpu"
    write(folder, cpu_dot_cfs_quota_us="250000\n", cpu_dot_cfs_period_us="100000\n")
    assert cgroup_cores(tmp_path, NO_MEMBERSHIP) == 2.5


def test_version_1_without_quota_has_no_limit(tmp_path: Path) -> None:
    write(tmp_path / "cpu", cpu_dot_cfs_quota_us="-1\n", cpu_dot_cfs_period_us="100000\n")
    assert cgroup_cores(tmp_path, NO_MEMBERSHIP) is None


def test_the_smallest_quota_on_the_way_up_counts(tmp_path: Path) -> None:
    membership = tmp_path / "membership"
    membership.write_text("0::/outer/inner\n", encoding="ascii")
    root = tmp_path / "cgroup"
    write(root / "outer", cpu_dot_max="100000 100000\n")
    write(root / "outer" / "inner", cpu_dot_max="300000 100000\n")
    assert cgroup_cores(root, membership) == 1.0


def test_half_a_core_is_one_thread(tmp_path: Path) -> None:
    write(tmp_path, cpu_dot_max="50000 100000\n")
    assert allowed_threads(tmp_path) == 1


def test_without_a_cgroup_affinity_decides(tmp_path: Path) -> None:
    assert allowed_threads(tmp_path / "nothing") == len(os.sched_getaffinity(0))


def test_a_quota_above_the_cores_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, cpu_dot_max="100000000 100000\n")
    assert allowed_threads(tmp_path) == len(os.sched_getaffinity(0))


def test_an_unknown_instruction_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRLOOM_SIMD", "avx1024")
    with pytest.raises(UserError, match=r"PAIRLOOM_SIMD is 'avx1024'; .*baseline, avx2"):
        simd_path()


def test_the_instruction_path_is_automatic_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAIRLOOM_SIMD", raising=False)
    assert simd_path() == "auto"
