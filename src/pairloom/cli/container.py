"""`pairloom container`: the programs that a container runs over a folder laid out as /opt/ml."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.container.job_folder import DEFAULT_ROOT

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its programs."""
    parser = commands.add_parser(
        "container",
        parents=[shared],
        help="run a training job as a container does",
        description="Run what a container of SageMaker runs, over a folder laid out as /opt/ml.",
    )
    programs = parser.add_subparsers(dest="program", metavar="PROGRAM", required=True)
    train = programs.add_parser(
        "train",
        parents=[shared],
        help="train on the job's channels and write its model",
        description="Read input/config and the channels of input/data, train, and write "
        "model/model_algo-1 and output/data; where that fails, output/failure.",
    )
    _add_root(train)
    train.set_defaults(run=_train)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        default=DEFAULT_ROOT,
        metavar="DIR",
        help=f"folder of the job, laid out as {DEFAULT_ROOT}, the default",
    )


def _train(arguments: argparse.Namespace) -> int:
    from pairloom.container.train import main  # noqa: PLC0415  other commands do without it

    return main(arguments.root)
