"""`pairloom evaluate`: how well a model knows labelled rows."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairloom.batch import RowBatch
from pairloom.cli.arguments import CommandParser, add_model_option, add_threads_option
from pairloom.cli.file_options import add_format_options, given_file_options
from pairloom.cli.metric_lines import metric_lines
from pairloom.data import RowFiles
from pairloom.model import Model
from pairloom.model.encoding import encoding_of
from pairloom.reports.confusion import ConfusionMatrix, count_confusion
from pairloom.reports.run_folder import metrics_text, model_file
from pairloom.training import evaluate

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        parents=[shared],
        help="measure a model on labelled rows",
        description="Measure a model on labelled rows: the metrics of its predictor type and, of a "
        "binary classifier, the confusion matrix.",
    )
    add_model_option(parser)
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="labelled rows")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    add_format_options(parser)
    add_threads_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    model = Model.load(model_file(arguments.model))
    weight = model.hyperparameters.weight_feature
    options = given_file_options(arguments, weight_feature=weight)
    files = RowFiles(options, encoding_of(model))
    rows = files.read_labelled(arguments.data, model.feature_dim, model.predictor_type)
    metrics = evaluate(model, rows, num_threads=arguments.threads)
    confusion = _confusion(model, rows, arguments.threads)
    if arguments.json:
        print(metrics_text(_report(rows, metrics, confusion)), end="")
        return
    print(metric_lines({"rows": rows.num_rows, **metrics}))
    if confusion is not None:
        print(f"\n{confusion.table()}")


def _confusion(model: Model, rows: RowBatch, threads: int) -> ConfusionMatrix | None:
    if model.predictor_type != "binary_classifier" or rows.labels is None:
        return None
    return count_confusion(rows.labels, model.predict_rows(rows, num_threads=threads))


def _report(
    rows: RowBatch, metrics: dict[str, float], confusion: ConfusionMatrix | None
) -> dict[str, Any]:
    report: dict[str, Any] = {"rows": rows.num_rows, "metrics": metrics}
    if confusion is not None:
        report["confusion_matrix"] = {
            "true_negatives": confusion.true_negatives,
            "false_positives": confusion.false_positives,
            "false_negatives": confusion.false_negatives,
            "true_positives": confusion.true_positives,
        }
    return report
