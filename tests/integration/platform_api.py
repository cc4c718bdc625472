"""The platform's API on a free port, as a process or in a thread, and real clients of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from integration.checked_answers import check_answers
from pairloom.platform.app import create_app
from pairloom.platform.identity import KeyPair, make_key_pair
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store

SERVE = """
import socket, sys
from pathlib import Path
import uvicorn
from pairloom.platform.app import create_app
from pairloom.platform.settings import read_settings

config = uvicorn.Config(create_app(read_settings(Path(sys.argv[1]))), log_level="warning")
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[2]))])
"""
IMAGE = "174872318107.dkr.ecr.us-west-2.amazonaws.com/factorization-machines:1"
HURRIED = Config(retries={"max_attempts": 0}, connect_timeout=10, read_timeout=30)
UNCHECKED = HURRIED.merge(Config(parameter_validation=False))


@dataclass(frozen=True)
class RunningApi:
    """An API process, its folder and its store."""

    settings: PlatformSettings
    key_pair: KeyPair
    store: Store

    def client(self, service: str, **settings: Any) -> Any:
        """Return a boto3 client as unmodified clients make theirs; it checks the answers."""
        return check_answers(
            boto3.client(
                service,
                **{
                    "endpoint_url": self.settings.api_endpoint,
                    "region_name": self.settings.region,
                    "aws_access_key_id": self.key_pair.access_key_id,
                    "aws_secret_access_key": self.key_pair.secret_access_key,
                    "config": HURRIED,
                    **settings,
                },
            )
        )


@contextmanager
def running_api(
    folder: Path,
    *,
    own_process: bool = False,
    key_pair: KeyPair | None = None,
    s3_endpoint: str = "",
) -> Iterator[RunningApi]:
    """Run the API over a folder of its own; where it is no process, its lines are counted."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        settings = PlatformSettings(folder=folder, port=port, s3_endpoint=s3_endpoint)
        settings.write()
        pair = key_pair or make_key_pair()
        pair.write(settings.keys_file)
        served = _process(folder, listener) if own_process else _thread(settings, listener)
        with Store(settings.database_url) as store, served:
            yield RunningApi(settings, pair, store)


@contextmanager
def _process(folder: Path, listener: socket.socket) -> Iterator[None]:
    descriptor = os.dup(listener.fileno())
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder), str(descriptor)], pass_fds=[descriptor]
    )
    os.close(descriptor)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(20) is not None


@contextmanager
def _thread(settings: PlatformSettings, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def job_request(name: str, **members: Any) -> dict[str, Any]:
    """Return a request as the SDK's plain Estimator sends it."""
    channel = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::111122223333:role/PairloomExecutionRole",
        "HyperParameters": {
            "feature_dim": "784",
            "num_factors": "10",
            "predictor_type": "regressor",
        },
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": channel}}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {
            "InstanceType": "ml.c4.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "DebugHookConfig": {"S3OutputPath": "s3://bucket/", "CollectionConfigurations": []},
        "ProfilerConfig": {"S3OutputPath": "s3://bucket/", "DisableProfiler": False},
        **members,
    }


def waited(seconds: float = 0.002) -> float:
    """Let the clock move on, and return its time."""
    time.sleep(seconds)
    return time.time()


def utc(seconds: float) -> datetime:
    """Return a time as boto3 sends it."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def field_paths(shape: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of all members of a request's shape, lists opened."""
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            below = f"{path}.{name}" if path else name
            yield below
            yield from field_paths(member, below)
