"""Disks that fill up within a write: it is told with its sizes, and nothing half-written stays."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration import full_disk_writes

NO_SPACE = "InternalServerError: the disk is full: No space left on device after "
FREE = r"; its disk has [\d,]+ bytes free; free space and try again"
REASONS = {
    "native_model": rf"{NO_SPACE}[\d,]+ bytes of model.pairloom, at /.*/model.pairloom{FREE}",
    "sagemaker_model": rf"{NO_SPACE}[\d,]+ bytes of model_algo-1, at /.*/model_algo-1{FREE}",
    "archive": rf"{NO_SPACE}[\d,]+ bytes of model.tar.gz, at /.*/model.tar.gz{FREE}",
    "artifact": r"InternalServerError: the disk is full: member 'model_algo-1' needs 1,048,576 "
    r"bytes and 16,777,216 are kept free, /.*/disk has [\d,]+",
    "runners_note": rf"{NO_SPACE}0 bytes of the runner's note 'ended', at /.*{FREE}",
    "transform": rf"{NO_SPACE}[\d,]+ bytes of rows.csv.out, at /.*/rows.csv.out{FREE}",
    "checkpoint": r"no checkpoint written, training goes on: the disk is full: No space left on "
    rf"device after [\d,]+ bytes of a checkpoint, at /.*{FREE}",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = ["unshare", "--map-root-user", "--mount", sys.executable, full_disk_writes.__file__]
    done = subprocess.run(
        [*command, str(tmp_path_factory.mktemp("disks"))],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("case", REASONS)
def test_write_that_fills_the_disk_is_named_with_its_size(
    case: str, written: dict[str, Any]
) -> None:
    assert re.fullmatch(REASONS[case], written[case]["said"]), written[case]["said"]
    assert written[case]["left"] == []


def test_data_capture_leaves_whole_requests_and_goes_on(written: dict[str, Any]) -> None:
    said = written["capture"]["said"]
    assert said["ends"]
    assert 2 <= said["lines"] < 11


def test_database_refuses_reads_on_and_takes_everything_later(written: dict[str, Any]) -> None:
    said = written["database"]["said"]
    assert said.pop("failed").startswith("the disk of the database is full: ")
    assert said == {"read": True, "written": True, "log": ["a line of a full disk"]}
