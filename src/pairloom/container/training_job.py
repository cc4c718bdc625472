"""One training job, from its settings to what it leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from pairloom.batch import RowBatch
from pairloom.container.channels import ChannelRows, starting_model
from pairloom.container.environment import Environment
from pairloom.container.host_workers import workers_for_hosts
from pairloom.container.job_configuration import (
    MODEL,
    TEST,
    TRAIN,
    VALIDATION,
    Channel,
    read_hosts,
)
from pairloom.container.job_folder import JobFolder
from pairloom.container.job_log import JobLog, Samples
from pairloom.container.job_results import JobResults, TrainedJob
from pairloom.container.job_settings import JobSettings, log_hosts, read_settings
from pairloom.container.patience import LeftAloneError, unless_stopped
from pairloom.container.training_lines import TrainingLines
from pairloom.data import EpochRows, RowsInterruptedError, RowStream
from pairloom.data.stream_memory import DEFAULT_MAX_MEMORY_BYTES
from pairloom.distributed import train_on_workers
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.hyperparameters import Hyperparameters
from pairloom.model import Model
from pairloom.model.dense_size import refuse_too_large_for_sagemaker
from pairloom.model.encoding import encoding_of, with_encoding
from pairloom.reports.stopwatch import measured
from pairloom.training import (
    EpochEvent,
    TrainingEvent,
    TrainingResult,
    TrainingState,
    evaluate,
    train,
    warm_start,
)
from pairloom.training.warm_start import goes_on

T = TypeVar("T")

_NOT_BEGUN = "SIGTERM came before training began: there is no model to save."
_NOT_TESTED = "SIGTERM came before all was measured: the model is saved."


class TrainingJob:
    """Runs the job of one folder."""

    def __init__(
        self, folder: JobFolder, environment: Environment, stop_requested: Callable[[], bool]
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._stop_requested = stop_requested
        self._hosts = read_hosts(folder)
        self._log = JobLog(self._hosts.current)
        self._seconds: dict[str, float] = {}

    def run(self) -> None:
        """Read, train, write.

        Raises
        ------
        LeftAloneError
            The job was asked to end while it read or tested; what a thread does is then left.
        """
        began = time.time()
        log_hosts(self._hosts, self._environment, self._log)
        settings = read_settings(self._folder, self._environment, self._log)
        workers = workers_for_hosts(self._hosts, self._environment, settings, self._log)
        training: Callable[..., TrainingResult] = train
        if workers is not None:
            training = partial(train_on_workers, workers)
        start = self._unless_stopped(lambda: _starting_model(settings), _NOT_BEGUN)
        rows = ChannelRows(
            _encoding(settings, start),
            settings.hyperparameters.predictor_type,
            weight_feature=settings.hyperparameters.weight_feature,
            wait_seconds=settings.pipe_wait_seconds,
            stop_requested=self._stop_requested,
        )
        with measured(self._seconds, "reading"):
            train_rows, held_out = self._unless_stopped(
                lambda: self._read(settings, rows), _NOT_BEGUN
            )
        hyperparameters = settings.of_width(train_rows.feature_dim)
        refuse_too_large_for_sagemaker(hyperparameters.feature_dim, hyperparameters.num_factors)
        state = self._state(start, settings, hyperparameters)
        lines = TrainingLines(self._log, hyperparameters.epochs)
        self._log.seconds("initialize.time", began)
        with measured(self._seconds, "training"):
            result = training(
                train_rows,
                hyperparameters,
                validation=held_out.get(VALIDATION),
                state=state,
                on_event=self._listener(settings, lines, state, held_out),
                checkpoints=settings.checkpoints,
                stop_requested=self._stop_requested,
            )
        model = with_encoding(result.model, rows.encoding)
        self._finish(settings, TrainedJob(result, model, held_out), lines)
        set_up = Samples.one(1000 * self._seconds["reading"])
        total = Samples.one(1000 * (time.time() - began))
        self._log.metrics({"setuptime": set_up, "totaltime": total}, began)

    def _read(
        self, settings: JobSettings, rows: ChannelRows
    ) -> tuple[RowBatch | EpochRows | RowStream, dict[str, RowBatch]]:
        """Return the rows to train on, and those of the other channels by name."""
        channel, feature_dim = settings.channels[TRAIN], settings.feature_dim
        piped = channel.input_mode == "Pipe"
        train_rows: RowBatch | EpochRows | RowStream | None = None
        max_memory_bytes = settings.max_memory_bytes
        if max_memory_bytes is None and rows.must_be_streamed(channel):
            max_memory_bytes = DEFAULT_MAX_MEMORY_BYTES
        if max_memory_bytes is not None:
            train_rows = self._stream(channel, rows, feature_dim, max_memory_bytes)
            feature_dim = train_rows.feature_dim
        elif not piped:
            train_rows = self._read_whole(channel, rows, feature_dim)
            feature_dim = train_rows.feature_dim
        held_out = {
            name: self._read_whole(settings.channels[name], rows, feature_dim)
            for name in (VALIDATION, TEST)
            if name in settings.channels
        }
        if train_rows is None:  # it is read last, so that what its pipes show is known in the end
            train_rows = rows.of_epochs(channel, feature_dim)
            self._log.info(f"Channel {TRAIN} is read from pipes, {channel.path}_0 and so on")
        return train_rows, held_out

    def _stream(
        self, channel: Channel, rows: ChannelRows, feature_dim: int | None, max_memory_bytes: int
    ) -> RowStream:
        stream = rows.stream(channel, feature_dim, max_memory_bytes)
        self._log.info(
            f"Channel {channel.name} is streamed in {max_memory_bytes:,} bytes of memory: rows of "
            f"{stream.feature_dim} features"
        )
        return stream

    def _read_whole(self, channel: Channel, rows: ChannelRows, feature_dim: int | None) -> RowBatch:
        part = rows.read(channel, feature_dim)
        form = "dense" if part.is_dense else "sparse"
        self._log.info(
            f"Read channel {channel.name}: {part.num_rows} rows of {part.feature_dim} features, "
            f"{form}"
        )
        return part

    def _state(
        self, start: Model | None, settings: JobSettings, hyperparameters: Hyperparameters
    ) -> TrainingState | None:
        """Return where to start from, or None for what `train` draws from the seed."""
        if start is None:
            # To be tested after epochs, a model must be within reach.
            return TrainingState.initial(hyperparameters) if settings.tests_every_epoch else None
        if goes_on(start, hyperparameters):
            self._log.info("Starting from the model's parameters and its optimizer state.")
        else:
            self._log.info(
                "Starting from the model's parameters. The optimizer state starts anew: "
                "SageMaker's artifact holds none, and another optimizer has no use for it."
            )
        return warm_start(start, hyperparameters)

    def _listener(
        self,
        settings: JobSettings,
        lines: TrainingLines,
        state: TrainingState | None,
        held_out: Mapping[str, RowBatch],
    ) -> Callable[[TrainingEvent], None]:
        if state is None or not settings.tests_every_epoch:
            return lines
        return _tests_after_epochs(lines, state, held_out[TEST])

    def _finish(self, settings: JobSettings, job: TrainedJob, lines: TrainingLines) -> None:
        result = job.result
        if result.history:
            lines.trained(result.history[-1].train)
        if result.interrupted:
            self._log.info(
                f"SIGTERM came after {result.epochs_run} epochs; the model so far is saved: of the "
                "best epoch by validation, or the last parameters without."
            )
        results = JobResults(self._folder, self._hosts, self._log)
        results.write_model(job)
        metrics = results.write_metrics(job, self._seconds)
        if not result.interrupted:
            self._unless_stopped(
                lambda: results.write_tested(job, metrics, lines, report=settings.writes_report),
                _NOT_TESTED,
            )

    def _unless_stopped(self, work: Callable[[], T], otherwise: str) -> T:
        try:
            return unless_stopped(self._stop_requested, work)
        except (LeftAloneError, RowsInterruptedError) as error:
            raise LeftAloneError(otherwise) from error


def _starting_model(settings: JobSettings) -> Model | None:
    return starting_model(settings.channels[MODEL]) if MODEL in settings.channels else None


def _encoding(settings: JobSettings, start: Model | None) -> FeatureEncoding:
    if start is not None:
        return encoding_of(start)
    return FeatureEncoding(hash_bits=settings.hyperparameters.hash_bits)


def _tests_after_epochs(
    lines: TrainingLines, state: TrainingState, test: RowBatch
) -> Callable[[TrainingEvent], None]:
    epochs = state.hyperparameters.epochs

    def listen(event: TrainingEvent) -> None:
        lines(event)
        if isinstance(event, EpochEvent) and event.epoch + 1 < epochs:  # the last is tested anyway
            lines.quality_of_test(evaluate(state.model(), test))

    return listen
