"""Where an endpoint's files are: its lock, the models that it serves, scratch space."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path


class EndpointFiles:
    """The folder of one endpoint."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def scratch(self) -> Path:
        """For temporary files of serving processes."""
        return self.root / "scratch"

    def model(self, folder: str) -> Path:
        """Return the root of a model, laid out as a container finds it."""
        return self.root / "models" / folder

    def make(self) -> None:
        """Make the folders, and take away what processes of before have left."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        for folder in (self.scratch, self.root / "models"):
            folder.mkdir(parents=True, exist_ok=True)

    def keep_models(self, folders: Collection[str]) -> None:
        """Take all other models away."""
        for path in (self.root / "models").glob("*"):
            if path.name not in folders:
                shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
