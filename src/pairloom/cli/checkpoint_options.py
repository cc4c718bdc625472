"""The options that say where and how often training leaves checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path

from pairloom.cli.arguments import count, seconds
from pairloom.errors import UserError
from pairloom.training import Checkpoints


def add_checkpoint_options(parser: argparse.ArgumentParser) -> None:
    """Add `--checkpoint-dir`, `--checkpoint-seconds` and `--checkpoint-epochs`."""
    parser.add_argument(
        "--checkpoint-dir",
        type=Path,
        metavar="DIR",
        help="folder for checkpoints; training goes on from the newest that is there",
    )
    parser.add_argument(
        "--checkpoint-seconds",
        type=seconds,
        metavar="N",
        help="seconds between two checkpoints; default 60 unless --checkpoint-epochs is given",
    )
    parser.add_argument(
        "--checkpoint-epochs",
        type=count,
        metavar="N",
        help="a checkpoint after every N epochs",
    )


def given_checkpoints(arguments: argparse.Namespace) -> Checkpoints | None:
    """Return what the options ask for."""
    folder: Path | None = arguments.checkpoint_dir
    every_seconds: float | None = arguments.checkpoint_seconds
    every_epochs: int | None = arguments.checkpoint_epochs
    if folder is None:
        if every_seconds is not None or every_epochs is not None:
            raise UserError("--checkpoint-seconds and --checkpoint-epochs need --checkpoint-dir")
        return None
    if every_seconds is None and every_epochs is None:
        return Checkpoints(folder)
    return Checkpoints(folder, every_seconds=every_seconds, every_epochs=every_epochs)
