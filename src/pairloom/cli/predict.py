"""`pairloom predict`: one JSON line per row, as SageMaker's `application/jsonlines`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser, add_model_option, add_threads_option
from pairloom.cli.file_options import add_format_options, given_file_options
from pairloom.data import RowFiles
from pairloom.formats.complete_file import written_beside
from pairloom.model import Model
from pairloom.model.encoding import encoding_of
from pairloom.reports.run_folder import model_file
from pairloom.serving.codecs import WRITERS
from pairloom.serving.media_types import JSON_LINES

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "predict",
        parents=[shared],
        help="score rows, one JSON line each",
        description="Score rows. A binary classifier answers "
        '{"score": PROBABILITY, "predicted_label": 0 or 1}, a regressor {"score": VALUE}.',
    )
    add_model_option(parser)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="PATH", help="rows; labels are not read"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write; standard output when not given"
    )
    add_format_options(parser)
    add_threads_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    model = Model.load(model_file(arguments.model))
    weight = model.hyperparameters.weight_feature
    files = RowFiles(given_file_options(arguments, weight_feature=weight), encoding_of(model))
    rows = files.read_to_score(arguments.data, model.feature_dim)
    predictions = model.predict_rows(rows, num_threads=arguments.threads)
    lines = WRITERS[JSON_LINES](predictions, model.predictor_type == "binary_classifier") + b"\n"
    if arguments.output is None:
        sys.stdout.write(lines.decode())
    else:
        with written_beside(arguments.output) as partial:
            partial.write_bytes(lines)
