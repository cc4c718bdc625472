"""The blocks of an epoch kept as packed rows, which later epochs read instead of the shards."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from pairloom.data.cache_file import CacheReader, CacheWriter
from pairloom.data.sources.shard import Shard
from pairloom.errors import DataFormatError, UserError

logger = logging.getLogger(__name__)


class BlockCache:
    """Caches below a folder, one file for each way of cutting the same shards into blocks.

    Parameters
    ----------
    folder
        Made when it is not there.
    name
        What messages call the shards.
    settings
        Of the parser: other settings, other rows.

    Raises
    ------
    UserError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, name: str, settings: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: no folder for a cache: {error.strerror}") from error
        self._folder = folder
        self._name = name
        self._settings = settings

    def open(self, shards: Sequence[Shard], cut: str) -> CacheReader | None:
        """Return the cache of shards that were cut in this way; None without a whole, fresh one."""
        path = self._path(cut)
        try:
            return CacheReader(path, self._key(shards, cut))
        except FileNotFoundError:
            return None
        except (DataFormatError, OSError) as error:
            logger.info("%s: %s; it is made anew", path, error)
            return None

    def begin(self, shards: Sequence[Shard], cut: str) -> CacheWriter | None:
        """Return what writes that cache; None, with a warning, when it cannot be written."""
        path = self._path(cut)
        try:
            return CacheWriter(path, self._key(shards, cut))
        except BlockingIOError:
            logger.info("%s: another process writes it", path)
        except OSError as error:
            logger.warning("%s: %s; training goes on without a cache", path, error.strerror)
        return None

    def _path(self, cut: str) -> Path:
        told = "\n".join([self._name, self._settings, cut])
        return self._folder / f"rows-{hashlib.sha256(told.encode()).hexdigest()[:16]}.cache"

    def _key(self, shards: Sequence[Shard], cut: str) -> bytes:
        told = hashlib.sha256(f"{self._settings}\n{cut}\n".encode())
        for shard in shards:
            told.update(f"{shard.name}\n{shard.version()}\n{shard.written_at()}\n".encode())
        return told.digest()
