"""A virtual environment of its own for the SageMaker Python SDK, which only tests and benchmarks
read and write with; kept under build/ and made once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("sagemaker>=2.257,<3", "numpy>=1.26", "scipy>=1.11")


def sdk_python() -> Path:
    """Return the interpreter that can `import sagemaker`, installing it at the first call."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = ROOT / "build" / f"sagemaker-sdk-{version}"
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    wanted = "\n".join(REQUIREMENTS)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    sys.stdout.write(f"{sdk_python()}\n")
