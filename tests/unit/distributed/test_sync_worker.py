from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from click_cluster import LocalCluster, click_rows, click_settings, parameter_bytes
from pairloom.batch import RowBatch
from pairloom.distributed import DistributedSettings, SyncWorker
from pairloom.distributed.dealt_rows import deal_rows
from pairloom.errors import TrainingDivergedError, UserError
from pairloom.training import train

BATCH = 320  # of four chunks


def cluster(
    rows: RowBatch, num_workers: int, folder: Path | None = None, **changes: Any
) -> LocalCluster:
    settings = DistributedSettings(num_workers=num_workers, num_owners=2, mode="sync")
    hyperparameters = click_settings(mini_batch_size=BATCH, **changes)
    dealt: Any = deal_rows(rows, settings, hyperparameters, replicated=False)
    return LocalCluster(settings, hyperparameters, dealt, folder)


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "ftrl", "sgd"])
@pytest.mark.parametrize("num_workers", [2, 3, 4])
def test_workers_make_the_bytes_of_one_process_with_the_same_mini_batches(
    optimizer: str, num_workers: int
) -> None:
    rows = click_rows(4 * BATCH)
    changes: dict[str, Any] = {
        "_optimizer": optimizer,
        "factors_lr": 0.01,
        "linear_lr": 0.01,
        "factors_wd": 0.01,
    }
    run = cluster(rows, num_workers, epochs=2, **changes).run()
    alone = train(rows, run.hyperparameters)
    assert parameter_bytes(run.workers[-1].model) == parameter_bytes(alone.model)
    assert run.workers[0].state.trainer.step_count == 8
    sums = run.merged[-1][0].summary.sums
    loss = alone.history[-1].train["binary_classification_cross_entropy"]
    assert sums["log_loss"] / sums["weight"] == loss


def test_real_values_make_the_bytes_of_one_process() -> None:
    rows = click_rows(4 * BATCH)
    values = np.random.default_rng(3).normal(size=rows.num_nonzeros).astype(np.float32)
    rows = replace(rows, values=values)
    run = cluster(rows, 2).run()
    alone = train(rows, run.hyperparameters)
    assert parameter_bytes(run.workers[0].model) == parameter_bytes(alone.model)


def test_more_workers_than_chunks_come_close_to_one_process() -> None:
    rows = click_rows(4 * BATCH)
    run = cluster(rows, 6).run()
    alone = train(rows, run.hyperparameters).model
    np.testing.assert_allclose(run.workers[0].model.factors, alone.factors, atol=1e-5)
    np.testing.assert_allclose(run.workers[0].model.linear_weights, alone.linear_weights, atol=1e-5)


def test_ramped_mini_batches_are_those_of_one_process_and_count_every_row_once() -> None:
    rows = click_rows(4 * BATCH)
    run = cluster(rows, 2, epochs=2, batch_ramp=8).run()
    alone = train(rows, run.hyperparameters).state
    assert run.workers[0].state.trainer.step_count == alone.trainer.step_count
    assert [merged[0].summary.rows for merged in run.merged][:3] == [64, 64, 64]
    assert run.merged[-1][0].summary.sums["weight"] == rows.num_rows


def test_restored_run_goes_on_inside_an_epoch_to_the_same_bytes(tmp_path: Path) -> None:
    rows = click_rows(4 * BATCH)
    whole = cluster(rows, 2, epochs=2, batch_ramp=8, shuffle=True).run()
    killed = cluster(rows, 2, tmp_path, epochs=2, batch_ramp=8, shuffle=True)
    killed.run(until=lambda: killed.number == len(whole.merged) - 3)
    again = cluster(rows, 2, tmp_path, epochs=2, batch_ramp=8, shuffle=True)
    again.restore(killed.number)
    again.run()
    assert len(again.merged) == 3
    assert parameter_bytes(again.workers[1].model) == parameter_bytes(whole.workers[0].model)


def test_diverging_training_names_the_mini_batch() -> None:
    rows = click_rows(2 * BATCH)
    run = cluster(rows, 2, _optimizer="sgd", factors_lr=1e30, linear_lr=1e30)
    with pytest.raises(TrainingDivergedError, match=r"epoch 0, mini-batch [01]: .* is not finite"):
        run.run()


def test_mini_batches_too_small_for_the_workers_are_refused() -> None:
    settings = DistributedSettings(num_workers=40, mode="sync")
    with pytest.raises(UserError, match="mini-batches have 300 rows; mode 'sync' gives each of 40"):
        SyncWorker(settings, 0, click_rows(400), click_settings(mini_batch_size=300))
    with pytest.raises(UserError, match="mini-batches have 64 rows; mode 'sync' gives each of 10"):
        DistributedSettings(num_workers=10, mode="sync").refuse_unsupported(
            click_settings(mini_batch_size=300, batch_ramp=8)
        )
