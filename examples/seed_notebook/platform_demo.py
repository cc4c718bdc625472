"""The notebook of this folder against a platform that lives as long as this program."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from notebook_steps import NOTEBOOK, read_steps, step_line

from pairloom.platform.supervisor import tether

MNIST = NOTEBOOK.parents[1] / "mnist" / "data"
STEPS = NOTEBOOK.with_name("timed_steps.py")
# Ends with this program, however that ends.
TETHERED = [sys.executable, tether.__file__, str(os.getpid())]
PAIRLOOM = [sys.executable, "-m", "pairloom"]
DOWN_SECONDS = 100


class DemoError(Exception):
    """Something that the demo started failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), metavar="DIR")
    parser.add_argument(
        "--client", required=True, metavar="PYTHON", help="interpreter that has the SageMaker SDK"
    )
    chosen = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    folder = chosen.output.absolute() / "seed-notebook"
    try:
        run(chosen.client, folder)
    except DemoError as error:
        print(f"the demo failed: {error}\nThe platform has ended; its logs: {folder}", flush=True)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the platform has ended", flush=True)
        return 130
    return 0


def run(client: str, folder: Path) -> None:
    """Run the whole demo in a folder of its own, which must not hold what an earlier one left."""
    begin = time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    introduction, prerequisites = read_steps(NOTEBOOK)[:2]
    with platform(folder / "platform") as ready:
        print(step_line(introduction, time.perf_counter() - begin, ready), flush=True)
        samples_begin = time.perf_counter()
        bucket = call("samples", "--dir", str(folder / "platform"), str(MNIST)).strip()
        print(step_line(prerequisites, time.perf_counter() - samples_begin, bucket), flush=True)
        run_steps(client, folder)
        down_begin = time.perf_counter()
    now = time.perf_counter()
    shutil.rmtree(folder / "platform")
    print(f"\nPlatform down in {now - down_begin:.1f} s; {now - begin:.1f} s in all.")
    print("Pictures:", *pictures(folder), sep="\n  ")


@contextmanager
def platform(folder: Path) -> Iterator[str]:
    """Start a platform, give what it says when it is ready, and end it in any case."""
    log = folder.with_suffix(".log")
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*TETHERED, *PAIRLOOM, "up", "--dir", str(folder), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # Ctrl-C is for the demo, which then ends it in order
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("ready"):
            raise DemoError(f"the platform did not start: {log.read_text().strip() or log}")
        yield line.strip()
    finally:
        with undisturbed():
            end(process, DOWN_SECONDS)
            process.stdout.close()


def call(*command: str) -> str:
    """Return what a command of Pairloom prints."""
    done = subprocess.run([*PAIRLOOM, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"`pairloom {' '.join(command)}`: {done.stderr.strip()}")
    return done.stdout


def run_steps(client: str, folder: Path) -> None:
    """Run the notebook's steps as a client of the platform."""
    command = ["run", "--dir", str(folder / "platform"), client, str(STEPS), str(folder)]
    process = subprocess.Popen([*TETHERED, *PAIRLOOM, *command], start_new_session=True)
    try:
        if process.wait():
            raise DemoError("a step of the notebook failed, as said above")
    finally:
        with undisturbed():
            end(process, seconds=5)


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes], seconds: float) -> None:
    """End a process, by force when it takes too long."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C break off what must be done."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def pictures(folder: Path) -> list[Path]:
    """Return the digit, and the page and pictures of the job's report."""
    return [folder / "digit.png", *sorted(folder.glob("job-output/report/*.*"))]


if __name__ == "__main__":
    sys.exit(main())
