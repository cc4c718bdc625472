"""`pairloom train`: rows in, a folder with the model and its metrics out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairloom.batch import RowBatch
from pairloom.cli.arguments import (
    CommandParser,
    add_hyperparameter_options,
    add_threads_option,
    given_hyperparameters,
)
from pairloom.cli.metric_lines import metric_lines
from pairloom.cli.progress import make_progress
from pairloom.cli.row_files import read_labelled_rows
from pairloom.cli.stopwatch import measured
from pairloom.hyperparameters import Hyperparameters, resolve, without_effect
from pairloom.reports.run_folder import refuse_unwritable_folder, run_metrics, write_run_folder
from pairloom.training import evaluate, train

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "train",
        parents=[shared],
        usage="%(prog)s --train PATH --output DIR --feature-dim N --num-factors N "
        "--predictor-type TYPE [OPTION ...]",
        help="train a model",
        description="Train a model and write it, with its metrics, into a new folder. Paths name a "
        "recordio-protobuf, .npz or .npy file, or a folder of recordio files.",
    )
    parser.add_argument(
        "--train", type=Path, required=True, metavar="PATH", help="rows to train on"
    )
    parser.add_argument(
        "--validation",
        type=Path,
        metavar="PATH",
        help="rows to measure after every epoch; early stopping goes by them",
    )
    parser.add_argument("--test", type=Path, metavar="PATH", help="rows to measure at the end")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder to write; made complete"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an earlier run in the output folder"
    )
    add_threads_option(parser)
    add_hyperparameter_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    quiet: bool = arguments.quiet
    given = given_hyperparameters(arguments)
    hyperparameters = resolve(given)
    refuse_unwritable_folder(arguments.output, overwrite=arguments.overwrite)
    if not quiet:
        for name in without_effect(given):
            print(f"{name} has no effect with these settings", file=sys.stderr)
    seconds: dict[str, float] = {}
    with measured(seconds, "reading"):
        parts = _read_parts(arguments, hyperparameters)
    with (
        measured(seconds, "training"),
        closing(make_progress(hyperparameters, quiet=quiet)) as progress,
    ):
        result = train(
            parts["train"],
            hyperparameters,
            validation=parts.get("validation"),
            num_threads=arguments.threads,
            on_event=progress,
        )
    metrics = run_metrics(result)
    if "test" in parts:
        with measured(seconds, "testing"):
            metrics["test"] = evaluate(result.model, parts["test"], num_threads=arguments.threads)
    metrics["seconds"] = seconds
    write_run_folder(arguments.output, result.model, metrics, overwrite=arguments.overwrite)
    _tell(arguments.output, metrics, quiet=quiet)


def _read_parts(
    arguments: argparse.Namespace, hyperparameters: Hyperparameters
) -> dict[str, RowBatch]:
    paths = {part: getattr(arguments, part) for part in ("train", "validation", "test")}
    return {
        part: read_labelled_rows(path, hyperparameters.feature_dim, hyperparameters.predictor_type)
        for part, path in paths.items()
        if path is not None
    }


def _tell(folder: Path, metrics: Mapping[str, Any], *, quiet: bool) -> None:
    if "test" in metrics:
        print(metric_lines({f"test {name}": value for name, value in metrics["test"].items()}))
    if not quiet:
        print(f"{folder}: model and metrics written", file=sys.stderr)
