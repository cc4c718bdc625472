"""Who follows a run has the workers' parameters, without having trained or merged."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from click_cluster import LocalCluster, click_rows, click_settings, seen_bytes, shares
from pairloom.distributed import DistributedSettings
from pairloom.distributed.committed_state import CommittedState
from pairloom.distributed.ray_actors import ActorOrder, OwnerActor
from pairloom.distributed.run_record import RunRecord
from pairloom.errors import UserError
from pairloom.training import TrainingState

SETTINGS = DistributedSettings(num_workers=2, num_owners=3, round_rows=300)


def cluster(folder: Path, table: str) -> LocalCluster:
    settings = click_settings(feature_table=table, epochs=2, _optimizer="ftrl")
    return LocalCluster(SETTINGS, settings, shares(click_rows(3000), 2), folder)


@pytest.mark.parametrize("table", ["fixed", "growing"])
def test_every_committed_round_has_the_workers_parameters_and_optimizer_state(
    tmp_path: Path, table: str
) -> None:
    run = cluster(tmp_path, table)
    followed = CommittedState(tmp_path, TrainingState.initial(run.hyperparameters), SETTINGS)
    while not run.workers[0].finished:
        run.one_round()
        if run.number % 3:  # some rounds nobody asks for
            state = followed.at(run.number)
            assert seen_bytes(state.model()) == seen_bytes(run.workers[1].model)
            assert state.trainer.step_count == run.workers[1].state.trainer.step_count
    features = run.workers[0].model.stored_features
    for ours, theirs in zip(
        followed.at(run.number).trainer.read_entries(features),
        run.workers[0].state.trainer.read_entries(features),
        strict=True,
    ):
        assert ours.tobytes() == theirs.tobytes()


def test_a_round_can_be_followed_while_the_next_is_committed(tmp_path: Path) -> None:
    run = cluster(tmp_path, "fixed")
    for _ in range(9):
        run.one_round()
    before = seen_bytes(run.workers[0].model)
    run.one_round()
    followed = CommittedState(tmp_path, TrainingState.initial(run.hyperparameters), SETTINGS)
    assert seen_bytes(followed.at(9).model()) == before
    assert [max(owner.committed()) for owner in run.owners] == [10, 10, 10]


def test_an_owner_that_does_not_see_the_run_s_folder_is_refused_by_its_machine(
    tmp_path: Path,
) -> None:
    order = ActorOrder(
        settings=SETTINGS,
        hyperparameters=click_settings(),
        rows=[],
        state=None,
        folder=tmp_path / "workers",
        num_threads=1,
    )
    owner = OwnerActor(order, 0, None)
    told = f"the machine {socket.gethostname()} does not see {order.folder}, where rounds"
    with pytest.raises(UserError, match=told):
        owner.committed()
    RunRecord(order.folder, "3000 rows")
    assert owner.committed() == ()
