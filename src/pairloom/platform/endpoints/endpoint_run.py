"""One endpoint under a runner's lease: made, kept alive, changed without a gap, taken away."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from pairloom.errors import PairloomError
from pairloom.platform.endpoints.endpoint_control import (
    EndpointControl,
    EndpointDeletedError,
    EndpointLetGoError,
)
from pairloom.platform.endpoints.endpoint_files import EndpointFiles
from pairloom.platform.endpoints.endpoint_plan import EndpointPlan, planned, with_desired
from pairloom.platform.endpoints.endpoint_upkeep import LOOK_SECONDS, EndpointUpkeep
from pairloom.platform.endpoints.fleet import Fleet, Launcher
from pairloom.platform.endpoints.model_artifact import bring_model
from pairloom.platform.endpoints.variant import Variant, desired_of
from pairloom.platform.jobs.failure_reason import reason_of_error
from pairloom.platform.jobs.job_kind import Surroundings
from pairloom.platform.jobs.job_lock import JobHeldError, held
from pairloom.platform.jobs.patience import patiently
from pairloom.platform.store import ConflictError, LeaseLostError, NotFoundError

_LOGGER = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 5.0  # between two attempts to bring what an endpoint in service needs
_LOCK_PATIENCE_SECONDS: Final = 30.0
# Gateways read routes several times a second; old processes go on serving that long after a swap.
_GATEWAYS_READ_SECONDS: Final = 1.0
_LETTING_GO_SECONDS: Final = 8.0


class EndpointRun:
    """Serves one endpoint."""

    def __init__(
        self,
        around: Surroundings,
        name: str,
        files: EndpointFiles,
        control: EndpointControl,
    ) -> None:
        self._around = around
        self._name = name
        self._files = files
        self._control = control
        self._launcher: Launcher | None = None
        self._upkeep = EndpointUpkeep(control, self._publish)

    def run(self) -> None:
        """Serve until the endpoint is deleted or let go of; no process is left then."""
        try:
            with held(self._files.lock, _LOCK_PATIENCE_SECONDS) as lock:
                self._run(lock)
        except (EndpointLetGoError, LeaseLostError, NotFoundError, JobHeldError) as let_go:
            _LOGGER.info("endpoint %s: %s", self._name, let_go)
        except Exception:
            _LOGGER.exception("endpoint %s is let go of", self._name)

    def _run(self, lock: int) -> None:
        self._files.make()
        self._launcher = Launcher(
            self._around.store, self._name, self._files, lock, self._control.wake
        )
        try:
            self._serve()
        except EndpointDeletedError:
            self._delete()
        finally:
            self._upkeep.end_all(_LETTING_GO_SECONDS)

    def _serve(self) -> None:
        self._restore()
        while True:
            self._control.refuse_either()
            record = self._control.record
            if record.status == "Creating":
                self._create()
            elif record.status == "Updating":
                self._update()
            elif record.status == "RollingBack":
                self._change(only_if={"RollingBack"}, status="InService", pending_config=None)
            elif record.status == "Failed":
                return
            self._upkeep.look_after()
            self._control.wait(LOOK_SECONDS)

    # --- From one state to the next ---

    def _restore(self) -> None:
        """Serve again what an earlier runner served; it is tried until it works."""
        record = self._control.record
        self._upkeep.kept_reason = record.state.get("failure_reason")
        kept = [Variant.from_state(state) for state in record.state.get("variants") or ()]
        if not kept or record.status == "Deleting":
            return
        before = self._upkeep.kept_reason
        fleet = Fleet.of(kept, self._launched)
        self._change(variants=fleet.state())  # the routes of before lead nowhere
        while True:
            try:
                self._bring_models(kept)
                break
            except (PairloomError, OSError) as error:
                if isinstance(error, EndpointLetGoError):
                    raise
                self._change(failure_reason=reason_of_error(error))
            self._upkeep.wait(_AGAIN_SECONDS)
        self._upkeep.fleet = fleet
        self._upkeep.kept_reason = before

    def _create(self) -> None:
        record = self._control.record
        fleet = Fleet()
        try:
            plan = self._planned(record.state["config"], record.state.get("desired"))
            self._bring_models(plan.variants)
            fleet = Fleet.of(plan.variants, self._launched)
            self._upkeep.bring_up(fleet)
        except (EndpointLetGoError, EndpointDeletedError):
            self._upkeep.leave(fleet.instances)
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the endpoint says why
            self._upkeep.leave(fleet.instances)
            self._upkeep.end_all(_LETTING_GO_SECONDS)
            reason = self._reason(error)
            self._change(only_if={"Creating"}, status="Failed", failure_reason=reason)
            self._files.remove()
            return
        self._upkeep.fleet = fleet
        self._go_into_service("Creating", data_capture=plan.data_capture)

    def _update(self) -> None:
        record = self._control.record
        pending = record.state.get("pending_config")
        desired = record.state.get("desired") or {}
        changes: dict[str, Any] = {}
        fleet = self._upkeep.fleet
        try:
            if pending:
                plan = self._planned(pending, desired)
                self._bring_models(plan.variants)
                fleet = Fleet.of(plan.variants, self._launched)
                changes = {"config": pending}
                if not record.state.get("retains_data_capture"):
                    changes["data_capture"] = plan.data_capture
            else:
                fleet = Fleet(
                    [
                        served.resized(with_desired(served.variant, desired), self._launched)
                        for served in self._upkeep.fleet.served
                    ]
                )
            self._upkeep.bring_up(fleet)
        except (EndpointLetGoError, EndpointDeletedError):
            self._upkeep.leave(set(fleet.instances) - set(self._upkeep.fleet.instances))
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the old variants go on
            self._roll_back(fleet, self._reason(error))
            return
        self._swap_to(fleet, changes)

    def _swap_to(self, fleet: Fleet, changes: dict[str, Any]) -> None:
        before, self._upkeep.fleet = self._upkeep.fleet, fleet
        self._change(variants=fleet.state(), **changes)
        due = time.monotonic() + _GATEWAYS_READ_SECONDS
        while time.monotonic() < due:
            before.look()
            self._upkeep.wait(due - time.monotonic())
        self._go_into_service("Updating")
        self._upkeep.leave(set(before.instances) - set(fleet.instances))

    def _roll_back(self, fleet: Fleet, reason: str) -> None:
        self._upkeep.kept_reason = reason
        self._change(only_if={"Updating"}, status="RollingBack", failure_reason=reason)
        self._upkeep.leave(set(fleet.instances) - set(self._upkeep.fleet.instances))
        self._change(
            only_if={"RollingBack"},
            status="InService",
            pending_config=None,
            desired=desired_of(self._upkeep.fleet.variants),
        )

    def _go_into_service(self, before: str, **changes: Any) -> None:
        self._upkeep.kept_reason = None
        self._change(
            only_if={before},
            status="InService",
            variants=self._upkeep.fleet.state(),
            pending_config=None,
            desired=desired_of(self._upkeep.fleet.variants),
            failure_reason=None,
            **changes,
        )
        self._files.keep_models({variant.folder for variant in self._upkeep.fleet.variants})

    def _delete(self) -> None:
        self._upkeep.end_all(_LETTING_GO_SECONDS)
        self._files.remove()
        runner_id = self._around.runner_id
        patiently(lambda: self._around.store.endpoints.delete(self._name, runner_id=runner_id))

    # --- What all of them do ---

    @property
    def _launched(self) -> Launcher:
        if self._launcher is None:
            raise RuntimeError("an endpoint has processes only while its lock is held")
        return self._launcher

    def _planned(self, config: str, desired: Mapping[str, Any] | None) -> EndpointPlan:
        store = self._around.store
        return patiently(lambda: planned(store, config, desired), self._control.refuse_either)

    def _bring_models(self, variants: tuple[Variant, ...] | list[Variant]) -> None:
        objects = self._around.objects(self._upkeep.keep_on)
        for variant in variants:
            bring_model(objects, variant.artifact, self._files.model(variant.folder))

    def _reason(self, error: Exception) -> str:
        expected = isinstance(error, (PairloomError, OSError))
        _LOGGER.exception("endpoint %s failed", self._name, exc_info=None if expected else error)
        return reason_of_error(error)

    def _publish(self, variants: list[dict[str, Any]], reason: str | None) -> None:
        self._change(variants=variants, failure_reason=reason)

    def _change(self, **changes: Any) -> None:
        """Change the record; a status that is not the expected one means that it is to go."""
        store, runner_id = self._around.store.endpoints, self._around.runner_id
        try:
            changed = patiently(
                lambda: store.change(self._name, runner_id=runner_id, **changes),
                self._control.refuse_let_go,
            )
        except ConflictError:
            self._control.refuse_let_go()
            raise EndpointDeletedError from None
        self._control.tell(changed)
