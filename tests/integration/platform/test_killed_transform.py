"""Transform jobs that are stopped, or whose runner or program is killed in any state."""

from __future__ import annotations

import os
import signal
import time

import pytest

from integration.platform.running_jobs import BUCKET
from integration.platform.running_transforms import (
    ROWS,
    RunningTransforms,
    json_lines_of,
)

pytestmark = pytest.mark.platform

NUM_FILES = 12
ONE_BY_ONE = {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 1}


def put_files(transforms: RunningTransforms, prefix: str, repeats: int) -> str:
    for number in range(NUM_FILES):
        content = json_lines_of(ROWS) * (repeats + number)
        transforms.put(f"{prefix}/{number:02}.jsonl", content)
    return f"s3://{BUCKET}/{prefix}/"


def has_begun(transforms: RunningTransforms, state: str, prefix: str) -> bool:
    """Say whether the job `killed` has come as far as a state."""
    record = transforms.transform_job("killed")
    if state == "downloading":
        return "started_at" in record.state
    if state == "transforming":
        return any(": done" in line for line in transforms.transform_log("killed"))
    return bool(transforms.outputs(prefix))


@pytest.mark.parametrize("state", ["downloading", "transforming", "uploading"])
def test_job_goes_on_when_its_runner_is_killed(transforms: RunningTransforms, state: str) -> None:
    first = transforms.start_runner()
    uri = put_files(transforms, "killed", 100)
    prefix = transforms.transform("killed", uri, **ONE_BY_ONE)
    transforms.wait_for_transform("killed", lambda _: has_begun(transforms, state, prefix))
    first.kill()
    first.wait()
    assert transforms.transform_job("killed").status == "InProgress"
    deadline = time.monotonic() + 10
    while transforms.transform_processes("killed"):
        assert time.monotonic() < deadline, "the transform program outlives its runner"
        time.sleep(0.02)
    partial = transforms.outputs(prefix)
    transforms.start_runner()
    record = transforms.wait_for_transform("killed")
    assert record.status == "Completed", record.state
    assert record.attempts == 2
    outputs = transforms.outputs(prefix)
    assert {name: outputs[name] for name in partial} == partial
    expected = transforms.transform("same", uri)
    assert transforms.wait_for_transform("same").status == "Completed"
    assert outputs == transforms.outputs(expected)
    assert len(outputs) == NUM_FILES
    if state == "transforming":
        assert any("files were done before" in line for line in transforms.transform_log("killed"))
    assert transforms.transform_processes("killed") == []


def test_stopped_job_leaves_no_answers(transforms: RunningTransforms) -> None:
    uri = put_files(transforms, "stopped", 500)
    prefix = transforms.transform("stopped", uri, **ONE_BY_ONE)
    transforms.transform("never-begun", uri, **ONE_BY_ONE)
    transforms.call("StopTransformJob", {"TransformJobName": "never-begun"})
    assert transforms.transform_job("never-begun").status == "Stopping"
    transforms.start_runner()
    assert transforms.wait_for_transform("never-begun").status == "Stopped"
    transforms.wait_for_transform(
        "stopped", lambda _: any(": done" in line for line in transforms.transform_log("stopped"))
    )
    transforms.call("StopTransformJob", {"TransformJobName": "stopped"})
    record = transforms.wait_for_transform("stopped", seconds=60)
    assert record.status == "Stopped"
    assert "failure_reason" not in record.state
    assert transforms.outputs(prefix) == {}
    assert transforms.transform_processes("stopped") == []


def test_program_that_is_killed_fails_the_job(transforms: RunningTransforms) -> None:
    transforms.start_runner()
    prefix = transforms.transform("job", put_files(transforms, "program", 500), **ONE_BY_ONE)
    transforms.wait_for_transform(
        "job", lambda _: any(": done" in line for line in transforms.transform_log("job"))
    )
    os.kill(max(transforms.transform_processes("job")), signal.SIGKILL)
    record = transforms.wait_for_transform("job")
    assert record.status == "Failed"
    assert "the transform program was killed (SIGKILL)" in record.state["failure_reason"]
    expected = transforms.transform("same", f"s3://{BUCKET}/program/")
    assert transforms.wait_for_transform("same").status == "Completed"
    whole, kept = transforms.outputs(expected), transforms.outputs(prefix)
    assert 0 < len(kept) < NUM_FILES
    assert kept == {name: whole[name] for name in kept}


def test_runner_that_ends_in_order_lets_the_next_one_go_on_at_once(
    transforms: RunningTransforms,
) -> None:
    first = transforms.start_runner()
    transforms.transform("job", put_files(transforms, "order", 100), **ONE_BY_ONE)
    transforms.wait_for_transform(
        "job", lambda _: any(": done" in line for line in transforms.transform_log("job"))
    )
    first.terminate()
    assert first.wait(20) == 0
    assert transforms.transform_processes("job") == []
    assert transforms.transform_job("job").runner_id is None
    transforms.start_runner()
    assert transforms.wait_for_transform("job").status == "Completed"
