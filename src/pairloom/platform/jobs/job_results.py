"""Puts what a job has made below its output address."""

from __future__ import annotations

from pathlib import Path

from pairloom.platform.jobs.archive import files_below, write_archive
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.jobs.training_request import TrainingRequest
from pairloom.platform.objectstore.objects import Location, Objects

MODEL_ARCHIVE, OUTPUT_ARCHIVE = "model.tar.gz", "output.tar.gz"


class JobResultsUpload:
    """The results of one job.

    Raises
    ------
    UserError
        There is no such bucket, or it may not be written to.
    PlatformError
        The store stayed away.
    """

    def __init__(self, objects: Objects, request: TrainingRequest, files: JobFiles) -> None:
        self._objects = objects
        self._folder = Location.parse(request.output_uri).below(f"{request.name}/output")
        self._compresses = request.compresses_model
        self._files = files

    def send_model(self) -> str | None:
        """Upload the model; returns its address, or None where there is none."""
        return self._send(self._files.job.model.parent, MODEL_ARCHIVE, "model")

    def send_output(self) -> str | None:
        """Upload what was measured and drawn; returns its address, or None without any."""
        return self._send(self._files.job.output_data, OUTPUT_ARCHIVE, "data")

    def _send(self, folder: Path, archive: str, name: str) -> str | None:
        found = files_below(folder)
        if not found:
            return None
        if self._compresses:
            packed, place = self._files.scratch / archive, self._folder.below(archive)
            write_archive(folder, packed)
            self._objects.upload(packed, place)
            packed.unlink()
            return str(place)
        place = self._folder.below(name)
        for file in found:
            self._objects.upload(file, place.below(file.relative_to(folder).as_posix()))
        return str(place)
