"""What a runner keeps of a job on disk, so that the next one knows how far it came."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pairloom.container.job_folder import JobFolder
from pairloom.formats.full_disk import naming_full_disk

EndedBy: TypeAlias = Literal["itself", "stop", "time limit"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job's process ended, and why.

    Attributes
    ----------
    exit_code
        Below 0 the signal; None where the process was never started.
    """

    exit_code: int | None
    ended_by: EndedBy
    ended_at: float


class JobFiles:
    """The folder of one job: that of the train program, and the runner's own notes in it.

    Attributes
    ----------
    were_left_behind
        The job has been worked on elsewhere since, or never here: it starts anew in this folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.job = JobFolder(root)
        self._notes = root / "runner"
        self.were_left_behind = False

    @property
    def lock(self) -> Path:
        return self._notes / "lock"

    @property
    def scratch(self) -> Path:
        """For files that are made only to be sent away."""
        folder = self._notes / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def is_downloaded(self) -> bool:
        """Whether all channels are complete."""
        return (self._notes / "downloaded").exists()

    def note_download(self) -> None:
        self._write("downloaded", {})

    def begin_download(self) -> None:
        """Take away what an interrupted download left."""
        shutil.rmtree(self.job.input_data, ignore_errors=True)
        self.job.input_data.mkdir(parents=True)

    @property
    def ending(self) -> Ending | None:
        """How the process ended, once it has."""
        noted = self._read("ended")
        return None if noted is None else Ending(**noted)

    def note_ending(self, ending: Ending) -> None:
        self._write("ended", asdict(ending))

    def take(self, attempt: int) -> None:
        """Begin an attempt; what is here is kept if it is of the attempt before.

        Attempts are counted over all machines that share a database, these files are not.
        """
        noted = self._read("attempt")
        self.were_left_behind = attempt > 1 and (noted is None or noted["number"] != attempt - 1)
        if self.were_left_behind:
            self._clear()
        self._write("attempt", {"number": attempt})

    @property
    def interruptions(self) -> int:
        """How often a runner died while it had the job."""
        noted = self._read("interruptions")
        return 0 if noted is None else int(noted["count"])

    def note_interruptions(self, count: int) -> None:
        self._write("interruptions", {"count": count})

    def remove(self) -> None:
        """Take everything away; the job has ended, its results are elsewhere."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _clear(self) -> None:
        kept = {self._notes, self.lock, self._notes / "interruptions"}
        for path in [*self.root.iterdir(), *self._notes.iterdir()]:
            if path.is_dir() and path not in kept:
                shutil.rmtree(path)
            elif path not in kept:
                path.unlink()

    def _write(self, name: str, document: dict[str, Any]) -> None:
        self._notes.mkdir(parents=True, exist_ok=True)
        scratch = self._notes / f"{name}.new"
        what = f"the runner's note {name!r}"
        with naming_full_disk(what, scratch), scratch.open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._notes / name)

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self._notes / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
