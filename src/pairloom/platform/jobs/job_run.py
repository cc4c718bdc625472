"""One job from lease to end: download, train, upload, or go on where an earlier runner died."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pairloom.errors import PairloomError, PlatformError
from pairloom.platform.jobs.channel_download import download, refuse_too_large
from pairloom.platform.jobs.channel_files import ChannelFile, channel_files
from pairloom.platform.jobs.failure_reason import reason_of_error, reason_of_exit
from pairloom.platform.jobs.job_configuration import write_configuration
from pairloom.platform.jobs.job_control import JobControl, LetGoError, StopRequestedError
from pairloom.platform.jobs.job_files import Ending, JobFiles
from pairloom.platform.jobs.job_lock import held
from pairloom.platform.jobs.job_record import COMPLETED, FAILED, STOPPED, TOO_LONG, JobCourse
from pairloom.platform.jobs.job_results import JobResultsUpload
from pairloom.platform.jobs.job_training import JobTraining
from pairloom.platform.jobs.training_request import TrainingRequest, read_request
from pairloom.platform.objectstore.objects import Location, Objects
from pairloom.platform.store import Store, TrainingJobRecord
from pairloom.platform.store.records import JobResults

_LOGGER = logging.getLogger(__name__)

MOST_INTERRUPTIONS = 5
_LOCK_PATIENCE_SECONDS = 30.0
_STATUS_OF = {"itself": COMPLETED, "stop": STOPPED, "time limit": TOO_LONG}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the jobs of one runner share.

    Attributes
    ----------
    client
        Of the object store.
    away_seconds
        How long the object store may be away.
    stop_seconds
        How long the train program has to end after SIGTERM.
    """

    store: Store
    client: Any
    runner_id: str
    away_seconds: float = 120.0
    stop_seconds: float = 120.0


class JobRun:
    """Works on one job.

    Parameters
    ----------
    arn
        Of the job.
    """

    def __init__(
        self,
        around: Surroundings,
        record: TrainingJobRecord,
        files: JobFiles,
        arn: str,
        control: JobControl,
    ) -> None:
        self._around = around
        self._name, self._asked, self._attempts = record.name, record.request, record.attempts
        self._files = files
        self._arn = arn
        self._control = control
        self._course = JobCourse(around.store, record, around.runner_id, control)

    def run(self) -> None:
        """Bring the job to its end, or let go of it when told to."""
        try:
            with held(self._files.lock, _LOCK_PATIENCE_SECONDS) as lock:
                self._run(lock)
        except LetGoError as let_go:
            _LOGGER.info("job %s: %s", self._name, let_go)

    def _run(self, lock: int) -> None:
        try:
            request = read_request(self._name, self._asked)
            self._count_interruptions()
            ending = self._files.ending or self._until_ended(request, lock)
            self._finish(request, ending)
        except LetGoError:
            if not self._control.lease_lost:
                self._files.note_interruptions(max(0, self._files.interruptions - 1))
            raise
        except Exception as error:
            expected = isinstance(error, (PairloomError, OSError))
            _LOGGER.exception("job %s failed", self._name, exc_info=None if expected else error)
            self._fail(reason_of_error(error), time.time())
        self._files.remove()

    def _count_interruptions(self) -> None:
        count = self._files.interruptions + 1
        self._files.note_interruptions(count)
        if count - 1 > MOST_INTERRUPTIONS:
            raise PlatformError(
                f"the platform died {count - 1} times while it ran this job; its log and the "
                "platform's own say how far it came"
            )
        if self._attempts > 1:
            self._course.restarts()

    def _until_ended(self, request: TrainingRequest, lock: int) -> Ending:
        try:
            self._control.refuse_either()
            channels = self._bring_input(request)
        except StopRequestedError:
            return self._ended(Ending(None, "stop", time.time()))
        training = JobTraining(
            self._around.store, self._objects(), request, self._files, self._control
        )
        self._course.trains()
        ending = training.run(
            channels,
            lock,
            arn=self._arn,
            started_at=self._course.started_at,
            stop_seconds=self._around.stop_seconds,
        )
        return self._ended(ending)

    def _ended(self, ending: Ending) -> Ending:
        self._files.note_ending(ending)
        return ending

    def _bring_input(self, request: TrainingRequest) -> dict[str, list[ChannelFile]]:
        """Download what is read from files; returns the objects of every channel by its name."""
        objects = self._objects(stops=True)
        fresh = not self._files.is_downloaded
        if fresh:
            self._course.downloads()
            self._files.begin_download()
        needed = [of for of in request.channels if fresh or of.is_piped]
        channels = {of.name: channel_files(objects, of) for of in needed}
        if fresh:
            Location.parse(request.output_uri)
            in_files = [of for of in request.channels if not of.is_piped]
            refuse_too_large(
                sum(file.item.num_bytes for of in in_files for file in channels[of.name]),
                self._files.root,
                request.volume_gigabytes,
            )
            for of in in_files:
                download(objects, of, channels[of.name], self._files.job.input_data / of.name)
            write_configuration(self._files.job, request)
            self._files.note_download()
        return channels

    def _finish(self, request: TrainingRequest, ending: Ending) -> None:
        if ending.ended_by == "itself" and ending.exit_code != 0:
            self._send_what_there_is(request)
            reason = reason_of_exit(self._files.job, ending.exit_code or 0)
            self._fail(reason, ending.ended_at)
            return
        if ending.exit_code is not None:
            self._course.uploads()
        upload = JobResultsUpload(self._objects(), request, self._files)
        with _during_upload():
            model, output = upload.send_model(), upload.send_output()
        if ending.ended_by == "itself" and model is None:
            raise PlatformError("the train program ended well and left no model")
        results: JobResults = {}
        if model is not None:
            results["model_artifacts"] = model
        if output is not None:
            results["output_artifacts"] = output
        self._course.ends(_STATUS_OF[ending.ended_by], ending.ended_at, **results)

    def _send_what_there_is(self, request: TrainingRequest) -> None:
        """Keep what a failed job has measured, which its failure must not depend on."""
        try:
            JobResultsUpload(self._objects(), request, self._files).send_output()
        except LetGoError:
            raise
        except (PairloomError, OSError) as error:
            _LOGGER.warning("job %s: its output was not kept: %s", self._name, error)

    def _fail(self, reason: str, ended_at: float) -> None:
        self._course.ends(FAILED, ended_at, failure_reason=reason)

    def _objects(self, *, stops: bool = False) -> Objects:
        control = self._control
        return Objects(
            self._around.client,
            patience_seconds=self._around.away_seconds,
            keep_on=control.refuse_either if stops else control.refuse_let_go,
        )


@contextmanager
def _during_upload() -> Iterator[None]:
    """Let what is wrong with the output address name the field it came from."""
    try:
        yield
    except LetGoError:
        raise
    except PairloomError as error:
        raise type(error)(f"OutputDataConfig.S3OutputPath: {error}") from error
