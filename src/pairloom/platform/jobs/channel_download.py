"""Brings the objects of channels in File mode into the job's folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pairloom.errors import PlatformError, UserError
from pairloom.platform.jobs.channel_files import ChannelFile
from pairloom.platform.jobs.training_request import ChannelRequest
from pairloom.platform.objectstore.objects import Objects

_AT_ONCE = 4
_RESERVE_BYTES = 16 << 20  # for the model, and so that the platform's own database goes on


def refuse_too_large(num_bytes: int, folder: Path, volume_gigabytes: int) -> None:
    """Raise where what is to be downloaded fits neither the volume asked for nor the disk."""
    if volume_gigabytes and num_bytes > volume_gigabytes << 30:
        raise UserError(
            f"the channels hold {num_bytes:,} bytes; ResourceConfig.VolumeSizeInGB, "
            f"{volume_gigabytes}, is too small for them"
        )
    free = shutil.disk_usage(folder).free
    if num_bytes + _RESERVE_BYTES > free:
        raise PlatformError(
            f"the disk is full: the channels need {num_bytes:,} bytes and {_RESERVE_BYTES:,} are "
            f"kept free, {folder} has {free:,}"
        )


def download(
    objects: Objects, channel: ChannelRequest, files: Sequence[ChannelFile], folder: Path
) -> None:
    """Write the files of one channel, several at once."""
    for parent in {folder / file.path.parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)

    def fetch(file: ChannelFile) -> None:
        try:
            objects.download(file.item, folder / file.path)
        except UserError as error:
            raise UserError(f"{channel}: {error}") from error

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="download") as pool:
        tasks = [pool.submit(fetch, file) for file in files]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
