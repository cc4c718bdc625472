"""The processes of one endpoint: kept alive while they serve, seen to their end afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from pairloom.platform.endpoints.endpoint_control import EndpointControl
from pairloom.platform.endpoints.fleet import Fleet
from pairloom.platform.endpoints.instance import Instance

LOOK_SECONDS: Final = 0.1
_DRAIN_SECONDS: Final = 60.0  # as long as a request may take

Publish: TypeAlias = Callable[[list[dict[str, Any]], "str | None"], None]


class EndpointUpkeep:
    """What an endpoint has running.

    Parameters
    ----------
    publish
        Called with the state of the variants, and with what is wrong with them, when either has
        changed.

    Attributes
    ----------
    fleet
        What is in service.
    kept_reason
        Why the last update failed.
    """

    def __init__(self, control: EndpointControl, publish: Publish) -> None:
        self.fleet = Fleet()
        self.kept_reason: str | None = None
        self._control = control
        self._publish = publish
        self._leaving: list[Instance] = []
        self._published: object = None

    def bring_up(self, fleet: Fleet) -> None:
        """Wait until every instance answers; what is in service is looked after meanwhile."""
        while True:
            fleet.look()
            if fleet.is_ready:
                return
            fleet.refuse_dead()
            self.wait(LOOK_SECONDS / 5)

    def look_after(self) -> None:
        """Replace what has died, tell gateways where to go, end what is not needed."""
        self.fleet.look()
        self._leaving = [one for one in self._leaving if not one.has_left(_DRAIN_SECONDS)]
        reason = self.fleet.trouble or self.kept_reason
        now = (self.fleet.state(), reason)
        if self.fleet.served and now != self._published:
            self._publish(now[0], reason)
            self._published = now

    def keep_on(self) -> None:
        """Look after it, unless it is to go; raises as `EndpointControl.refuse_either`."""
        self._control.refuse_either()
        self.look_after()

    def wait(self, seconds: float) -> None:
        """Keep on for some seconds."""
        due = time.monotonic() + seconds
        while (left := due - time.monotonic()) > 0:
            self.keep_on()
            self._control.wait(min(left, LOOK_SECONDS))
        self.keep_on()

    def leave(self, instances: Iterable[Instance]) -> None:
        """Retire instances; `look_after` sees them go."""
        for instance in instances:
            instance.retire()
            self._leaving.append(instance)

    def end_all(self, patience_seconds: float) -> None:
        """Retire all there is, and wait until it is gone."""
        self.leave(self.fleet.instances)
        self.fleet = Fleet()
        while self._leaving:
            self._leaving = [one for one in self._leaving if not one.has_left(patience_seconds)]
            time.sleep(LOOK_SECONDS / 5)
