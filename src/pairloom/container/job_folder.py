"""Where the files of a training job lie below its root, as SageMaker lays them out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pairloom.model.sagemaker import MODEL_MEMBER

DEFAULT_ROOT = Path("/opt/ml")
_SCRATCH = ".pairloom-*"  # of `formats.complete_file` and `reports.run_folder`


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The folders and files of one training job."""

    root: Path = DEFAULT_ROOT

    @property
    def hyperparameters(self) -> Path:
        return self.root / "input" / "config" / "hyperparameters.json"

    @property
    def input_data_config(self) -> Path:
        return self.root / "input" / "config" / "inputdataconfig.json"

    @property
    def resource_config(self) -> Path:
        return self.root / "input" / "config" / "resourceconfig.json"

    @property
    def input_data(self) -> Path:
        return self.root / "input" / "data"

    @property
    def model(self) -> Path:
        return self.root / "model" / MODEL_MEMBER

    @property
    def output_data(self) -> Path:
        return self.root / "output" / "data"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    def make_clean(self) -> None:
        """Make what is written to, and take away what would pass for this run's.

        That is the model of an earlier run, its failure, and what a killed one had begun to write.
        """
        for folder in (self.model.parent, self.output_data):
            folder.mkdir(parents=True, exist_ok=True)
        self.remove_scratch()
        for earlier in (self.model, self.failure):
            earlier.unlink(missing_ok=True)

    def remove_scratch(self) -> None:
        """Take away files that are not complete."""
        for folder in (self.model.parent, self.output_data):
            for scratch in folder.glob(_SCRATCH):
                shutil.rmtree(scratch, ignore_errors=True)
