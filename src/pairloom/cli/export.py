"""`pairloom export`: the same model as another kind of file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.errors import UserError
from pairloom.model import Model
from pairloom.reports.run_folder import model_file

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "export",
        parents=[shared],
        help="write a model as another kind of file",
        description="Write a model as another kind of file: SageMaker's artifact when its name "
        "ends in .tar.gz or is model_algo-1, otherwise Pairloom's own. Either is read.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of a run, or model file")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    output: Path = arguments.output
    if output.is_dir():
        raise UserError(f"{output}: exists and is a folder; name a file")
    if output.exists() and not arguments.overwrite:
        raise UserError(f"{output}: exists; name a new file or add --overwrite")
    Model.load(model_file(arguments.model)).save(output)
    if not arguments.quiet:
        print(f"{output}: model written", file=sys.stderr)
