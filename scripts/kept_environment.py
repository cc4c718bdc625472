"""Virtual environments of their own for programs that ours work with, kept under build/."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = [sys.executable, "-m", "uv", "--quiet"]


def kept_programs(name: str, requirements: tuple[str, ...], interpreter: str) -> Path:
    """Return the folder of an environment's programs, installing them at the first call.

    Whoever calls meanwhile, in another process, waits.
    """
    folder = ROOT / "build" / name
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(folder, requirements, interpreter)
    return folder / "bin"


def _install(folder: Path, requirements: tuple[str, ...], interpreter: str) -> None:
    stamp = folder / "installed.txt"
    wanted = "\n".join(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    # A slow line shall not end an installation; uv itself gives up after 30 seconds.
    environment = {"UV_HTTP_TIMEOUT": "300", **os.environ}
    subprocess.run([*UV, "venv", "--python", interpreter, folder], check=True)
    install = [*UV, "pip", "install", "--python", str(folder / "bin" / "python")]
    subprocess.run([*install, *requirements], check=True, env=environment)
    stamp.write_text(wanted)
