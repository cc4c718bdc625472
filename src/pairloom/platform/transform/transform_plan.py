"""What the transform program is told by the runner: a file in the job's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from pairloom.container.job_folder import JobFolder
from pairloom.serving.transform import TransformSettings

_SUFFIX = ".out"


@dataclass(frozen=True, slots=True)
class TransformPlan:
    """The files of one job, and how they become answers.

    Attributes
    ----------
    files
        Paths below the folder of the input, and with `.out` behind them below that of the output.
    """

    settings: TransformSettings
    files: Sequence[PurePosixPath] = field(default_factory=tuple)

    def pairs(self, folder: JobFolder) -> list[tuple[Path, Path]]:
        """Return each file of the input beside its file of the output."""
        return [
            (folder.input_data / path, folder.output_data / answers_path(path))
            for path in self.files
        ]

    def write(self, folder: JobFolder) -> None:
        """Keep the plan in a job's folder."""
        path = _plan_file(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"settings": _members(self.settings), "files": [str(of) for of in self.files]}
        path.write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def read(cls, folder: JobFolder) -> TransformPlan:
        """Read what `write` kept."""
        document = json.loads(_plan_file(folder).read_text(encoding="utf-8"))
        settings = TransformSettings(**document["settings"])
        return cls(settings, tuple(map(PurePosixPath, document["files"])))


def artifact_folder(folder: JobFolder) -> Path:
    """Return the folder below which a container's folder `model` is unpacked."""
    return folder.root / "artifact"


def answers_path(path: PurePosixPath) -> PurePosixPath:
    """Return the path of the answers to a file."""
    return path.with_name(path.name + _SUFFIX)


def _plan_file(folder: JobFolder) -> Path:
    return folder.root / "input" / "config" / "transform.json"


def _members(settings: TransformSettings) -> Mapping[str, Any]:
    given = {of.name for of in fields(settings) if of.init}
    return {name: value for name, value in asdict(settings).items() if name in given}
