"""Which format a path's files have: by their first bytes where these tell, else by their name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pairloom.errors import UserError
from pairloom.formats.array_files import is_array_file
from pairloom.formats.shards import list_shards

FileFormat: TypeAlias = Literal["recordio", "libsvm", "numpy"]

FILE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
NAMES: dict[FileFormat, str] = {
    "recordio": "recordio-protobuf",
    "libsvm": "libsvm text",
    "numpy": "a NumPy file",
}
SUFFIXES: dict[str, FileFormat] = {
    "": "recordio",
    ".pbr": "recordio",
    ".recordio": "recordio",
    ".libsvm": "libsvm",
    ".svm": "libsvm",
    ".txt": "libsvm",
    ".npy": "numpy",
    ".npz": "numpy",
}


def source_format(path: Path) -> FileFormat:
    """Say the format of a file or of a folder's shards.

    What begins as NumPy's files do is NumPy's, whatever its name; a name that says nothing is taken
    for recordio-protobuf's.
    """
    formats = {_file_format(file) for file in list_shards(path)}
    if len(formats) > 1:
        raise UserError(f"{path}: holds files of several formats, {' and '.join(sorted(formats))}")
    return formats.pop()


def target_format(path: Path) -> FileFormat:
    """Say the format of a file to be written."""
    if path.suffix not in SUFFIXES:
        known = ", ".join(suffix for suffix in SUFFIXES if suffix)
        raise UserError(f"{path}: unknown suffix {path.suffix}; expected one of {known}")
    return SUFFIXES[path.suffix]


def _file_format(file: Path) -> FileFormat:
    if file.is_file() and is_array_file(file):
        return "numpy"
    return SUFFIXES.get(file.suffix, "recordio")
