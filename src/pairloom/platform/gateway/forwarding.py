"""Which process gets a request, and what is done when it does not answer."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Final

from pairloom.platform.gateway.route_table import EndpointRoutes, RouteTable, VariantRoutes
from pairloom.platform.gateway.serving_connection import (
    Backend,
    Exchange,
    ServingAnswer,
    UnansweredError,
    UnreachableError,
)
from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.protocol.runtime_errors import endpoint_not_found, service_unavailable

_PAUSE_SECONDS: Final = 0.05
# What no process answers is likely what ends them, so it is not sent often; but one that was killed
# may take connections for a moment longer.
_PAUSES_OF_LOST_SECONDS: Final = (0.1, 0.5)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """An answer, and whose it is."""

    endpoint: EndpointRoutes
    variant: str
    answer: ServingAnswer


class Forwarding:
    """Sends requests on.

    Parameters
    ----------
    account_id
        For the texts of errors.
    patience_seconds
        How long a request waits for a process that is being replaced.
    """

    def __init__(self, table: RouteTable, account_id: str, patience_seconds: float) -> None:
        self._table = table
        self._patience_seconds = patience_seconds
        self._account_id = account_id

    async def forward(
        self, name: str, target: str | None, message: bytes, exchange: Exchange
    ) -> Forwarded:
        """Return the answer of one of an endpoint's processes.

        Nothing but a process that certainly does not answer is passed over: scoring changes
        nothing, so that a request which no byte was answered to may be sent again.

        Parameters
        ----------
        target
            The variant that is asked for, or None for any, by weight.

        Raises
        ------
        ApiError
            There is no such endpoint or variant, or none of its processes can be reached.
        UnansweredError, BrokenAnswerError, TooLateError
        """
        endpoint = await self._endpoint(name)
        waits_until = exchange.seconds_left - self._patience_seconds
        num_lost = 0
        while True:
            variant = self._variant(endpoint, target)
            exchange.variant, exchange.num_instances = variant.name, len(variant.backends)
            backend = _least_busy(variant)
            pause = _PAUSE_SECONDS
            if backend is not None:
                try:
                    answer = await backend.ask(message, exchange, on_new=num_lost > 0)
                    return Forwarded(endpoint, variant.name, answer)
                except UnansweredError:
                    if num_lost == len(_PAUSES_OF_LOST_SECONDS):
                        raise
                    # It may have been silent for long: only now does a wait for another begin.
                    waits_until = exchange.seconds_left - self._patience_seconds
                    pause = _PAUSES_OF_LOST_SECONDS[num_lost]
                    num_lost += 1
                except UnreachableError:
                    pass
            await asyncio.sleep(pause)
            exchange.refuse_given_up()
            if exchange.seconds_left < waits_until:
                break
            endpoint = self._in_service(name, await self._table.read_now(name))
        raise _unreachable(name, variant)

    async def _endpoint(self, name: str) -> EndpointRoutes:
        known = self._table.known(name)
        if known is None or not known.is_in_service:
            known = await self._table.read_now(name)
        return self._in_service(name, known)

    def _in_service(self, name: str, endpoint: EndpointRoutes | None) -> EndpointRoutes:
        if endpoint is None or not endpoint.is_in_service:
            raise endpoint_not_found(name, self._account_id)
        return endpoint

    def _variant(self, endpoint: EndpointRoutes, target: str | None) -> VariantRoutes:
        if target is not None:
            for variant in endpoint.variants:
                if variant.name == target:
                    return variant
            raise _no_variant(endpoint, target)
        weighted = [variant for variant in endpoint.variants if variant.weight > 0]
        # A variant whose processes are being replaced gets its share when they are back.
        reachable = [variant for variant in weighted if variant.backends] or weighted
        if not reachable:
            raise service_unavailable(f"endpoint {endpoint.name}: no variant has a weight above 0")
        if len(reachable) == 1:
            return reachable[0]
        weights = [variant.weight for variant in reachable]
        return random.choices(reachable, weights)[0]  # noqa: S311  no secret hangs on it


def _no_variant(endpoint: EndpointRoutes, target: str) -> ApiError:
    names = ", ".join(variant.name for variant in endpoint.variants)
    return validation_error(
        f"Variant {target} of endpoint {endpoint.name} not found; it has {names}."
    )


def _unreachable(name: str, variant: VariantRoutes) -> ApiError:
    told = "DescribeEndpoint and its log group say more"
    if variant.elsewhere is not None:
        told = f"they listen on {variant.elsewhere} alone: ask the API there"
    return service_unavailable(
        f"no process of endpoint {name}, variant {variant.name}, can be reached now; {told}"
    )


def _least_busy(variant: VariantRoutes) -> Backend | None:
    if len(variant.backends) < 2:
        return variant.backends[0] if variant.backends else None
    # Shuffled, so that requests which come one at a time go to each in turn.
    shuffled = random.sample(variant.backends, len(variant.backends))
    return min(shuffled, key=lambda backend: backend.num_under_way)
