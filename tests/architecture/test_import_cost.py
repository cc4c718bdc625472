from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "boto3",
    "jinja2",
    "matplotlib",
    "optuna",
    "pandas",
    "pyarrow",
    "ray",
    "sagemaker",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "starlette",
}


def test_importing_pairloom_loads_no_heavy_library() -> None:
    program = "import sys, pairloom; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    modules = set(loaded.stdout.split())
    assert "pairloom" in modules
    assert modules & HEAVY == set()
