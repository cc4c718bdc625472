"""Platforms in two folders that share one PostgreSQL and one object store, and what kills do."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from integration.platform.running_endpoints import (
    IMAGE,
    REQUEST,
    archive_of,
    model_of,
    variant,
)
from integration.platform.running_jobs import BUCKET, channel, request
from integration.platform.running_platform import RunningPlatform, is_gone, tree, wait_until
from pairloom.platform.store import Store
from unit.platform.objectstore.running_store import RunningStore
from unit.platform.store.postgresql_server import PostgresqlServer

pytestmark = pytest.mark.platform

TRAIN = channel("train", f"s3://{BUCKET}/in/train")
PARTS = {"api", "proxy", "jobs"}
ENDED = {"Completed", "Failed", "Stopped"}


@dataclass(frozen=True)
class Shared:
    """The database, the object store, and the folders of the platforms."""

    server: PostgresqlServer
    database: str
    objects: RunningStore
    first: RunningPlatform
    second: RunningPlatform

    def up(self, platform: RunningPlatform) -> None:
        keys = self.objects.keys
        started = platform.up(
            "--database", self.database, "--s3-endpoint", self.objects.store.url,
            AWS_ACCESS_KEY_ID=keys.access_key_id, AWS_SECRET_ACCESS_KEY=keys.secret_access_key,
        )  # fmt: skip
        assert started.returncode == 0, started.stderr
        assert platform.pids().keys() >= PARTS

    def client(self, platform: RunningPlatform, service: str = "sagemaker") -> Any:
        return boto3.client(
            service,
            endpoint_url=platform.settings.api_endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.objects.keys.access_key_id,
            aws_secret_access_key=self.objects.keys.secret_access_key,
        )

    def submit(self, client: Any, name: str, epochs: int, **members: Any) -> str:
        asked = request(TRAIN, hyperparameters={"epochs": str(epochs)}, **members)
        client.create_training_job(
            TrainingJobName=name, RoleArn="arn:aws:iam::111122223333:role/Fm", **asked
        )
        return name

    def log(self, store: Store, name: str) -> list[str]:
        streams = [of.name for of in store.log_streams(prefix=f"{name}/")]
        return [event.message for event in store.log_events(streams)] if streams else []


@pytest.fixture(scope="module")
def shared(
    running_objects: RunningStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    server = PostgresqlServer()
    folder = tmp_path_factory.mktemp("platforms")
    platforms = [RunningPlatform(folder / name) for name in ("first", "second")]
    yield Shared(server, server.new_database(), running_objects, *platforms)
    for platform in platforms:
        platform.pairloom("down")
    server.remove()


def kill_whole(platform: RunningPlatform) -> list[int]:
    """Kill a platform as the loss of its machine would; returns what was killed."""
    supervisor = platform.state.supervisor.pid
    assert supervisor
    pids = tree(supervisor)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    pids = tree(supervisor)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return pids


def described(client: Any, name: str, until: Callable[[Any], bool], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not until(job := client.describe_training_job(TrainingJobName=name)):
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
    return job


def steps(job: Any) -> list[str]:
    return [step["Status"] for step in job["SecondaryStatusTransitions"]]


def is_measured(store: Store, name: str) -> bool:
    return bool(store.metrics({"TrainingJobName": name}))


def has_ended(job: Any) -> bool:
    return job["TrainingJobStatus"] in ENDED


def test_jobs_of_a_lost_machine_are_finished_by_the_other_once(shared: Shared) -> None:
    for platform in (shared.first, shared.second):
        shared.up(platform)
    client = shared.client(shared.first)
    other_runner = shared.second.pids()["jobs"]
    assert other_runner
    os.kill(other_runner, signal.SIGSTOP)  # so that the first has all jobs
    epochs = 6_000
    kept = {
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints"},
        "Environment": {"PAIRLOOM_CHECKPOINT_EPOCHS": "100", "PAIRLOOM_REPORT": "false"},
    }
    shared.submit(client, "kept", epochs, **kept)
    shared.submit(client, "anew", epochs)
    with Store(shared.database) as store:
        for name in ("kept", "anew"):
            wait_until(partial(is_measured, store, name), 60)
        s3 = shared.objects.client
        wait_until(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints")["KeyCount"] > 0)
        short = [shared.submit(client, f"short-{index}", 20) for index in range(4)]
        killed = kill_whole(shared.first)
        under_way = [job.name for job in store.training_jobs() if not job.has_ended]
        assert {"kept", "anew"} <= set(under_way)
        os.kill(other_runner, signal.SIGCONT)
        wait_until(lambda: all(is_gone(pid) for pid in killed))
        client = shared.client(shared.second)
        for name in ("kept", "anew", *short):
            job = described(client, name, has_ended)
            assert job["TrainingJobStatus"] == "Completed", job
            assert steps(job).count("Completed") == 1
            record = store.training_job(name)
            assert record is not None
            began = sum("Final configuration" in line for line in shared.log(store, name))
            assert 1 <= began <= record.attempts <= 2, (name, began, record)
            assert ("Restarting" in steps(job)) == (record.attempts == 2)
        said = {name: shared.log(store, name) for name in ("kept", "anew")}
    beginnings = {
        "kept": "training goes on from the checkpoints below s3://",
        "anew": "training begins anew, as the request has no CheckpointConfig",
    }
    for name, expected in beginnings.items():
        told = [line for line in said[name] if line.startswith("Pairloom goes on with this job")]
        assert len(told) == 1, (name, told)
        assert expected in told[0]
        done = said[name][said[name].index(told[0]) :]
        assert any("Going on from" in line for line in done) == (name == "kept")


def score(shared: Shared, platform: RunningPlatform, endpoint: str) -> float:
    runtime = shared.client(platform, "sagemaker-runtime")
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=json.dumps(REQUEST), ContentType="application/json"
    )
    with closing(answer["Body"]) as body:
        return float(json.load(body)["predictions"][0]["score"])


def make_endpoint(shared: Shared, client: Any, name: str, folder: Path) -> None:
    archive = archive_of(model_of(1.5), folder)
    shared.objects.client.put_object(Bucket=BUCKET, Key=f"{name}/model.tar.gz", Body=archive)
    url = f"s3://{BUCKET}/{name}/model.tar.gz"
    client.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": url})
    client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant("A", name, weight=3.0)]
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    patience = {"Delay": 1, "MaxAttempts": 60}
    client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=patience)


def test_endpoint_of_a_lost_platform_is_served_by_the_other(shared: Shared, tmp_path: Path) -> None:
    platforms = [shared.first, shared.second]
    for platform in platforms:
        if platform.pairloom("status").returncode != 0:
            shared.up(platform)
    make_endpoint(shared, shared.client(shared.first), "kept", tmp_path)
    assert [score(shared, platform, "kept") for platform in platforms] == [1.5, 1.5]
    with Store(shared.database) as store:
        record = store.endpoints.get("kept")
        assert record is not None
        names = [
            (platform.settings.endpoints_folder / ".runner-name").read_text()
            for platform in platforms
        ]
        lost = platforms[names.index(str(record.runner_id))]
        kept = platforms[1 - names.index(str(record.runner_id))]
        killed = kill_whole(lost)
        wait_until(lambda: all(is_gone(pid) for pid in killed))

        def is_taken() -> bool:
            found = store.endpoints.get("kept")
            assert found is not None
            routes = found.state["variants"][0]["routes"]
            return found.runner_id in names and found.runner_id != record.runner_id and bool(routes)

        wait_until(is_taken, 60)
    assert score(shared, kept, "kept") == 1.5
    described = shared.client(kept).describe_endpoint(EndpointName="kept")
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentWeight"] == 3.0


def test_database_that_is_killed_and_started_again_loses_nothing(shared: Shared) -> None:
    if shared.second.pairloom("status").returncode != 0:
        shared.up(shared.second)
    client = shared.client(shared.second)
    shared.submit(client, "through", 4_000)
    with Store(shared.database) as store:
        wait_until(partial(is_measured, store, "through"), 60)
    before = shared.second.pids()
    shared.server.kill()
    time.sleep(4)
    shared.server.start()
    job = described(client, "through", has_ended)
    assert job["TrainingJobStatus"] == "Completed", job
    assert steps(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert shared.second.pids() == before
    with Store(shared.database) as store:
        lines = [line for line in shared.log(store, "through") if "epoch=" in line]
        assert any("epoch=0," in line for line in lines)
        assert len(lines) == len(set(lines))
        numbers = sorted({int(line.split("epoch=")[1].split(",")[0]) for line in lines})
        assert numbers == list(range(4_000))
