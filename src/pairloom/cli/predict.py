"""`pairloom predict`: one JSON line per row, as SageMaker's `application/jsonlines`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pairloom.cli.arguments import CommandParser, add_model_option, add_threads_option
from pairloom.cli.file_options import add_format_options, given_file_options
from pairloom.data import RowFiles
from pairloom.formats.complete_file import written_beside
from pairloom.model import Model
from pairloom.model.encoding import encoding_of
from pairloom.reports.confusion import predicted_labels
from pairloom.reports.run_folder import model_file

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
    lines = json_lines(predictions, classifier=model.predictor_type == "binary_classifier")
    if arguments.output is None:
        sys.stdout.writelines(lines)
    else:
        with written_beside(arguments.output) as partial, partial.open("w") as file:
            file.writelines(lines)


def json_lines(predictions: npt.NDArray[np.float32], *, classifier: bool) -> Iterator[str]:
    """Yield one line per prediction: float32 widened to double, as the real container answers."""
    if not classifier:
        for score in predictions.tolist():
            yield f'{{"score": {score!r}}}\n'
        return
    labels = predicted_labels(predictions).astype(np.int8)
    for score, label in zip(predictions.tolist(), labels.tolist(), strict=True):
        yield f'{{"score": {score!r}, "predicted_label": {label}}}\n'
