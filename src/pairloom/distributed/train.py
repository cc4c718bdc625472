"""Training on several workers, with the face of `pairloom.training.train`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pairloom.batch import RowBatch
from pairloom.data import EpochRows, RowStream
from pairloom.data.segments import SegmentedRows
from pairloom.distributed.dealt_rows import deal_rows
from pairloom.distributed.ray_actors import ActorOrder
from pairloom.distributed.ray_cluster import RayTerminatedError, ray_cluster
from pairloom.distributed.rounds import RoundLoop
from pairloom.distributed.run_record import RunRecord
from pairloom.distributed.settings import DistributedSettings
from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.runtime import allowed_threads
from pairloom.training.checkpoints import Checkpoints
from pairloom.training.events import TrainingEvent
from pairloom.training.row_weights import check_weighs_anything
from pairloom.training.run_result import run_result
from pairloom.training.run_rows import run_rows
from pairloom.training.state import TrainingResult, TrainingState

ROUNDS_FOLDER = "workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who trains together, and where.

    Attributes
    ----------
    settings
        How many, in which mode, with which rounds.
    address
        Of the Ray to join; None: one that is started here and ends with the run.
    replicated
        Whether every worker trains on all rows in each epoch, instead of a part of its own.
    """

    settings: DistributedSettings
    address: str | None = None
    replicated: bool = False


def train_on_workers(  # noqa: PLR0913  what a run may be given besides its rows, each by name
    workers: Workers,
    rows: RowBatch | EpochRows | SegmentedRows,
    hyperparameters: Hyperparameters,
    *,
    validation: RowBatch | None = None,
    state: TrainingState | None = None,
    num_threads: int = 0,
    on_event: Callable[[TrainingEvent], None] | None = None,
    checkpoints: Checkpoints | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train a factorization machine on several workers over Ray.

    The result depends on rows, hyperparameters, state and `workers.settings` alone, to the byte,
    however often workers, owners or this process were killed; with staleness only if none was,
    since a restart begins with what was merged. Parameters that `pairloom.training.train` has too
    mean the same.

    Parameters
    ----------
    num_threads
        Of each worker; 0: its share of the processors.
    checkpoints
        In whose folder every round is committed; a later run goes on from the last one. All
        machines of a Ray that is joined must see it. None: rounds outlive workers and owners on
        this machine, but not this process.

    Raises
    ------
    UserError
        A setting that several workers cannot honour, rounds of another run, no Ray.
    DataError
        Rows that do not fit the hyperparameters, or none of positive weight.
    PlatformError
        Ray did not start, or workers died again and again.
    TrainingDivergedError
        A NaN or an infinity came up; `last_good` holds the model of the last committed round.
    """
    workers.settings.refuse_unsupported(hyperparameters)
    if not isinstance(rows, (RowBatch, RowStream)):
        raise UserError("rows that come through pipes cannot be dealt out to workers; use files")
    if validation is not None:
        check_weighs_anything(validation, "validation rows")
    whole = run_rows(rows, hyperparameters)
    dealt = deal_rows(rows, workers.settings, hyperparameters, replicated=workers.replicated)
    copies = workers.settings.num_workers if workers.replicated else 1
    start = TrainingState.initial(hyperparameters) if state is None else state
    start.learning_rate_factor = 1.0
    with ExitStack() as stack:
        if checkpoints is None:
            temporary = tempfile.TemporaryDirectory(prefix="pairloom-rounds-")
            checkpoints = Checkpoints(stack.enter_context(temporary))
        folder = Path(checkpoints.folder).absolute() / ROUNDS_FOLDER
        record = RunRecord(folder, whole.fingerprint)
        try:
            ray = stack.enter_context(ray_cluster(workers.address, num_cpus=_processors(workers)))
        except RayTerminatedError:
            return run_result(start, (), num_rows=whole.num_rows, interrupted=True)
        order = ActorOrder(
            settings=workers.settings,
            hyperparameters=hyperparameters,
            rows=[ray.put(part) for part in dealt],
            state=ray.put(state),
            folder=folder,
            num_threads=num_threads,
        )
        loop = RoundLoop(
            ray,
            order,
            start,
            record,
            num_rows=copies * whole.num_rows,
            validation=validation,
            on_event=on_event,
            stop_requested=stop_requested or _never,
        )
        return loop.run()


def _never() -> bool:
    return False


def _processors(workers: Workers) -> int:
    return max(workers.settings.num_workers, allowed_threads())
