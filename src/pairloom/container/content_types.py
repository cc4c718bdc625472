"""How the files of a channel are read, by the content type that the channel has."""

from __future__ import annotations

import dataclasses

from pairloom.data import FileOptions
from pairloom.errors import UserError

RECORDIO = "application/x-recordio-protobuf"

_RECORDIO = FileOptions(format="recordio")
_LIBSVM = FileOptions(format="libsvm")
# As SageMaker's own algorithms take CSV: without a header, the label in the first column.
_CSV = FileOptions(format="csv", header=False)
_PARQUET = FileOptions(format="parquet")

OPTIONS = {
    RECORDIO: _RECORDIO,
    "text/libsvm": _LIBSVM,
    "text/x-libsvm": _LIBSVM,
    "application/x-libsvm": _LIBSVM,
    "text/csv": _CSV,
    "application/x-parquet": _PARQUET,
    "application/vnd.apache.parquet": _PARQUET,
}
_HEADERS = {"present": True, "absent": False}


def file_options(content_type: str | None) -> FileOptions:
    """Return how to read files of a content type; none given stands for recordio-protobuf.

    Of CSV the parameters `label_size=1`, which is what holds anyway, and `header=present` are
    taken; with a header the labels are in the column named `label`.

    Raises
    ------
    UserError
        The content type, or a parameter of it, is unknown.
    """
    media_type, *parameters = (content_type or RECORDIO).split(";")
    options = OPTIONS.get(media_type.strip().lower())
    if options is None:
        raise UserError(
            f"content type {media_type.strip()!r} is unknown; must be {', '.join(OPTIONS)}"
        )
    for parameter in parameters:
        options = _with_parameter(options, parameter.strip().lower())
    return options


def is_recordio(content_type: str | None) -> bool:
    """Say whether rows come as recordio-protobuf, whose width cannot be told from one file."""
    return file_options(content_type).format == "recordio"


def _with_parameter(options: FileOptions, parameter: str) -> FileOptions:
    name, _, value = parameter.partition("=")
    if name in ("", "charset") and value in ("", "utf-8", "us-ascii"):
        return options
    if options.format == "csv" and parameter == "label_size=1":
        return options
    if options.format == "csv" and name == "header" and value in _HEADERS:
        return dataclasses.replace(options, header=_HEADERS[value])
    rule = "label_size=1, header=present, header=absent or " if options.format == "csv" else ""
    raise UserError(f"content type parameter {parameter!r} is refused; must be {rule}charset=utf-8")
