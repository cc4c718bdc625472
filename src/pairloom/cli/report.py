"""`pairloom report`: what a run measured and learned, as a page with tables and pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.errors import UserError
from pairloom.model.sagemaker import is_artifact_name
from pairloom.reports.libraries import HINT, missing_libraries

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "report",
        parents=[shared],
        help="draw what a run measured and learned",
        description="Write a page with tables and pictures of a training run, and each picture as "
        "PNG beside it. The folder of the run is all that it needs; the same run gives the same "
        "bytes.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a training run")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder to write; `report` in the run's own when not given. An earlier report there "
        "is replaced",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    refuse_missing_libraries()
    print_report(arguments.folder, arguments.output)


def print_report(folder: Path, output: Path | None) -> None:
    """Write the report of a run and print the path of its page."""
    from pairloom.reports.report import write_report  # noqa: PLC0415  optional, and slow

    print(write_report(folder, output))


def refuse_impossible_report(output: Path) -> None:
    """Raise UserError before training if no report can follow it."""
    if is_artifact_name(output):
        raise UserError(f"{output}: SageMaker's artifact cannot hold a report; name a folder")
    refuse_missing_libraries()


def refuse_missing_libraries() -> None:
    """Raise UserError unless what draws reports is installed."""
    missing = missing_libraries()
    if missing:
        raise UserError(f"a report needs {' and '.join(missing)}; {HINT}")
