"""Write the files that are made from declared tables; with --check, fail when one is stale.

Each entry of GENERATED is a path and a function that returns the file's text.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from generators import (
    core_stub,
    estimator_parameters,
    hyperparameter_docs,
    hyperparameter_settings,
    seed_notebook,
)

ROOT = Path(__file__).resolve().parent.parent

GENERATED: dict[str, Callable[[], str]] = {
    core_stub.PATH: core_stub.render,
    hyperparameter_settings.PATH: hyperparameter_settings.render,
    hyperparameter_docs.PATH: hyperparameter_docs.render,
    estimator_parameters.CLASSIFIER_PATH: estimator_parameters.render_classifier,
    estimator_parameters.REGRESSOR_PATH: estimator_parameters.render_regressor,
    seed_notebook.PATH: seed_notebook.render,
}


def stale_files() -> dict[Path, str]:
    """Return the files whose text is not what the tables say, with the text they should have."""
    stale = {}
    for name, render in GENERATED.items():
        path, text = ROOT / name, render()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale[path] = text
    return stale


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    check = parser.parse_args().check
    stale = stale_files()
    for path, text in stale.items():
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run scripts/generate.py\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
