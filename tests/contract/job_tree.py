"""A folder laid out as /opt/ml, and the train program run over it as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairloom.batch import RowBatch
from pairloom.formats import write_recordio

WITHOUT_REPORT = {"PAIRLOOM_REPORT": "false"}


@dataclass
class JobTree:
    """One job's folder."""

    root: Path
    channels: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def model_folder(self) -> Path:
        return self.root / "model"

    @property
    def output_data(self) -> Path:
        return self.root / "output" / "data"

    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text()

    def metrics(self) -> Any:
        return json.loads((self.output_data / "metrics.json").read_text())

    def channel(self, name: str, content_type: str | None = None, **settings: str) -> Path:
        """Declare a channel; return the folder for its files."""
        self.channels[name] = {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            **({} if content_type is None else {"ContentType": content_type}),
            **settings,
        }
        folder = self.root / "input" / "data" / name
        folder.mkdir(parents=True)
        return folder

    def shards(self, name: str, *parts: RowBatch) -> None:
        """Fill a channel with recordio-protobuf, a file for each part, below prefixes."""
        folder = self.channel(name) / "some" / "prefix"
        folder.mkdir(parents=True)
        for shard, rows in enumerate(parts):
            write_recordio(folder / f"matrix_{shard}.pbr", rows)

    def configure(self, hosts: Mapping[str, Any] | None = None, /, **hyperparameters: Any) -> None:
        """Write the files of configuration, as SageMaker does: every value as text."""
        config = self.root / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        texts = {name: str(value) for name, value in hyperparameters.items()}
        resources = hosts or {"current_host": "algo-1", "hosts": ["algo-1"]}
        for name, document in (
            ("hyperparameters", texts),
            ("inputdataconfig", self.channels),
            ("resourceconfig", {**resources, "network_interface_name": "eth1"}),
        ):
            (config / f"{name}.json").write_text(json.dumps(document))

    def train(self, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = os.environ | environment
        return subprocess.run(
            self.command(), env=variables, capture_output=True, text=True, check=False
        )

    def start(self, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(), env=os.environ | environment, stdout=subprocess.PIPE, text=True
        )

    def command(self) -> list[str]:
        return [sys.executable, "-m", "pairloom", "container", "train", "--root", str(self.root)]


def rest_of_log(process: subprocess.Popen[str], *, seconds: float = 60) -> str:
    """Return what a process still writes until its end; one that takes too long is killed."""
    assert process.stdout is not None
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        return process.stdout.read()
    finally:
        timer.cancel()
