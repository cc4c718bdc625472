"""The part of a job in which its train program runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from pairloom.platform.jobs.channel_files import ChannelFile
from pairloom.platform.jobs.checkpoint_exchange import CheckpointExchange
from pairloom.platform.jobs.field_fates import ignored_line
from pairloom.platform.jobs.job_configuration import environment_of
from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import Ending, JobFiles
from pairloom.platform.jobs.job_process import Deadline, JobProcess, train_command
from pairloom.platform.jobs.job_watch import until_end
from pairloom.platform.jobs.metric_definitions import MetricReader
from pairloom.platform.jobs.patience import patiently
from pairloom.platform.jobs.pipe_feeder import PipeFeeder
from pairloom.platform.jobs.training_request import TrainingRequest
from pairloom.platform.logs.job_log_writer import JobLogWriter
from pairloom.platform.logs.job_streams import open_streams
from pairloom.platform.objectstore.objects import Location, Objects
from pairloom.platform.store import Store


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
        ray_address: str,
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
                MetricReader(self._request.metric_definitions).read,
            )
            ending.callback(log.close)
            if self._request.ignored_fields:
                log.line(ignored_line(self._request.ignored_fields))
            if self._files.were_left_behind:
                log.line(self._new_beginning(checkpoints))
            for feeder in self._feeders(channels):
                ending.callback(feeder.close)
                feeder.start()
            process = JobProcess(
                train_command(self._files.root),
                folder=self._files.root,
                environment=environment_of(self._request, arn, ray_address),
                lock=lock,
                on_line=log.line,
            )
            ending.callback(process.finish)
            ending.callback(process.kill)
            ended_by = until_end(
                process,
                self._control,
                stop_seconds=stop_seconds,
                deadline=deadline,
                is_wanted=lambda: not self._feeding_failed,
            )
            noted = Ending(process.finish(), ended_by, time.time())
        self._control.refuse_let_go()
        if self._feeding_failed:
            raise self._feeding_failed[0]
        if checkpoints is not None:
            checkpoints.send()
        return noted

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

    def _new_beginning(self, checkpoints: CheckpointExchange | None) -> str:
        """Say where training begins after it was begun in a folder that is not this one."""
        said = "Pairloom goes on with this job on another machine or in another folder than before"
        if checkpoints is None:
            return f"{said}: training begins anew, as the request has no CheckpointConfig"
        uri, num_files = self._request.checkpoint_uri, checkpoints.num_brought
        if num_files == 0:
            return f"{said}: training begins anew, as there are no checkpoints below {uri} yet"
        return f"{said}: training goes on from the checkpoints below {uri} ({num_files} files)"

    def _stream(self) -> str:
        name, hosts = self._request.name, self._request.hosts
        return patiently(
            lambda: open_streams(self._store, name, hosts), self._control.refuse_let_go
        )
