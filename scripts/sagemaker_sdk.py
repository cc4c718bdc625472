"""Clients of AWS in virtual environments of their own, for the demo, tests and benchmarks: the
SageMaker Python SDK of both versions and the `aws` program. Kept under build/ and made once.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from kept_environment import ROOT, kept_programs


def sdk_python() -> Path:
    """Return the interpreter that can `import sagemaker`, version 2, and runs notebooks."""
    return _programs("sagemaker-sdk", _group("demo")) / "python"


def sdk_v3_python() -> Path:
    """Return the interpreter that can `import sagemaker`, version 3."""
    return _programs("sagemaker-sdk-v3", ("sagemaker>=3.27,<4",)) / "python"


def aws_program() -> Path:
    """Return the `aws` program."""
    return _programs("aws-cli", ("awscli>=1.44,<2",)) / "aws"


def _group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(rf"^{name} = \[.*?^\]", project, re.MULTILINE | re.DOTALL)
    if listed is None:
        raise LookupError(f"pyproject.toml has no dependency group {name}")
    return tuple(re.findall(r'^ +"(.+?)"', listed[0], re.MULTILINE))


def _programs(name: str, requirements: tuple[str, ...]) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return kept_programs(f"{name}-{version}", requirements, sys.executable)


if __name__ == "__main__":
    sys.stdout.write(f"{sdk_python()}\n")
