"""Tell Docker whether a container is well: while it serves, it must answer; training always is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TIMEOUT_SECONDS = 2
FIRST_PROCESS = Path("/proc/1/cmdline")


def is_serving(command_line: bytes) -> bool:
    """Say whether the container's first process was started to serve."""
    return b"serve" in command_line.split(b"\0")


def answers(port: str) -> bool:
    """Say whether the server of this machine answers a ping."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/ping", timeout=TIMEOUT_SECONDS) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    well = not is_serving(FIRST_PROCESS.read_bytes()) or answers(
        os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    )
    sys.exit(0 if well else 1)
