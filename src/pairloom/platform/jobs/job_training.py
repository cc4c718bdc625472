"""The part of a job in which its train program runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from pairloom.platform.jobs.channel_files import ChannelFile
from pairloom.platform.jobs.checkpoint_exchange import CheckpointExchange
from pairloom.platform.jobs.job_configuration import environment_of
from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import EndedBy, Ending, JobFiles
from pairloom.platform.jobs.job_process import Deadline, JobProcess, train_command
from pairloom.platform.jobs.metric_definitions import ALL_DEFINITIONS, MetricReader
from pairloom.platform.jobs.patience import patiently
from pairloom.platform.jobs.pipe_feeder import PipeFeeder
from pairloom.platform.jobs.training_request import TrainingRequest
from pairloom.platform.logs.job_log_writer import JobLogWriter
from pairloom.platform.objectstore.objects import Location, Objects
from pairloom.platform.store import Store

_LOGGER = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_LETTING_GO_SECONDS = 8.0


class JobTraining:
    """Starts the train program, feeds it, hears it, and sees to it that it ends."""

    def __init__(
        self,
        store: Store,
        objects: Objects,
        request: TrainingRequest,
        files: JobFiles,
        control: JobControl,
    ) -> None:
        self._store = store
        self._objects = objects
        self._request = request
        self._files = files
        self._control = control
        self._feeding_failed: list[Exception] = []

    def run(
        self,
        channels: Mapping[str, Sequence[ChannelFile]],
        lock: int,
        *,
        arn: str,
        started_at: float,
        stop_seconds: float,
    ) -> Ending:
        """Train until the program ends; returns how it did.

        Parameters
        ----------
        channels
            The objects of those that are fed through pipes, at least.
        lock
            Descriptor for the processes to hold.

        Raises
        ------
        LetGoError
            The job is no longer this runner's; its processes have ended.
        PairloomError
            A pipe could not be fed, or checkpoints could not be brought or kept.
        """
        deadline = Deadline(started_at, self._request.max_runtime_seconds)
        with ExitStack() as ending:
            checkpoints = ending.enter_context(self._checkpoints())
            log = JobLogWriter(
                self._store,
                self._stream(),
                {"TrainingJobName": self._request.name},
                self._metrics().read,
            )
            ending.callback(log.close)
            if self._request.ignored_fields:
                log.line(_ignored_line(self._request.ignored_fields))
            for feeder in self._feeders(channels):
                ending.callback(feeder.close)
                feeder.start()
            process = JobProcess(
                train_command(self._files.root),
                folder=self._files.root,
                environment=environment_of(self._request, arn),
                lock=lock,
                on_line=log.line,
            )
            ending.callback(process.finish)
            ending.callback(process.kill)
            ended_by = self._until_end(process, deadline, stop_seconds)
            noted = Ending(process.finish(), ended_by, time.time())
        self._control.refuse_let_go()
        if self._feeding_failed:
            raise self._feeding_failed[0]
        if checkpoints is not None:
            checkpoints.send()
        return noted

    def _until_end(self, process: JobProcess, deadline: Deadline, stop_seconds: float) -> EndedBy:
        while process.wait(_POLL_SECONDS) is None:
            if self._feeding_failed:
                process.kill()
            elif self._control.is_let_go:
                process.end(0 if self._control.lease_lost else _LETTING_GO_SECONDS)
                self._control.refuse_let_go()
            elif self._control.stop_requested:
                self._end_patiently(process, stop_seconds)
                return "stop"
            elif deadline.has_passed:
                self._end_patiently(process, stop_seconds)
                return "time limit"
        return "itself"

    def _end_patiently(self, process: JobProcess, seconds: float) -> None:
        process.terminate()
        due = time.monotonic() + seconds
        while process.wait(_POLL_SECONDS) is None:
            if self._control.is_let_go or time.monotonic() > due:
                process.kill()

    def _feeders(self, channels: Mapping[str, Sequence[ChannelFile]]) -> list[PipeFeeder]:
        return [
            PipeFeeder(
                self._objects,
                channel,
                channels[channel.name],
                self._files.job.input_data / channel.name,
                self._feeding_failed.append,
            )
            for channel in self._request.channels
            if channel.is_piped
        ]

    @contextmanager
    def _checkpoints(self) -> Iterator[CheckpointExchange | None]:
        """Bring those of the request's address, and send new ones meanwhile."""
        if self._request.checkpoint_uri is None:
            yield None
            return
        prefix = Location.parse(self._request.checkpoint_uri)
        exchange = CheckpointExchange(self._objects, prefix, self._files.job.checkpoints)
        exchange.bring()
        exchange.start()
        try:
            yield exchange
        finally:
            exchange.close()

    def _metrics(self) -> MetricReader:
        definitions = {**ALL_DEFINITIONS, **self._request.metric_definitions}
        return MetricReader(definitions)

    def _stream(self) -> str:
        """Return the name of the job's log stream: that of an earlier run of it, if there was."""
        prefix = f"{self._request.name}/{self._request.hosts[0]}-"
        streams = patiently(
            lambda: self._store.log_streams(prefix=prefix), self._control.refuse_let_go
        )
        return streams[0].name if streams else f"{prefix}{int(time.time())}"


def _ignored_line(fields: Mapping[str, str]) -> str:
    reasons = ", ".join(f"{field} ({why})" for field, why in fields.items())
    return f"Pairloom ignores {reasons}"
