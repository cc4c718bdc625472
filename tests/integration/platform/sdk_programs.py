"""Programs of the SageMaker SDK as clients of a platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from mnist import load_mnist

from integration.platform.running_platform import RunningPlatform

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/PairloomExecutionRole"
BUCKET = f"sagemaker-us-east-1-{ACCOUNT}"
_PROGRAMS = Path(__file__).parent


def run(
    platform: RunningPlatform, python: Path, program: str, *arguments: str | Path
) -> dict[str, Any]:
    """Run a program by an SDK's interpreter; return the object that it printed last."""
    ran = platform.pairloom(
        "run",
        str(python),
        str(_PROGRAMS / program),
        *map(str, arguments),
        environment={
            "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
            "HOME": str(platform.folder),
            "PYTHONPATH": str(_PROGRAMS.parents[1]),  # programs may share what they do
        },
        seconds=900,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def write_digits(folder: Path, num_rows: int = 5_000) -> Path:
    """Write digits and whether each is a zero, as `pixels` and `labels`."""
    part = load_mnist().train.slice(0, num_rows)
    path = folder / "digits.npz"
    np.savez(path, pixels=part.pixels(), labels=part.zero_labels())
    return path
