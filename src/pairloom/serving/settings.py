"""What a server is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pairloom.errors import UserError
from pairloom.runtime import allowed_threads

BatchStrategy: TypeAlias = Literal["SINGLE_RECORD", "MULTI_RECORD"]

MEBIBYTE: Final = 1 << 20
DEFAULT_PORT: Final = 8080
DEFAULT_REQUEST_TIMEOUT_SECONDS: Final = 60.0
DEFAULT_PAYLOAD_MEBIBYTES: Final = 6
MOST_PAYLOAD_MEBIBYTES: Final = 100  # of one request, and of all that a transform sends at once


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How one endpoint is served.

    Attributes
    ----------
    artifact
        The model to serve; it is only read.
    cache
        Folder that keeps the mapped form of models; a temporary one when None.
    host, port
        Where to listen; port 0 takes a free one.
    num_workers
        Processes; 0 takes as many as the process may run threads.
    max_payload_mebibytes
        Largest body of a request.
    batch_strategy, max_concurrent_transforms
        What batch transform is advised; 0 concurrent transforms follow from the workers.
    request_timeout_seconds
        How long a client may take to send a request, or to take in what it asked for.
    idle_timeout_seconds
        How long a connection may stay open between two requests.
    drain_seconds
        How long requests in progress may go on once the server was told to stop.
    """

    artifact: Path
    cache: Path | None = None
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    num_workers: int = 0
    max_payload_mebibytes: int = DEFAULT_PAYLOAD_MEBIBYTES
    batch_strategy: BatchStrategy = "MULTI_RECORD"
    max_concurrent_transforms: int = 0
    request_timeout_seconds: float = DEFAULT_REQUEST_TIMEOUT_SECONDS
    idle_timeout_seconds: float = 75.0
    drain_seconds: float = 25.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UserError(f"port is {self.port}; must be from 0 to 65535")
        if not 1 <= self.max_payload_mebibytes <= MOST_PAYLOAD_MEBIBYTES:
            raise UserError(
                f"the largest payload is {self.max_payload_mebibytes} MB; "
                f"must be from 1 to {MOST_PAYLOAD_MEBIBYTES}"
            )
        if self.request_timeout_seconds <= 0:
            raise UserError(
                f"the request timeout is {self.request_timeout_seconds:g} seconds; must be above 0"
            )

    @property
    def max_payload_bytes(self) -> int:
        return self.max_payload_mebibytes * MEBIBYTE

    @property
    def worker_count(self) -> int:
        return self.num_workers or allowed_threads()

    @property
    def execution_parameters(self) -> dict[str, int | str]:
        """What `GET /execution-parameters` answers."""
        at_most = MOST_PAYLOAD_MEBIBYTES // self.max_payload_mebibytes
        return {
            "MaxConcurrentTransforms": self.max_concurrent_transforms
            or min(self.worker_count, at_most),
            "BatchStrategy": self.batch_strategy,
            "MaxPayloadInMB": self.max_payload_mebibytes,
        }
