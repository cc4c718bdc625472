"""`pairloom train --workers`, ended in every way that a program can be ended."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from click_cluster import LocalCluster, click_rows, click_settings, shares
from integration.distributed.equal_models import same_parameters
from integration.distributed.train_commands import EPOCHS, LOCAL, Command, command
from integration.platform.network_watch import means, watch
from pairloom.distributed import DistributedSettings
from pairloom.formats import write_recordio
from pairloom.model import Model
from pairloom.training import train

pytestmark = pytest.mark.distributed

SYNC = ("--mode=sync", "--mini-batch-size=320", "--epochs=8")


def test_a_command_ended_again_and_again_ends_all_its_processes_and_loses_no_round(
    tmp_path: Path,
) -> None:
    rows = click_rows(3000)
    write_recordio(tmp_path / "rows.pbr", rows)
    interrupted = Command(tmp_path, LOCAL)

    code, said = interrupted.end(2, signal.SIGINT)
    assert (code, said.splitlines()[-1]) == (130, "pairloom: interrupted")

    killed = Command(tmp_path, LOCAL)
    code, _ = killed.end(interrupted.newest_round() + 2, signal.SIGKILL)
    assert code == -signal.SIGKILL

    terminated = Command(tmp_path, LOCAL)
    code, said = terminated.end(killed.newest_round() + 2, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM, said
    assert "going on in epoch" in said
    assert f"of {EPOCHS} epochs; the model so far was saved" in said
    (tmp_path / "run").rename(tmp_path / "part")
    last = Command(tmp_path, LOCAL)
    said = last.process.communicate(timeout=300)[1]
    assert last.process.returncode == 0, said
    in_one_process = LocalCluster(
        DistributedSettings(num_workers=2, round_rows=400),
        click_settings(epochs=EPOCHS),
        shares(rows, 2),
    ).run()
    model = Model.load(tmp_path / "run" / "model.pairloom")
    assert same_parameters(model, in_one_process.workers[0].model)


def test_a_killed_command_in_mode_sync_ends_with_the_bytes_of_one_process(tmp_path: Path) -> None:
    rows = click_rows(3200)
    write_recordio(tmp_path / "rows.pbr", rows)
    killed = Command(tmp_path, *SYNC)
    code, _ = killed.end(20, signal.SIGKILL)
    assert code == -signal.SIGKILL
    last = Command(tmp_path, *SYNC)
    said = last.process.communicate(timeout=300)[1]
    assert last.process.returncode == 0, said
    assert "going on in epoch" in said
    alone = train(rows, click_settings(epochs=8, mini_batch_size=320)).model
    assert same_parameters(Model.load(tmp_path / "run" / "model.pairloom"), alone)


def test_workers_on_this_machine_reach_nothing_beyond_it(tmp_path: Path) -> None:
    by = means()
    assert by, "neither `unshare --map-root-user --net` nor strace works on this machine"
    write_recordio(tmp_path / "rows.pbr", click_rows(1000))
    watched = watch(by[0], command(tmp_path, LOCAL, "--epochs=1"), tmp_path)
    assert watched.code == 0, watched.said
    assert not watched.beyond, (watched.beyond, watched.said)
