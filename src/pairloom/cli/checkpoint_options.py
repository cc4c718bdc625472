"""The options that say where and how often training leaves checkpoints."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from pairloom.cli.arguments import count
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
        type=_seconds,
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
    seconds: float | None = arguments.checkpoint_seconds
    epochs: int | None = arguments.checkpoint_epochs
    if folder is None:
        if seconds is not None or epochs is not None:
            raise UserError("--checkpoint-seconds and --checkpoint-epochs need --checkpoint-dir")
        return None
    if seconds is None and epochs is None:
        return Checkpoints(folder)
    return Checkpoints(folder, every_seconds=seconds, every_epochs=epochs)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is refused; must be a number above 0")
    return seconds
