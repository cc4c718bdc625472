from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "alembic",
    "boto3",
    "botocore",
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
    "uvicorn",
}


def test_importing_pairloom_loads_no_heavy_library() -> None:
    program = "import sys, pairloom; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    modules = set(loaded.stdout.split())
    assert "pairloom" in modules
    assert modules & HEAVY == set()


def test_importing_the_server_loads_nothing_that_trains_or_reads_from_afar() -> None:
    program = "import sys, pairloom.serving.server; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    modules = set(loaded.stdout.split())
    assert "pairloom.serving.http.app" in modules
    assert {name.partition(".")[0] for name in modules} & HEAVY == {"starlette", "uvicorn"}
    assert not [
        name
        for name in modules
        if name.startswith(("pairloom.training", "pairloom.reports", "pairloom.estimators"))
    ]
