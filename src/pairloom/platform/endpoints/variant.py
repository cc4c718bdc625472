"""A production variant as it is served, and as an endpoint's record keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from pairloom.platform.local_host import loopback_name

DEFAULT_WEIGHT: Final = 1.0
DEFAULT_STARTUP_SECONDS: Final = 240.0  # as long as SageMaker waits for a container


@dataclass(frozen=True, slots=True)
class Artifact:
    """Where a model's files are.

    Attributes
    ----------
    uri
        An archive, or the prefix of objects that are taken as they are.
    """

    uri: str
    is_archive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One production variant, all that it needs to be started again included.

    Attributes
    ----------
    folder
        Name of the folder that its model is unpacked in, within the endpoint's own.
    startup_seconds
        How long a process may take until it answers /ping.
    """

    name: str
    model: str
    folder: str
    artifact: Artifact
    environment: Mapping[str, str]
    weight: float = DEFAULT_WEIGHT
    instance_count: int = 1
    startup_seconds: float = DEFAULT_STARTUP_SECONDS

    def as_state(self, ports: Iterable[int]) -> dict[str, Any]:
        """Return what the record keeps of the variant and where its processes listen."""
        return {
            "name": self.name,
            "model": self.model,
            "weight": self.weight,
            "instance_count": self.instance_count,
            "routes": [
                {"host": "127.0.0.1", "port": port, "loopback": loopback_name()} for port in ports
            ],
            "folder": self.folder,
            "artifact": asdict(self.artifact),
            "environment": dict(self.environment),
            "startup_seconds": self.startup_seconds,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Variant:
        """Return the variant that `as_state` described."""
        kept = {name: value for name, value in state.items() if name != "routes"}
        return cls(**{**kept, "artifact": Artifact(**kept["artifact"])})


def desired_of(variants: Iterable[Variant]) -> dict[str, dict[str, float]]:
    """Return weights and counts as an endpoint's record keeps those that are asked for."""
    return {
        variant.name: {"weight": variant.weight, "instance_count": variant.instance_count}
        for variant in variants
    }
