"""`pairloom train`: rows in, a folder with the model and its metrics out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairloom.batch import RowBatch
from pairloom.cli.arguments import (
    CommandParser,
    add_hyperparameter_options,
    add_threads_option,
    given_hyperparameters,
)
from pairloom.cli.checkpoint_options import add_checkpoint_options, given_checkpoints
from pairloom.cli.file_options import add_format_options, given_file_options
from pairloom.cli.metric_lines import metric_lines
from pairloom.cli.progress import make_progress
from pairloom.cli.report import print_report, refuse_impossible_report
from pairloom.cli.rows_to_train_on import add_stream_options, read_rows_to_train_on, rows_source
from pairloom.cli.worker_options import add_worker_options, given_workers
from pairloom.data import RowFiles
from pairloom.distributed import train_on_workers
from pairloom.errors import UserError
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.recordio import PredictorType
from pairloom.hyperparameters import Hyperparameters, resolve, without_effect
from pairloom.model import Model
from pairloom.model.encoding import encoding_of, with_encoding
from pairloom.model.sagemaker import is_artifact_name
from pairloom.reports.run_folder import (
    model_file,
    refuse_unwritable_output,
    run_metrics,
    write_run,
)
from pairloom.reports.scored_rows import score_parts
from pairloom.reports.stopwatch import measured
from pairloom.training import (
    TrainingResult,
    TrainingState,
    evaluate,
    train,
    warm_start,
    with_optimizer_state,
)
from pairloom.training.termination import TERMINATED, termination_noticed
from pairloom.training.warm_start import goes_on

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "train",
        parents=[shared],
        usage="%(prog)s --train PATH --output PATH --num-factors N --predictor-type TYPE "
        "[OPTION ...]",
        help="train a model",
        description="Train a model and write it, with its metrics, into a new folder. Paths to "
        "rows name a file or a folder of files: recordio-protobuf, libsvm text, CSV, Parquet, "
        "Arrow, .npz or .npy.",
    )
    parser.add_argument(
        "--train",
        type=rows_source,
        required=True,
        metavar="PATH",
        help="rows to train on; s3://bucket/prefix streams those of an object store",
    )
    parser.add_argument(
        "--validation",
        type=Path,
        metavar="PATH",
        help="rows to measure after every epoch; early stopping goes by them",
    )
    parser.add_argument("--test", type=Path, metavar="PATH", help="rows to measure at the end")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="folder to write, made complete; a name that ends in .tar.gz: SageMaker's artifact",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run")
    parser.add_argument(
        "--start-from",
        type=Path,
        metavar="MODEL",
        help="model to go on from, instead of drawing parameters from the seed; with its "
        "optimizer state if the file has it",
    )
    parser.add_argument(
        "--save-state",
        action="store_true",
        help="write the optimizer state into the model file too, for a later --start-from",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="write tables and pictures of the run too, as `pairloom report` does",
    )
    add_checkpoint_options(parser)
    add_worker_options(parser)
    add_stream_options(parser)
    add_format_options(parser, learns=True)
    add_threads_option(parser)
    add_hyperparameter_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int | None:
    """Run the command; return the exit code of a run that SIGTERM ended."""
    quiet: bool = arguments.quiet
    given = given_hyperparameters(arguments)
    told_width = "feature_dim" in given or "hash_bits" in given
    hyperparameters = resolve(given if told_width else {**given, "feature_dim": 1})
    refuse_unwritable_output(arguments.output, overwrite=arguments.overwrite)
    if arguments.save_state and is_artifact_name(arguments.output):
        raise UserError(f"{arguments.output}: SageMaker's artifact cannot hold optimizer state")
    if arguments.report:
        refuse_impossible_report(arguments.output)
    if not quiet:
        for name in without_effect(given):
            print(f"{name} has no effect with these settings", file=sys.stderr)
    checkpoints, workers = given_checkpoints(arguments), given_workers(arguments)
    training: Callable[..., TrainingResult] = train
    if workers is not None:
        workers.settings.refuse_unsupported(hyperparameters)
        training = partial(train_on_workers, workers)
    start = None if arguments.start_from is None else Model.load(model_file(arguments.start_from))
    width = hyperparameters.feature_dim if told_width else None
    files = _row_files(arguments, hyperparameters, start)
    seconds: dict[str, float] = {}
    predictor_type = hyperparameters.predictor_type
    with measured(seconds, "reading"):
        rows = read_rows_to_train_on(arguments, files, width, predictor_type)
        held_out = _read_held_out(arguments, files, predictor_type, rows.feature_dim)
    if not told_width:
        hyperparameters = resolve({**given, "feature_dim": rows.feature_dim})
        if not quiet:
            told = f"feature_dim is {hyperparameters.feature_dim}, the width of the training rows"
            print(told, file=sys.stderr)
    state = None if start is None else _starting_state(arguments, start, hyperparameters)
    with termination_noticed() as terminated:  # until everything is written
        with (
            measured(seconds, "training"),
            closing(make_progress(hyperparameters, quiet=quiet)) as progress,
        ):
            result = training(
                rows,
                hyperparameters,
                validation=held_out.get("validation"),
                state=state,
                num_threads=arguments.threads,
                on_event=progress,
                checkpoints=checkpoints,
                stop_requested=terminated,
            )
        measured_rows = {} if result.interrupted else held_out
        _write(arguments, result, files.encoding, measured_rows, seconds)
    if not result.interrupted:
        return None
    epochs = f"{result.epochs_run} of {hyperparameters.epochs} epochs"
    print(f"pairloom: ended by SIGTERM after {epochs}; the model so far was saved", file=sys.stderr)
    return TERMINATED


def _write(
    arguments: argparse.Namespace,
    result: TrainingResult,
    encoding: FeatureEncoding,
    parts: Mapping[str, RowBatch],
    seconds: dict[str, float],
) -> None:
    metrics = run_metrics(result)
    if "test" in parts:
        with measured(seconds, "testing"):
            metrics["test"] = evaluate(result.model, parts["test"], num_threads=arguments.threads)
    with measured(seconds, "scoring"):
        scored = score_parts(result.model, parts, num_threads=arguments.threads)
    metrics["seconds"] = seconds
    model = with_encoding(result.model, encoding)
    if arguments.save_state:
        model = with_optimizer_state(model, result.state)
    write_run(arguments.output, model, metrics, scored, overwrite=arguments.overwrite)
    _tell(arguments.output, metrics, quiet=arguments.quiet)
    if arguments.report and not result.interrupted:
        print_report(arguments.output, None)


def _row_files(
    arguments: argparse.Namespace, hyperparameters: Hyperparameters, start: Model | None
) -> RowFiles:
    if start is not None:
        return RowFiles(given_file_options(arguments), encoding_of(start), learns=True)
    return RowFiles(
        given_file_options(arguments),
        FeatureEncoding(hash_bits=hyperparameters.hash_bits),
        learns=True,
    )


def _starting_state(
    arguments: argparse.Namespace, start: Model, hyperparameters: Hyperparameters
) -> TrainingState:
    state = warm_start(start, hyperparameters)
    if not arguments.quiet:
        kept = "its" if goes_on(start, hyperparameters) else "new"
        print(
            f"{arguments.start_from}: starting from its parameters, with {kept} optimizer state",
            file=sys.stderr,
        )
    return state


def _read_held_out(
    arguments: argparse.Namespace,
    files: RowFiles,
    predictor_type: PredictorType,
    feature_dim: int,
) -> dict[str, RowBatch]:
    return {
        part: files.read_labelled(path, feature_dim, predictor_type)
        for part in ("validation", "test")
        if (path := getattr(arguments, part)) is not None
    }


def _tell(output: Path, metrics: Mapping[str, Any], *, quiet: bool) -> None:
    if "test" in metrics:
        print(metric_lines({f"test {name}": value for name, value in metrics["test"].items()}))
    if not quiet:
        written = "model" if output.is_file() else "model and metrics"
        print(f"{output}: {written} written", file=sys.stderr)
