"""Which shards a source stands for, and in which format they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pairloom.data.sources.objects import (
    DEFAULT_READ_AHEAD_BYTES,
    is_object_location,
    list_objects,
)
from pairloom.data.sources.shard import FileShard, Shard
from pairloom.formats.file_format import FileFormat, format_by_names, source_format
from pairloom.formats.shards import list_shards


def list_source(
    source: str | Path, read_ahead_bytes: int = DEFAULT_READ_AHEAD_BYTES
) -> list[Shard]:
    """List the shards of a file, a folder or `s3://bucket/prefix`, in the order of reading.

    `read_ahead_bytes` bounds what is on its way from an object store.

    Raises
    ------
    DataError
        There is no data.
    OSError
        There is nothing at that path.
    """
    if is_object_location(str(source)):
        return [*list_objects(str(source), read_ahead_bytes)]
    return [FileShard(path) for path in list_shards(Path(source))]


def format_of_source(source: str | Path, shards: Sequence[Shard]) -> FileFormat:
    """Say the format of a source's shards: of files by their content and names, else by names.

    Raises
    ------
    UserError
        They have several.
    """
    if is_object_location(str(source)):
        return format_by_names(str(source), [shard.name for shard in shards])
    return source_format(Path(source))
