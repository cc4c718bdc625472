"""Captured requests on their way to the object store: written by gateways, sent by the runner."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BEGUN: Final = ".part"
_ADDRESS: Final = "destination"


@dataclass(frozen=True, slots=True)
class CompleteFile:
    """A file that is to be sent, its place below the destination, and that destination."""

    path: Path
    name: str
    destination: str


class CaptureFolder:
    """A folder with one folder for each destination, which names it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def begin(self, destination: str, name: str) -> Path:
        """Return where to write a file that is not complete yet."""
        folder = self._root / hashlib.sha256(destination.encode()).hexdigest()[:16]
        path = folder / "files" / f"{name}{_BEGUN}"
        path.parent.mkdir(parents=True, exist_ok=True)
        address = folder / _ADDRESS
        if not address.exists():
            scratch = folder / f"{_ADDRESS}.new"
            scratch.write_text(destination, encoding="utf-8")
            scratch.replace(address)
        return path

    def complete(self, path: Path) -> None:
        """Give a file that was written over to whoever sends it."""
        path.rename(path.with_suffix(""))

    def complete_leftovers(self) -> None:
        """Complete what a killed process has left, but for a line that it was amid."""
        for path in self._root.glob(f"*/files/**/*{_BEGUN}"):
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if not whole:
                path.unlink()
                continue
            if len(whole) < len(content):
                with path.open("r+b") as file:
                    file.truncate(len(whole))
            self.complete(path)

    def complete_files(self) -> Iterator[CompleteFile]:
        """Yield what is to be sent, the oldest of each variant first."""
        for address in sorted(self._root.glob(f"*/{_ADDRESS}")):
            destination = address.read_text(encoding="utf-8")
            files = address.parent / "files"
            for path in sorted(files.glob("**/*.jsonl")):
                yield CompleteFile(path, path.relative_to(files).as_posix(), destination)
