"""A job's settings, read and checked before any data is, with the lines that tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairloom.container.channels import check_content_types
from pairloom.container.checkpoint_settings import configured_checkpoints, describe
from pairloom.container.content_types import is_recordio
from pairloom.container.environment import (
    MAX_MEMORY,
    ONE_PROCESS,
    PIPE_WAIT_SECONDS,
    REPORT,
    Environment,
    flag,
    value,
)
from pairloom.container.job_configuration import (
    TEST,
    TRAIN,
    Channel,
    Hosts,
    read_channels,
    read_hyperparameters,
)
from pairloom.container.job_folder import JobFolder
from pairloom.container.job_log import JobLog
from pairloom.data.fifo_rows import WAIT_SECONDS
from pairloom.hyperparameters import TABLE, Hyperparameters, resolve, table, without_effect
from pairloom.hyperparameters.domains import POSITIVE, MemoryAmount
from pairloom.training import Checkpoints

_OBJECTIVE = "_tuning_objective_metric"
_ANY_WIDTH = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """What a job was told.

    Attributes
    ----------
    given
        Hyperparameters as they were given.
    hyperparameters
        Resolved; `feature_dim` is not yet that of the rows unless it was given.
    max_memory_bytes
        In which the rows to train on are streamed; None: only where they do not fit in memory.
    """

    given: Mapping[str, Any]
    hyperparameters: Hyperparameters
    channels: Mapping[str, Channel]
    checkpoints: Checkpoints | None
    writes_report: bool
    pipe_wait_seconds: float
    max_memory_bytes: int | None

    @property
    def feature_dim(self) -> int | None:
        """The width that rows must have, or None for that of the training rows."""
        told = "feature_dim" in self.given or "hash_bits" in self.given
        return self.hyperparameters.feature_dim if told else None

    @property
    def tests_every_epoch(self) -> bool:
        """Whether a tuner waits for a metric of the test channel."""
        objective = str(self.given.get(_OBJECTIVE, ""))
        return objective.startswith(f"{TEST}:") and TEST in self.channels

    def of_width(self, feature_dim: int) -> Hyperparameters:
        """Return the hyperparameters for training rows of one width."""
        if self.feature_dim is not None:
            return self.hyperparameters
        return resolve({**self.given, "feature_dim": feature_dim})


def read_settings(folder: JobFolder, environment: Environment, log: JobLog) -> JobSettings:
    """Read the configuration of a job and log it.

    Raises
    ------
    UserError
        A file, a channel or a hyperparameter is missing or wrong; of hyperparameters all that are.
    """
    given = read_hyperparameters(folder)
    defaults = default_configuration()
    log.info(f"Reading default configuration from {Path(table.__file__)}: {defaults}")
    log.info(f"Merging with provided configuration from {folder.hyperparameters}: {given}")
    log.info(f"Final configuration: { ({**defaults, **given}) }")
    channels = read_channels(folder)
    check_content_types(channels)
    hyperparameters = resolve({**_placeholder(given, channels[TRAIN]), **given})
    for name in without_effect(given):
        if name != _OBJECTIVE:
            log.info(f"{name} has no effect with these settings")
    checkpoints = configured_checkpoints(folder, environment)
    log.info(describe(checkpoints))
    return JobSettings(
        given=given,
        hyperparameters=hyperparameters,
        channels=channels,
        checkpoints=checkpoints,
        writes_report=flag(environment, REPORT, default=True),
        pipe_wait_seconds=value(environment, PIPE_WAIT_SECONDS, POSITIVE) or WAIT_SECONDS,
        max_memory_bytes=value(environment, MAX_MEMORY, MemoryAmount()),
    )


def log_hosts(hosts: Hosts, environment: Mapping[str, str], log: JobLog) -> None:
    """Say on which host of which the job runs, and what that means for its model."""
    if len(hosts.names) == 1:
        log.info(f"Training on one host, {hosts.current}.")
        return
    if flag(environment, ONE_PROCESS, default=False):
        return  # who trains depends on more than the hosts
    log.warning(
        f"Host {hosts.current} of {len(hosts.names)}, {', '.join(hosts.names)}: each trains a "
        "model of its own on the data that it was given; nothing is exchanged. "
        f"{hosts.names[0]} writes the model of the job, the others write measurements alone."
    )


def default_configuration() -> dict[str, str]:
    """Return every default, as text, under SageMaker's names."""
    return {row.name: _text(row.default) for row in TABLE if row.default is not None}


def _placeholder(given: Mapping[str, Any], train: Channel) -> dict[str, object]:
    # Only recordio-protobuf must be told its width, as SageMaker demands it.
    told = "feature_dim" in given or "hash_bits" in given
    return {} if told or is_recordio(train.content_type) else {"feature_dim": _ANY_WIDTH}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
