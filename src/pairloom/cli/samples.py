"""`pairloom samples`: the sample files that SageMaker's notebooks download."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.cli.platform_options import add_folder_option, require_platform

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "samples",
        parents=[shared],
        help="put MNIST where SageMaker's notebooks download it from",
        description="Make the bucket sagemaker-sample-files in the platform's object store, with "
        "MNIST as its notebooks expect it.",
    )
    add_folder_option(parser)
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds MNIST's four files, compressed"
    )
    parser.set_defaults(run=_samples)


def _samples(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.objectstore.client import s3_client  # noqa: PLC0415  heavy
    from pairloom.platform.samples import upload_mnist  # noqa: PLC0415
    from pairloom.platform.supervisor.control import running_platform  # noqa: PLC0415

    settings, _ = running_platform(arguments.dir)
    print(upload_mnist(s3_client(settings), arguments.folder))
