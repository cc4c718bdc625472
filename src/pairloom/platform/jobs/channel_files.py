"""Which objects a channel holds, and where each lies in the channel's folder."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from pairloom.errors import UserError
from pairloom.platform.jobs.training_request import MANIFEST_FILE, ChannelRequest
from pairloom.platform.objectstore.objects import Location, Objects, StoredObject

MOST_MANIFEST_BYTES = 64 << 20


class ObjectSource(Protocol):
    """A channel, or what else has its files in the object store; as text it is named in errors."""

    @property
    def uri(self) -> str: ...

    @property
    def data_type(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ChannelFile:
    """An object of a channel and its path in the channel's folder."""

    item: StoredObject
    path: PurePosixPath


def channel_files(objects: Objects, channel: ObjectSource) -> list[ChannelFile]:
    """Find the objects of a channel, those of all instances, in the order of their names.

    Raises
    ------
    UserError
        There are none, the manifest is malformed, or a name leads out of the folder.
    """
    try:
        source = Location.parse(channel.uri)
        if channel.data_type == MANIFEST_FILE:
            text = objects.read(source, MOST_MANIFEST_BYTES)
            found = [
                ChannelFile(objects.describe(place), path)
                for place, path in read_manifest(text, str(source))
            ]
        else:
            found = _some_below(objects, source)
        _refuse_clashes([file.path for file in found])
    except UserError as error:
        raise UserError(f"{channel}: {error}") from error
    return found


def epoch_order(
    channel: ChannelRequest, files: Sequence[ChannelFile], epoch: int
) -> list[ChannelFile]:
    """Return the files in the order in which an epoch's pipe has them."""
    if channel.shuffle_seed is None:
        return list(files)
    drawn = random.Random(f"{channel.shuffle_seed}/{epoch}")  # noqa: S311  an order, no secret
    return drawn.sample(list(files), len(files))


def stored_files(objects: Objects, prefix: Location) -> list[ChannelFile]:
    """Return the objects whose keys begin so, by key, and where each lies in a folder.

    Raises
    ------
    UserError
        A name leads out of the folder.
    """
    return [
        ChannelFile(item, path_below(prefix.key, item.location.key))
        for item in objects.list(prefix)
        if not item.location.key.endswith("/")  # how browsers of buckets mark a folder
    ]


def path_below(prefix: str, key: str) -> PurePosixPath:
    """Return where an object lies whose key begins with a prefix.

    The prefix may be the whole key, a folder with or without its slash, or the beginning of a name.

    Raises
    ------
    UserError
        The key holds `..`, `.` or nothing between two slashes.
    """
    folder = prefix if key.startswith(f"{prefix.rstrip('/')}/") else prefix.rpartition("/")[0]
    return inner_path(key.removeprefix(folder).removeprefix("/"), key)


def inner_path(relative: str, name: str) -> PurePosixPath:
    """Return a path within a folder, which is given below it.

    Raises
    ------
    UserError
        It holds `..`, `.` or nothing between two slashes; the message has the name.
    """
    if any(part in ("", ".", "..") for part in relative.split("/")) or "\0" in relative:
        raise UserError(f"the name {name!r} leads out of the folder; it cannot be a file")
    return PurePosixPath(relative)


def read_manifest(text: bytes, name: str) -> list[tuple[Location, PurePosixPath]]:
    """Read a manifest: a list of a prefix, `{"prefix": "s3://..."}`, and names relative to it.

    Raises
    ------
    UserError
        The text is something else; names the place and the rule.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name}: no JSON ({error}); must be a manifest") from error
    if not isinstance(document, list) or not document:
        raise UserError(f"{name}: must be a list of a prefix and of names relative to it")
    prefix = document[0].get("prefix") if isinstance(document[0], dict) else None
    if not isinstance(prefix, str):
        raise UserError(f'{name}[0] is {document[0]!r:.200}; must be {{"prefix": "s3://..."}}')
    if len(document) == 1:
        raise UserError(f"{name}: names no object below its prefix, {prefix}")
    return [_manifest_entry(prefix, f"{name}[{at}]", of) for at, of in enumerate(document) if at]


def _manifest_entry(prefix: str, place: str, name: object) -> tuple[Location, PurePosixPath]:
    if not isinstance(name, str) or not name:
        raise UserError(f"{place} is {name!r:.200}; must be a name relative to the prefix")
    location = Location.parse(prefix + name)
    if not location.key:
        raise UserError(f"{place}: {location} names no object")
    return location, inner_path(name.lstrip("/"), name)


def _some_below(objects: Objects, source: Location) -> list[ChannelFile]:
    found = stored_files(objects, source)
    if not found:
        raise UserError(f"there are no objects whose address begins with {source}")
    return found


def _refuse_clashes(paths: Sequence[PurePosixPath]) -> None:
    files: set[PurePosixPath] = set()
    for path in paths:
        if path in files:
            raise UserError(f"the file {path} is there twice")
        files.add(path)
    for path in paths:
        for parent in path.parents:
            if parent in files:
                raise UserError(f"{parent} is both a file and the folder of {path}")
