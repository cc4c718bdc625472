from __future__ import annotations

import signal
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from click_cluster import LocalCluster, click_rows, click_settings, run_for_ever, shares
from pairloom.distributed import DistributedSettings, Owner
from pairloom.errors import DataFormatError, UserError

SETTINGS = DistributedSettings(num_workers=2, num_owners=1, round_rows=200)


def cluster(folder: Path, **changes: object) -> LocalCluster:
    return LocalCluster(SETTINGS, click_settings(**changes), shares(click_rows(3000), 2), folder)


def owner(folder: Path, **changes: object) -> Owner:
    return Owner(SETTINGS, 0, click_settings(**changes), folder=folder / "owner-0")


def test_last_two_rounds_are_restored_to_the_same_bytes(tmp_path: Path) -> None:
    run = cluster(tmp_path, epochs=4)
    for _ in range(12):
        run.one_round()
    before = run.workers[0].model.factors.copy()
    run.one_round()
    last, previous = owner(tmp_path, epochs=4), owner(tmp_path, epochs=4)
    entries = last.restore(13)
    assert np.array_equal(entries.factors, run.workers[0].model.factors[entries.ids])
    entries = previous.restore(12)
    assert np.array_equal(entries.factors, before[entries.ids])
    assert previous.committed()[-1] == 12


def test_files_do_not_grow_with_the_number_of_rounds(tmp_path: Path) -> None:
    run = cluster(tmp_path, epochs=10)
    sizes = []
    largest_whole = 0
    while not run.workers[0].finished:
        run.one_round()
        files = list((tmp_path / "owner-0").iterdir())
        sizes.append(sum(path.stat().st_size for path in files))
        whole = [path.stat().st_size for path in files if path.suffix == ".whole"]
        largest_whole = max(largest_whole, *whole)
    assert len(sizes) > 60
    assert max(sizes) < 5 * largest_whole


def test_round_that_was_not_committed_is_named(tmp_path: Path) -> None:
    run = cluster(tmp_path)
    run.one_round()
    with pytest.raises(UserError, match="round 2 was not committed; there are 1"):
        owner(tmp_path).restore(2)


def test_round_of_another_run_is_refused(tmp_path: Path) -> None:
    cluster(tmp_path).one_round()
    with pytest.raises(UserError, match="the checkpoint was made with seed 0, this run has 1"):
        owner(tmp_path, seed=1).restore(1)


def test_damaged_round_is_told(tmp_path: Path) -> None:
    cluster(tmp_path).one_round()
    path = tmp_path / "owner-0" / "round-00000001.whole"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match=r"round-00000001.whole: .* the checksum"):
        owner(tmp_path).restore(1)


def test_owner_killed_at_any_time_leaves_a_round_that_goes_on(tmp_path: Path) -> None:
    process = get_context("spawn").Process(target=run_for_ever, args=(SETTINGS, tmp_path))
    process.start()
    while process.is_alive() and max(owner(tmp_path).committed(), default=0) < 5:
        process.join(0.01)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    number = owner(tmp_path).committed()[-1]
    again = cluster(tmp_path, epochs=1000)
    again.restore(number)
    whole = cluster(tmp_path / "whole", epochs=1000)
    for _ in range(number + 2):
        whole.one_round()
    for _ in range(2):
        again.one_round()
    assert np.array_equal(again.workers[0].model.factors, whole.workers[0].model.factors)
