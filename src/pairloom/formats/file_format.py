"""Which format a path's files have: by their first bytes where these tell, else by their name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pairloom.errors import UserError
from pairloom.formats.array_files import is_array_file
from pairloom.formats.compression import without_suffix
from pairloom.formats.shards import list_shards

FileFormat: TypeAlias = Literal["recordio", "libsvm", "numpy", "csv", "parquet", "arrow"]

FILE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
NAMES: dict[FileFormat, str] = {
    "recordio": "recordio-protobuf",
    "libsvm": "libsvm text",
    "numpy": "a NumPy file",
    "csv": "CSV",
    "parquet": "Parquet",
    "arrow": "an Arrow file",
}
WRITTEN: tuple[FileFormat, ...] = ("recordio", "libsvm", "numpy")
SUFFIXES: dict[str, FileFormat] = {
    "": "recordio",
    ".pbr": "recordio",
    ".recordio": "recordio",
    ".libsvm": "libsvm",
    ".svm": "libsvm",
    ".txt": "libsvm",
    ".npy": "numpy",
    ".npz": "numpy",
    ".csv": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}


def source_format(path: Path) -> FileFormat:
    """Say the format of a file or of a folder's shards, inside their compression.

    What begins as NumPy's files do is NumPy's, whatever its name; a name that says nothing is taken
    for recordio-protobuf's.
    """
    return _only_one(str(path), {_file_format(file) for file in list_shards(path)})


def format_by_names(source: str, names: Iterable[str]) -> FileFormat:
    """Say the format that names stand for, inside their compression."""
    return _only_one(source, {_named_format(Path(name)) for name in names})


def target_format(path: Path) -> FileFormat:
    """Say the format of a file to be written."""
    suffix = without_suffix(path).suffix
    file_format = SUFFIXES.get(suffix)
    if file_format not in WRITTEN:
        known = ", ".join(known for known, name in SUFFIXES.items() if known and name in WRITTEN)
        raise UserError(f"{path}: cannot write {suffix}; expected one of {known}")
    if file_format == "numpy" and suffix != path.suffix:
        raise UserError(
            f"{path}: {NAMES[file_format]} cannot be written compressed; drop {path.suffix}"
        )
    return file_format


def _only_one(source: str, formats: set[FileFormat]) -> FileFormat:
    if len(formats) > 1:
        held = " and ".join(sorted(formats))
        raise UserError(f"{source}: holds files of several formats, {held}")
    return formats.pop()


def _file_format(file: Path) -> FileFormat:
    return "numpy" if file.is_file() and is_array_file(file) else _named_format(file)


def _named_format(file: Path) -> FileFormat:
    return SUFFIXES.get(without_suffix(file).suffix, "recordio")
