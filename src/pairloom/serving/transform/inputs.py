"""Which files a transform's input stands for, and where their answers go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pairloom.errors import DataError
from pairloom.formats.shards import list_shards

_SUFFIX = ".out"


def list_inputs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """List input files beside their output files, `<input>.out` in the folder `target`.

    A source is a file, a folder of files and folders, or what the paths of several begin with, as
    an object store's prefix. The order is that of an object store.

    Raises
    ------
    DataError
        There is no input, or a file would be read and overwritten.
    """
    if source.is_file():
        return [(source, _output(target, Path(source.name)))]
    if source.is_dir():
        files, parent = list_shards(source), source
    else:
        files, parent = sorted(_with_prefix(source)), source.parent
    if not files:
        raise DataError(f"{source}: there is no such file or folder, nor a file that begins so")
    inputs = [(file, _output(target, file.relative_to(parent))) for file in files]
    _refuse_overlap(inputs)
    return inputs


def _refuse_overlap(inputs: list[tuple[Path, Path]]) -> None:
    read = {file.resolve() for file, _ in inputs}
    for file, output in inputs:
        if output.resolve() in read:
            raise DataError(
                f"{output}: both an input and where the answers to {file} go; choose an output "
                "folder outside the input, or remove the answers of an earlier run"
            )


def _with_prefix(prefix: Path) -> Iterator[Path]:
    if not prefix.parent.is_dir():
        return
    for path in prefix.parent.iterdir():
        if path.name.startswith(prefix.name):
            yield from list_shards(path) if path.is_dir() else [path]


def _output(target: Path, name: Path) -> Path:
    return target / name.with_name(name.name + _SUFFIX)
