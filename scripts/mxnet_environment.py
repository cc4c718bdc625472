"""A virtual environment of its own for MXNet 1.9.1, which tests read and write SageMaker's model
artifact with; kept under build/ and made once. MXNet needs a Python of 3.8 to 3.11.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from kept_environment import kept_programs

REQUIREMENTS = ("mxnet==1.9.1", "numpy<1.24")
VERSIONS = ("3.11", "3.10", "3.9", "3.8")


def has_packages() -> bool:
    """Say whether MXNet publishes packages for this machine's processor."""
    return platform.machine() in {"x86_64", "AMD64"}


def mxnet_python() -> Path:
    """Return the interpreter that can `import mxnet`, installing it at the first call."""
    interpreter, version = _interpreter()
    return kept_programs(f"mxnet-{version}", REQUIREMENTS, interpreter) / "python"


def _interpreter() -> tuple[str, str]:
    for interpreter in _candidates():
        asked = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run(
            [interpreter, "-c", asked], capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and done.stdout.strip() in VERSIONS:
            return interpreter, done.stdout.strip()
    raise RuntimeError(
        f"MXNet 1.9.1 needs Python {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}; this is "
        f"{platform.python_version()}, and neither PATH nor pyenv has one of them"
    )


def _candidates() -> Iterator[str]:
    yield sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in VERSIONS:
        yield from (str(python) for python in sorted(pyenv.glob(f"{version}.*/bin/python")))
        on_path = shutil.which(f"python{version}")
        if on_path is not None:
            yield on_path


if __name__ == "__main__":
    sys.stdout.write(f"{mxnet_python()}\n")
