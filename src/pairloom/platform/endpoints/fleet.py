"""The instances of all variants of an endpoint, as one generation serves them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pairloom.errors import PlatformError
from pairloom.platform.endpoints.endpoint_files import EndpointFiles
from pairloom.platform.endpoints.instance import Instance
from pairloom.platform.endpoints.serving_process import ServingProcess
from pairloom.platform.endpoints.variant import Variant
from pairloom.platform.logs.job_log_writer import JobLogWriter
from pairloom.platform.store import Store

LOG_GROUP_PREFIX: Final = "/aws/sagemaker/Endpoints/"


class Launcher:
    """Makes instances of one endpoint.

    Parameters
    ----------
    lock
        Descriptor that all its processes hold.
    wake
        Called whenever one of them writes a line, or begins or ceases to answer.
    """

    def __init__(
        self,
        store: Store,
        endpoint: str,
        files: EndpointFiles,
        lock: int,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._group = f"{LOG_GROUP_PREFIX}{endpoint}"
        self._files = files
        self._lock = lock
        self._wake = wake

    def instance(self, variant: Variant) -> Instance:
        """Return a new instance, which has no process yet."""
        name = f"i-{secrets.token_hex(8)}1"
        log = JobLogWriter(
            self._store, f"{variant.name}/{name}", {}, lambda _: [], group=self._group
        )

        def hear(line: str) -> None:
            log.line(line)
            self._wake()

        def launch() -> ServingProcess:
            return ServingProcess(
                self._files.model(variant.folder),
                scratch=self._files.scratch / name,
                environment=variant.environment,
                lock=self._lock,
                on_line=hear,
                changed=self._wake,
            )

        return Instance(launch, variant.startup_seconds, log.close)


@dataclass(frozen=True, slots=True)
class ServedVariant:
    """A variant and its instances."""

    variant: Variant
    instances: tuple[Instance, ...]

    @property
    def ports(self) -> list[int]:
        """Where the instances that answer listen."""
        return [instance.port for instance in self.instances if instance.port is not None]

    def resized(self, variant: Variant, launcher: Launcher) -> ServedVariant:
        """Return the same instances, as many as the variant asks for, new ones at the end."""
        missing = max(0, variant.instance_count - len(self.instances))
        added = tuple(launcher.instance(variant) for _ in range(missing))
        return ServedVariant(variant, (*self.instances[: variant.instance_count], *added))


class Fleet:
    """One generation of an endpoint."""

    def __init__(self, served: Sequence[ServedVariant] = ()) -> None:
        self.served = tuple(served)

    @classmethod
    def of(cls, variants: Iterable[Variant], launcher: Launcher) -> Fleet:
        """Return a fleet of new instances."""
        return cls([ServedVariant(variant, ()).resized(variant, launcher) for variant in variants])

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(served.variant for served in self.served)

    @property
    def instances(self) -> tuple[Instance, ...]:
        return tuple(instance for served in self.served for instance in served.instances)

    @property
    def is_ready(self) -> bool:
        """Whether every instance answers."""
        return all(instance.port is not None for instance in self.instances)

    @property
    def trouble(self) -> str | None:
        """Say which variant's processes keep dying, and why; None if none do."""
        for served in self.served:
            for instance in served.instances:
                if instance.trouble:
                    name = served.variant.name
                    return f"production variant {name}: its serving process {instance.trouble}"
        return None

    def look(self) -> None:
        for instance in self.instances:
            instance.look()

    def refuse_dead(self) -> None:
        """Raise PlatformError if a process died before it answered."""
        for served in self.served:
            for instance in served.instances:
                if instance.num_deaths and not instance.has_answered:
                    raise PlatformError(
                        f"the container for production variant {served.variant.name} did not "
                        f"pass the ping health check: it ended by {instance.last_death}"
                    )

    def state(self) -> list[dict[str, Any]]:
        """Return what the endpoint's record keeps of the variants."""
        return [served.variant.as_state(served.ports) for served in self.served]
