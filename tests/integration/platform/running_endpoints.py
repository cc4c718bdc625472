"""A store, an object store and a runner of endpoints, each as the platform has them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from integration.platform_api import RunningApi, running_api
from pairloom import Model
from pairloom.hyperparameters import resolve
from pairloom.platform.endpoints.__main__ import run
from pairloom.platform.store import ResourceRecord
from unit.platform.endpoints.archives import packed
from unit.platform.objectstore.running_store import RunningStore

BUCKET = "models"
IMAGE = "x.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1"
REQUEST = {"instances": [{"features": [1.0, 0.0]}]}


def model_of(bias: float) -> Model:
    """Return a regressor of two features whose score is its bias, whatever the row."""
    settings = {"feature_dim": 2, "num_factors": 2, "predictor_type": "regressor"}
    return Model.from_parameters(
        resolve(settings),
        bias=bias,
        linear_weights=np.zeros(2, np.float32),
        factors=np.zeros((2, 2), np.float32),
    )


def archive_of(model: Model, folder: Path) -> bytes:
    """Return the `model.tar.gz` that a training job would leave."""
    path = folder / "model_algo-1"
    model.save(path)
    return packed({path.name: path.read_bytes()})


def variant(name: str, model: str, count: int = 1, weight: float = 1.0) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": count,
        "InstanceType": "ml.m4.xlarge",
        "InitialVariantWeight": weight,
    }


@dataclass
class RunningEndpoints:
    """One platform: records of endpoints go into the store as the API writes them."""

    api: RunningApi
    objects: RunningStore
    runners: list[subprocess.Popen[bytes]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.settings, self.store = self.api.settings, self.api.store
        self.folder = self.settings.folder
        self.runtime = self.api.client("sagemaker-runtime")

    def close(self) -> None:
        for runner in self.runners:
            runner.kill()
            runner.wait()
        self.ended.set()
        if self.thread is not None:
            self.thread.join(30)
            assert not self.thread.is_alive()
        self.runtime.close()

    def start_runner_here(self) -> None:
        """Run a runner in a thread, so that its lines are counted."""
        self.thread = threading.Thread(target=run, args=(self.folder, self.ended))
        self.thread.start()

    def start_runner(self, *before: str) -> subprocess.Popen[bytes]:
        """Start a runner, by a command that it is added to where one is given."""
        with (self.folder / "runner.log").open("ab") as log:
            runner = subprocess.Popen(
                [*before, sys.executable, "-m", "pairloom.platform.endpoints", str(self.folder)],
                stdout=log,
                stderr=log,
            )
        self.runners.append(runner)
        return runner

    def put(self, key: str, content: bytes) -> str:
        self.objects.client.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def make_model(self, name: str, bias: float, **container: Any) -> str:
        """Keep a model, as CreateModel does, whose score is this bias."""
        if "ModelDataUrl" not in container:
            scratch = self.folder / "scratch" / name
            scratch.mkdir(parents=True)
            container["ModelDataUrl"] = self.put(
                f"{name}/model.tar.gz", archive_of(model_of(bias), scratch)
            )
        self.store.models.create(name, {"PrimaryContainer": {"Image": IMAGE, **container}})
        return name

    def make_config(self, name: str, *variants: dict[str, Any], **members: Any) -> str:
        self.store.endpoint_configs.create(
            name, {"EndpointConfigName": name, "ProductionVariants": list(variants), **members}
        )
        return name

    def create(self, name: str, config: str) -> str:
        request = {"EndpointName": name, "EndpointConfigName": config}
        self.store.endpoints.create(name, request, status="Creating", config=config)
        return name

    def update(self, name: str, config: str) -> None:
        self.store.endpoints.change(
            name, only_if={"InService"}, status="Updating", pending_config=config, desired={}
        )

    def delete(self, name: str) -> None:
        """Have an endpoint deleted, and wait until it is."""
        self.store.endpoints.change(name, status="Deleting")
        deadline = time.monotonic() + 120
        while self.store.endpoints.get(name) is not None:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def invoke(self, name: str, body: str = json.dumps(REQUEST), **members: Any) -> Any:
        """Return what boto3 makes of the answer; its body is read."""
        answer = self.runtime.invoke_endpoint(
            EndpointName=name, Body=body, **{"ContentType": "application/json", **members}
        )
        with closing(answer["Body"]) as stream:
            return {**answer, "Body": json.loads(stream.read())}

    def score(self, name: str, **members: Any) -> float:
        score: float = self.invoke(name, **members)["Body"]["predictions"][0]["score"]
        return score

    def get(self, name: str) -> ResourceRecord:
        record = self.store.endpoints.get(name)
        assert record is not None
        return record

    def wait(
        self,
        name: str,
        until: Callable[[ResourceRecord], bool] = lambda record: record.status == "InService",
        seconds: float = 120,
    ) -> ResourceRecord:
        deadline = time.monotonic() + seconds
        while not until(record := self.get(name)):
            assert time.monotonic() < deadline, (record, self.said())
            time.sleep(0.02)
        return record

    def said(self) -> str:
        log = self.folder / "runner.log"
        return log.read_text() if log.exists() else ""

    def ports(self, name: str, variant_name: str | None = None) -> list[int]:
        return [
            route["port"]
            for served in self.get(name).state["variants"]
            if variant_name in (None, served["name"])
            for route in served["routes"]
        ]

    def processes(self, name: str) -> list[int]:
        """Return the processes, serve programs and guards, that serve an endpoint."""
        root = f"{self.settings.endpoints_folder / name}/"
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdecimal() and root in _arguments(entry)
        ]


@contextmanager
def running_endpoints(
    folder: Path, objects: RunningStore, *, own_process: bool = False, before: Sequence[str] = ()
) -> Iterator[RunningEndpoints]:
    """Run an API and a runner of endpoints, a process if it is to be killed; `before` starts it."""
    with running_api(folder, key_pair=objects.keys, s3_endpoint=objects.store.url) as api:
        running = RunningEndpoints(api, objects)
        running.start_runner(*before) if own_process else running.start_runner_here()
        try:
            yield running
        finally:
            running.close()


def _arguments(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""
