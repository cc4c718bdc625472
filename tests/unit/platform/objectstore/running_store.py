"""SeaweedFS as the platform starts it, for tests that kill it and start it again."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairloom.platform.identity import KeyPair, make_key_pair
from pairloom.platform.objectstore.client import s3_client_for
from pairloom.platform.objectstore.embedded import EmbeddedStore, embedded_store
from pairloom.platform.objectstore.readiness import takes_objects


@dataclass
class RunningStore:
    """An embedded object store that can be killed and started again."""

    folder: Path
    keys: KeyPair = field(default_factory=make_key_pair)

    def __post_init__(self) -> None:
        self.store: EmbeddedStore = embedded_store(self.folder)
        self.start()

    @property
    def client(self) -> Any:
        return s3_client_for(self.store.url, self.keys, "us-east-1", attempts=1)

    def start(self) -> float:
        """Return the seconds until it took an object."""
        self.store.prepare(self.keys)
        begin = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.store.command,
                env={**os.environ, **self.store.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        client = self.client
        while not takes_objects(client):
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() - begin < 60
            time.sleep(0.05)
        return time.monotonic() - begin

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.store.remove_sockets()
