"""What the commands of the platform share: its folder, and the libraries that it needs."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from pairloom.errors import UserError

_FOLDER = Path(".pairloom")
_LIBRARIES = ("alembic", "boto3", "certifi", "cryptography", "h11", "sqlalchemy", "uvicorn")


def add_folder_option(parser: argparse.ArgumentParser) -> None:
    """Add `--dir`."""
    parser.add_argument(
        "--dir",
        type=Path,
        default=_FOLDER,
        metavar="DIR",
        help=f"folder that holds all that the platform keeps; default {_FOLDER}",
    )


def require_platform() -> None:
    """Raise UserError when what the platform stands on is not installed."""
    missing = [name for name in _LIBRARIES if not find_spec(name)]
    if missing:
        raise UserError(
            f"the platform needs {', '.join(missing)}; install it with "
            "`pip install 'pairloom[platform]'`"
        )
