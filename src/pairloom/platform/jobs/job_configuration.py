"""Writes the files from which the train program learns what it is to do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pairloom.container.environment import (
    CHECKPOINT_EPOCHS,
    CHECKPOINT_SECONDS,
    ONE_PROCESS,
    RAY_ADDRESS,
)
from pairloom.container.job_folder import JobFolder
from pairloom.platform.jobs.training_request import TrainingRequest

_NETWORK_INTERFACE = "lo"

# Of the platform's own variables none but these reach a job: no key, no address.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PAIRLOOM_SIMD")
_RAY_TOKENS = "RAY_AUTH_"
_CHECKPOINT_SECONDS = "60"


def write_configuration(folder: JobFolder, request: TrainingRequest) -> None:
    """Write hyperparameters, channels and hosts as SageMaker does."""
    folder.hyperparameters.parent.mkdir(parents=True, exist_ok=True)
    folder.input_data.mkdir(parents=True, exist_ok=True)
    _write(folder.hyperparameters, request.hyperparameters)
    _write(folder.input_data_config, _channels(request))
    _write(folder.resource_config, _resources(request))
    if request.checkpoint_uri is not None:
        folder.checkpoints.mkdir(exist_ok=True)


def inherited_environment() -> dict[str, str]:
    """Return what programs of users get of the platform's own variables."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def environment_of(request: TrainingRequest, arn: str, ray_address: str) -> dict[str, str]:
    """Return the environment of the job's process.

    Every job leaves checkpoints, so that one which the platform's own end interrupts goes on.
    Which Ray is joined is the platform's to say, never the request's: who joins one trusts it.
    """
    given = request.environment
    chosen = CHECKPOINT_SECONDS in given or CHECKPOINT_EPOCHS in given
    checkpoints = {} if chosen else {CHECKPOINT_SECONDS: _CHECKPOINT_SECONDS}
    hosts = _instances(ray_address) if request.instance_count > 1 else {}
    told = {"TRAINING_JOB_NAME": request.name, "TRAINING_JOB_ARN": arn}
    return {**inherited_environment(), "MPLBACKEND": "Agg", **checkpoints, **given, **hosts, **told}


def _instances(ray_address: str) -> dict[str, str]:
    own = os.environ.items() if ray_address else ()
    tokens = {name: text for name, text in own if name.startswith(_RAY_TOKENS)}
    return {ONE_PROCESS: "true", RAY_ADDRESS: ray_address, **tokens}


def _channels(request: TrainingRequest) -> dict[str, dict[str, str]]:
    return {
        channel.name: {
            **({"ContentType": channel.content_type} if channel.content_type else {}),
            "TrainingInputMode": channel.input_mode,
            "S3DistributionType": channel.distribution,
            "RecordWrapperType": channel.record_wrapper,
        }
        for channel in request.channels
    }


def _resources(request: TrainingRequest) -> dict[str, object]:
    return {
        "current_host": request.hosts[0],
        "hosts": sorted(request.hosts),
        "network_interface_name": _NETWORK_INTERFACE,
    }


def _write(path: Path, document: Mapping[str, object]) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
