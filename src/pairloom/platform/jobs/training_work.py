"""What is done for a training job: download, train, upload."""

from __future__ import annotations

import logging
import time

from pairloom.errors import PairloomError, PlatformError
from pairloom.platform.jobs.channel_download import download, refuse_beyond_volume
from pairloom.platform.jobs.channel_files import ChannelFile, channel_files
from pairloom.platform.jobs.disk_space import refuse_full_disk
from pairloom.platform.jobs.failure_reason import naming, reason_of_exit
from pairloom.platform.jobs.job_configuration import write_configuration
from pairloom.platform.jobs.job_control import JobControl, LetGoError, StopRequestedError
from pairloom.platform.jobs.job_files import Ending, JobFiles
from pairloom.platform.jobs.job_kind import Surroundings
from pairloom.platform.jobs.job_record import COMPLETED, FAILED, STOPPED, TOO_LONG, JobCourse
from pairloom.platform.jobs.job_results import JobResultsUpload
from pairloom.platform.jobs.job_training import JobTraining
from pairloom.platform.jobs.training_request import TrainingRequest, read_request
from pairloom.platform.objectstore.objects import Location
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import TrainingJobRecord
from pairloom.platform.store.records import JobResults

_LOGGER = logging.getLogger(__name__)

_STATUS_OF = {"itself": COMPLETED, "stop": STOPPED, "time limit": TOO_LONG}


class TrainingWork:
    """One training job on its way."""

    def __init__(
        self,
        around: Surroundings,
        record: TrainingJobRecord,
        files: JobFiles,
        settings: PlatformSettings,
        control: JobControl,
    ) -> None:
        self._around = around
        self._name, self._asked = record.name, record.request
        self._files = files
        self._arn = settings.arn("training-job", record.name)
        self._ray_address = settings.ray_address
        self._control = control
        self._course = JobCourse(around.store, record, around.runner_id, control)

    def run(self, lock: int) -> None:
        """Bring the job to its end, from where an earlier runner left it."""
        request = read_request(self._name, self._asked)
        self._finish(request, self._files.ending or self._until_ended(request, lock))

    def restarts(self) -> None:
        """Say that the job goes on after an earlier runner died."""
        self._course.restarts()

    def fails(self, reason: str) -> None:
        """End the job without success."""
        self._fail(reason, time.time())

    def _until_ended(self, request: TrainingRequest, lock: int) -> Ending:
        try:
            self._control.refuse_either()
            channels = self._bring_input(request)
        except StopRequestedError:
            return self._ended(Ending(None, "stop", time.time()))
        objects = self._around.objects(self._control.refuse_let_go)
        training = JobTraining(self._around.store, objects, request, self._files, self._control)
        self._course.trains()
        ending = training.run(
            channels,
            lock,
            arn=self._arn,
            ray_address=self._ray_address,
            started_at=self._course.started_at,
            stop_seconds=self._around.stop_seconds,
        )
        return self._ended(ending)

    def _ended(self, ending: Ending) -> Ending:
        self._files.note_ending(ending)
        return ending

    def _bring_input(self, request: TrainingRequest) -> dict[str, list[ChannelFile]]:
        """Download what is read from files; returns the objects of every channel by its name."""
        objects = self._around.objects(self._control.refuse_either)
        fresh = not self._files.is_downloaded
        if fresh:
            self._course.downloads()
            self._files.begin_download()
        needed = [of for of in request.channels if fresh or of.is_piped]
        channels = {of.name: channel_files(objects, of) for of in needed}
        if fresh:
            Location.parse(request.output_uri)
            in_files = [of for of in request.channels if not of.is_piped]
            needed_bytes = sum(file.item.num_bytes for of in in_files for file in channels[of.name])
            refuse_beyond_volume(needed_bytes, request.volume_gigabytes)
            refuse_full_disk(needed_bytes, self._files.root, "the input")
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
        upload = self._upload(request)
        with naming("OutputDataConfig.S3OutputPath"):
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
            self._upload(request).send_output()
        except LetGoError:
            raise
        except (PairloomError, OSError) as error:
            _LOGGER.warning("job %s: its output was not kept: %s", self._name, error)

    def _upload(self, request: TrainingRequest) -> JobResultsUpload:
        objects = self._around.objects(self._control.refuse_let_go)
        return JobResultsUpload(objects, request, self._files)

    def _fail(self, reason: str, ended_at: float) -> None:
        self._course.ends(FAILED, ended_at, failure_reason=reason)
