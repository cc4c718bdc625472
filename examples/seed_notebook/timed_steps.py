"""Runs the notebook's cells, says how long each step took and what came of it.

Usage: timed_steps.py OUTPUT, by the interpreter that has the SageMaker SDK, as `pairloom run`
starts it. What the cells print goes to OUTPUT/notebook.log, what was measured to measured.json.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notebook_steps import NOTEBOOK, Step, read_steps, step_line

LOG = Path("notebook.log")
LOG_LINES_OF_A_FAILURE = 15
LINE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Run:
    """What the cells have defined, and what was measured beside them."""

    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    measured: dict[str, Any] = field(default_factory=lambda: {"steps": {}})

    def client(self, service: str) -> Any:
        """Return a client of boto3."""
        return self.names["boto3"].client(service)


def main(output: Path) -> int:
    """Run the steps; return the exit code."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    os.chdir(output)
    # What the cells print, and what their libraries log then and later, is put aside.
    with (
        LOG.open("w", buffering=1, encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        return run_steps()


def run_steps() -> int:
    """Run every step that has cells; return the exit code."""
    run = Run()
    for step in read_steps(NOTEBOOK):
        if not step.cells:
            continue
        begin = time.perf_counter()
        try:
            for cell in step.cells:
                exec(compile(cell, f"{NOTEBOOK.name}, step {step.number}", "exec"), run.names)
            seconds = time.perf_counter() - begin
            remark = AFTER[step.number](run) if step.number in AFTER else ""
        except Exception as error:  # noqa: BLE001  whatever a client's library raises
            tell(failure(step, error))
            return 1
        run.measured["steps"][step.number] = seconds
        tell(step_line(step, seconds, remark))
    Path("measured.json").write_text(json.dumps(run.measured, indent=1))
    tell(comparison(run.measured["counts"]))
    return 0


def tell(line: str) -> None:
    """Print a line for the user."""
    print(line, file=sys.__stdout__, flush=True)


def failure(step: Step, error: Exception) -> str:
    """Say which step failed, why, and what it had printed last."""
    lines = LOG.read_text(encoding="utf-8").splitlines()[-LOG_LINES_OF_A_FAILURE:]
    return "\n  ".join(
        (
            f"step {step.number}, {step.title}, failed: {type(error).__name__}: {error}",
            f"The last lines of {LOG.absolute()}:",
            *(line[:LINE_LENGTH] for line in lines),
        )
    )


def save_digit(run: Run) -> str:
    """Draw the digit that the notebook shows to a file."""
    run.names["plt"].savefig("digit.png", bbox_inches="tight")
    return "drawn to digit.png"


def look_at_job(run: Run) -> str:
    """Measure the job from its creation to its end, and fetch the pictures of its report."""
    job = run.client("sagemaker").describe_training_job(
        TrainingJobName=run.names["fm"].latest_training_job.name
    )
    end = job["SecondaryStatusTransitions"][-1]
    seconds = (end["StartTime"] - job["CreationTime"]).total_seconds()
    run.measured["job_seconds"] = seconds
    save_output(run.client("s3"), job["ModelArtifacts"]["S3ModelArtifacts"])
    return f"job {end['Status']} {seconds:.1f} s after its creation"


def save_output(s3: Any, artifact: str) -> None:
    """Unpack what the job left beside its model: a report's page and pictures."""
    bucket, _, key = artifact.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key.replace("model.tar.gz", "output.tar.gz"))["Body"]
    with tarfile.open(fileobj=io.BytesIO(body.read())) as archive:
        archive.extractall("job-output", filter="data")


def look_at_first_endpoint(run: Run) -> str:
    return look_at_endpoint(run, run.names["fm_predictor"].endpoint_name)


def look_at_second_endpoint(run: Run) -> str:
    return look_at_endpoint(run, run.names["second_name"])


def look_at_endpoint(run: Run, name: str) -> str:
    """Measure an endpoint from its creation to the moment when it was in service."""
    endpoint = run.client("sagemaker").describe_endpoint(EndpointName=name)
    seconds = (endpoint["LastModifiedTime"] - endpoint["CreationTime"]).total_seconds()
    run.measured.setdefault("endpoint_seconds", []).append(seconds)
    return f"endpoint {endpoint['EndpointStatus']} {seconds:.1f} s after its creation"


def keep_counts(run: Run) -> str:
    """Keep the counts that the notebook has printed."""
    run.measured["counts"] = run.names["counts"]
    return "10,000 images in 100 requests"


def comparison(counts: dict[str, tuple[int, int]]) -> str:
    """Return the confusion matrix of this run, and its counts beside the introduction's."""
    found, called, missed = (
        counts[name][1] for name in ("zeros found", "other digits called zero", "zeros missed")
    )
    lines = [
        "",
        f"{'':<10}{'predicted 0':>13}{'predicted 1':>13}",
        f"{'actual 0':<10}{9_020 - called:>13,}{called:>13,}",
        f"{'actual 1':<10}{missed:>13,}{found:>13,}",
        "",
        f"{'':<26}{'introduction':>13}{'here':>13}",
    ]
    lines += [f"{name:<26}{theirs:>13,}{ours:>13,}" for name, (theirs, ours) in counts.items()]
    return "\n".join(lines)


AFTER: dict[int, Callable[[Run], str]] = {
    5: save_digit,
    7: look_at_job,
    8: look_at_first_endpoint,
    11: look_at_second_endpoint,
    12: keep_counts,
}

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
