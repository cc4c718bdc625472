"""What is done for a transform job: download, transform, upload."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

from pairloom.platform.endpoints.model_artifact import bring_model
from pairloom.platform.jobs.channel_download import download, each
from pairloom.platform.jobs.channel_files import channel_files
from pairloom.platform.jobs.disk_space import refuse_full_disk
from pairloom.platform.jobs.failure_reason import naming, reason_of_exit
from pairloom.platform.jobs.field_fates import ignored_line
from pairloom.platform.jobs.job_configuration import inherited_environment
from pairloom.platform.jobs.job_control import JobControl, StopRequestedError
from pairloom.platform.jobs.job_files import Ending, JobFiles
from pairloom.platform.jobs.job_kind import Surroundings
from pairloom.platform.jobs.job_process import JobProcess
from pairloom.platform.jobs.job_watch import until_end
from pairloom.platform.logs.job_log_writer import JobLogWriter
from pairloom.platform.logs.job_streams import open_streams
from pairloom.platform.objectstore.objects import Location
from pairloom.platform.store import ResourceRecord
from pairloom.platform.store.records import TRANSFORM_LOG_GROUP
from pairloom.platform.transform.transform_course import (
    COMPLETED,
    FAILED,
    STOPPED,
    TransformCourse,
)
from pairloom.platform.transform.transform_plan import TransformPlan, artifact_folder
from pairloom.platform.transform.transform_request import TransformRequest, read_transform

_PROGRAM = "transform program"


def transform_command(root: Path) -> list[str]:
    """Return the command that transforms the files in a job's folder."""
    return [sys.executable, "-I", "-m", "pairloom.platform.transform", str(root)]


class TransformWork:
    """One transform job on its way."""

    def __init__(
        self, around: Surroundings, record: ResourceRecord, files: JobFiles, control: JobControl
    ) -> None:
        self._around = around
        self._record = record
        self._files = files
        self._control = control
        self._course = TransformCourse(around.store, record, around.runner_id, control)

    def run(self, lock: int) -> None:
        """Bring the job to its end, from where an earlier runner left it."""
        request = read_transform(self._record.request, self._record.state["model"])
        self._course.begins()
        self._finish(request, self._files.ending or self._until_ended(request, lock))

    def restarts(self) -> None:
        """Say nothing: no state of a transform job shows it."""

    def fails(self, reason: str) -> None:
        """End the job without success."""
        self._course.ends(FAILED, time.time(), failure_reason=reason)

    def _until_ended(self, request: TransformRequest, lock: int) -> Ending:
        try:
            self._control.refuse_either()
            self._bring_input(request)
            ending = self._transform(request, lock)
        except StopRequestedError:
            ending = Ending(None, "stop", time.time())
        self._files.note_ending(ending)
        return ending

    def _bring_input(self, request: TransformRequest) -> None:
        """Download model and files, and write down what is to become of them."""
        if self._files.is_downloaded:
            return
        Location.parse(request.output_uri)
        objects, folder = self._around.objects(self._control.refuse_either), self._files.job
        self._files.begin_download()
        found = channel_files(objects, request.source)
        needed_bytes = sum(of.item.num_bytes for of in found)
        refuse_full_disk(needed_bytes, self._files.root, "the input")
        with naming("ModelName"):
            bring_model(objects, request.model.artifact, artifact_folder(folder))
        download(objects, request.source, found, folder.input_data)
        TransformPlan(request.settings, [of.path for of in found]).write(folder)
        self._files.note_download()

    def _transform(self, request: TransformRequest, lock: int) -> Ending:
        log = self._log()
        try:
            for line in _first_lines(request):
                log.line(line)
            process = JobProcess(
                transform_command(self._files.root),
                folder=self._files.root,
                environment={**inherited_environment(), **request.environment},
                lock=lock,
                on_line=log.line,
            )
            try:
                ended_by = until_end(process, self._control, stop_seconds=self._around.stop_seconds)
            finally:
                process.kill()
                code = process.finish()
        finally:
            log.close()
        self._control.refuse_let_go()
        return Ending(code, ended_by, time.time())

    def _log(self) -> JobLogWriter:
        name = self._record.name
        store = self._around.store
        stream = self._control.keep(
            lambda: open_streams(store, name, [_instance(name)], group=TRANSFORM_LOG_GROUP)
        )
        return JobLogWriter(self._around.store, stream, {}, lambda _: [], group=TRANSFORM_LOG_GROUP)

    def _finish(self, request: TransformRequest, ending: Ending) -> None:
        """Upload what answers there are, unless the job was stopped, and say how it ended."""
        if ending.ended_by == "stop":
            self._course.ends(STOPPED, ending.ended_at)
            return
        with naming("TransformOutput.S3OutputPath"):
            self._upload(Location.parse(request.output_uri))
        if ending.exit_code == 0:
            self._course.ends(COMPLETED, time.time())
        else:
            reason = reason_of_exit(self._files.job, ending.exit_code or 0, _PROGRAM)
            self.fails(reason)

    def _upload(self, prefix: Location) -> None:
        folder = self._files.job
        objects = self._around.objects(self._control.refuse_let_go)
        plan = TransformPlan.read(folder)

        def send(answers: Path) -> None:
            place = prefix.below(answers.relative_to(folder.output_data).as_posix())
            objects.upload(answers, place)

        each([answers for _, answers in plan.pairs(folder) if answers.exists()], send)


def _first_lines(request: TransformRequest) -> list[str]:
    lines = []
    if request.ignored_fields:
        lines.append(ignored_line(request.ignored_fields))
    if request.instance_count > 1:
        lines.append(f"One process transforms the files of all {request.instance_count} instances.")
    return lines


def _instance(name: str) -> str:
    """Return a name as an instance at AWS has it, the same whenever the job is taken up."""
    return f"i-{hashlib.sha256(name.encode()).hexdigest()[:17]}"
