"""One process that stands for several hosts: alone, or with a worker for each over Ray."""

from __future__ import annotations

from importlib.util import find_spec
from typing import cast

from pairloom.container.environment import (
    ONE_PROCESS,
    RAY_ADDRESS,
    WORKER_MODE,
    WORKER_STALENESS,
    Environment,
    flag,
    value,
)
from pairloom.container.job_configuration import TRAIN, Hosts
from pairloom.container.job_log import JobLog
from pairloom.container.job_settings import JobSettings
from pairloom.distributed import DistributedSettings, Workers
from pairloom.distributed.settings import DEFAULT_MODE, MODES, Mode
from pairloom.errors import UserError
from pairloom.hyperparameters.domains import Choice, Integer, Text

_REPLICATED = "FullyReplicated"


def workers_for_hosts(
    hosts: Hosts, environment: Environment, settings: JobSettings, log: JobLog
) -> Workers | None:
    """Return a worker for each host where this process has the data of all, or None: it trains.

    Says which in the log, and why one process trains where workers could have been expected.
    """
    if len(hosts.names) == 1 or not flag(environment, ONE_PROCESS, default=False):
        return None
    mode = value(environment, WORKER_MODE, Choice(MODES)) or DEFAULT_MODE
    distributed = DistributedSettings(
        num_workers=len(hosts.names),
        mode=cast("Mode", mode),
        staleness=value(environment, WORKER_STALENESS, Integer(minimum=0)) or 0,
    )
    address = value(environment, RAY_ADDRESS, Text())
    names = f"{len(hosts.names)} hosts, {', '.join(hosts.names)}"
    told = f"One process trains as {hosts.current} on the data of all {names}."
    if find_spec("ray") is None:
        log.info(told)
        return None
    channel = settings.channels[TRAIN]
    hindrance = _hindrance(distributed, settings)
    if hindrance is not None:
        log.info(told)
        log.info(f"Workers could not share the job: {hindrance}.")
        return None
    replicated = channel.distribution == _REPLICATED
    share = "all rows" if replicated else "its part of the rows"
    where = "on this machine" if address is None else f"at {address}"
    log.info(f"A worker for each of {names}, trains on {share}, in mode {mode}, over Ray {where}.")
    return Workers(settings=distributed, address=address, replicated=replicated)


def _hindrance(workers: DistributedSettings, settings: JobSettings) -> str | None:
    if settings.channels[TRAIN].input_mode == "Pipe":
        return "rows that come through pipes cannot be dealt out"
    try:
        workers.refuse_unsupported(settings.hyperparameters)
    except UserError as error:
        return str(error)
    return None
