"""Brings the objects of channels in File mode into the job's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pairloom.errors import UserError
from pairloom.platform.jobs.channel_files import ChannelFile, ObjectSource
from pairloom.platform.objectstore.objects import Location, Objects

T = TypeVar("T")

_AT_ONCE = 4


def refuse_beyond_volume(num_bytes: int, volume_gigabytes: int) -> None:
    """Raise UserError where what is to be downloaded does not fit the volume asked for, if any."""
    if volume_gigabytes and num_bytes > volume_gigabytes << 30:
        raise UserError(
            f"the channels hold {num_bytes:,} bytes; ResourceConfig.VolumeSizeInGB, "
            f"{volume_gigabytes}, is too small for them"
        )


def download(
    objects: Objects, source: ObjectSource | Location, files: Sequence[ChannelFile], folder: Path
) -> None:
    """Write the files of one source, several at once; as text it is named in errors."""
    for parent in {folder / file.path.parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)

    def fetch(file: ChannelFile) -> None:
        try:
            objects.download(file.item, folder / file.path)
        except UserError as error:
            raise UserError(f"{source}: {error}") from error

    each(files, fetch)


def each(items: Sequence[T], work: Callable[[T], None]) -> None:
    """Do something with every item, with several at once; the first error ends it."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="objects") as pool:
        tasks = [pool.submit(work, item) for item in items]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
