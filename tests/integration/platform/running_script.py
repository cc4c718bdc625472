"""The introduction's script as a program on a platform, on a few images."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sagemaker_sdk import sdk_python

from integration.platform.running_platform import PAIRLOOM, RunningPlatform, wait_until

MNIST = Path(__file__).parents[3] / "examples" / "mnist" / "data"


@dataclass(frozen=True)
class RunningScript:
    """A script under way, what it prints, and how many zeros there are to find."""

    process: subprocess.Popen[bytes]
    printed: Path
    num_zeros: int

    def said(self) -> str:
        return self.printed.read_text()


@contextmanager
def running_script(
    platform: RunningPlatform, program: Path, folder: Path
) -> Iterator[RunningScript]:
    """Start a script and wait for the end of its training job; then it mostly sleeps."""
    num_zeros = write_few_images(folder)
    sampled = platform.pairloom("samples", str(folder))
    assert sampled.returncode == 0, sampled.stderr
    printed = folder / "printed.txt"
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [*PAIRLOOM, "run", "--dir", platform.folder, sdk_python(), program],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = RunningScript(process, printed, num_zeros)
    try:
        wait_until(
            lambda: "Billable seconds" in running.said() or process.poll() is not None,
            seconds=600,
        )
        yield running
    finally:
        process.kill()
        process.wait()


def write_few_images(folder: Path) -> int:
    """Write MNIST's first images in its own format; return how many of those asked are zeros."""
    num_zeros = 0
    for part, count in (("train", 2_000), ("t10k", 500)):
        for name, head, size in (
            (f"{part}-images-idx3-ubyte.gz", 16, 784),
            (f"{part}-labels-idx1-ubyte.gz", 8, 1),
        ):
            content = gzip.decompress((MNIST / name).read_bytes())
            kept = content[head : head + count * size]
            counted = content[:4] + count.to_bytes(4, "big") + content[8:head]
            (folder / name).write_bytes(gzip.compress(counted + kept))
            num_zeros = kept.count(0)  # in the end, of the digits asked about
    return num_zeros
