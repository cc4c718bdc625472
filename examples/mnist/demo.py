"""MNIST from images to a model that knows a zero, the way SageMaker's introduction does it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnist import Mnist, load_mnist
from mnist_settings import ACCURATE, INTRODUCTION

from pairloom.batch import RowBatch
from pairloom.formats import read_recordio, write_recordio
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.reports.confusion import ConfusionMatrix, count_confusion
from pairloom.reports.image_model import ImageModelReport, draw_image_model
from pairloom.reports.pictures.images import draw_weight_images
from pairloom.reports.pictures.picture import Picture
from pairloom.reports.report import write_report
from pairloom.reports.run_folder import run_metrics, write_run_folder
from pairloom.reports.scored_rows import score_parts
from pairloom.training import BatchEvent, TrainingEvent, evaluate, train

# For the curve, every mini-batch is reported; what is learned does not depend on it.
REPORTED = {"batch_metrics_publish_interval": 1}
# What SageMaker's notebook prints for the introduction's settings.
NOTEBOOK = ConfusionMatrix(
    true_positives=951, false_positives=165, false_negatives=29, true_negatives=9020 - 165
)


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the demo writes."""

    folder: Path

    @property
    def train(self) -> Path:
        return self.folder / "train.pbr"

    @property
    def test(self) -> Path:
        return self.folder / "test.pbr"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def accurate_model(self) -> Path:
        return self.folder / "accurate-model"

    @property
    def picture(self) -> Path:
        return self.folder / "mnist.png"


@dataclass(frozen=True, slots=True)
class Run:
    """A trained and tested model."""

    model: Model
    confusion: ConfusionMatrix
    seconds: float


@dataclass
class LearningCurve:
    """Collects the loss of every mini-batch of the first epoch."""

    losses: list[float] = field(default_factory=list)

    def __call__(self, event: TrainingEvent) -> None:
        if isinstance(event, BatchEvent) and event.epoch == 0:
            self.losses.append(event.metrics["binary_classification_cross_entropy"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), metavar="DIR")
    files = DemoFiles(parser.parse_args(arguments).output)
    files.folder.mkdir(parents=True, exist_ok=True)

    convert(load_mnist(), files)
    train_rows, test_rows = (
        read_recordio(path, feature_dim=784, predictor_type="binary_classifier")
        for path in (files.train, files.test)
    )
    curve = LearningCurve()
    print("Training with the introduction's settings ...", end=" ", flush=True)
    run = train_and_test({**INTRODUCTION, **REPORTED}, train_rows, test_rows, files.model, curve)
    print(f"{run.seconds:.2f} s")
    print("Training with more accurate settings ...", end=" ", flush=True)
    accurate = train_and_test(ACCURATE, train_rows, test_rows, files.accurate_model)
    print(f"{accurate.seconds:.2f} s")

    draw(run, curve, files.picture)
    print(comparison(run.confusion, accurate.confusion))
    report = write_report(files.accurate_model, more_pictures=[weight_images])
    print(what_next(files, report))


def convert(mnist: Mnist, files: DemoFiles) -> None:
    """Write the training and test images as recordio-protobuf."""
    for part, path in ((mnist.train, files.train), (mnist.test, files.test)):
        write_recordio(path, part.rows())
    print(f"Wrote {files.train} and {files.test} as recordio-protobuf.")


def train_and_test(
    values: Mapping[str, object],
    train_rows: RowBatch,
    test_rows: RowBatch,
    folder: Path,
    curve: LearningCurve | None = None,
) -> Run:
    """Train with the hyperparameters, test, and write the model with what was measured."""
    started = time.perf_counter()
    result = train(train_rows, resolve(values), on_event=curve)
    seconds = time.perf_counter() - started
    test_metrics = evaluate(result.model, test_rows)
    metrics = run_metrics(result) | {"test": test_metrics, "seconds": {"training": seconds}}
    scored = score_parts(result.model, {"test": test_rows})
    write_run_folder(folder, result.model, metrics, scored, overwrite=True)
    assert test_rows.labels is not None
    confusion = count_confusion(test_rows.labels, result.model.predict_rows(test_rows))
    return Run(result.model, confusion, seconds)


def draw(run: Run, curve: LearningCurve, path: Path) -> None:
    """Draw the one picture."""
    mini_batch_size = run.model.hyperparameters.mini_batch_size
    report = ImageModelReport(
        title="Is it a zero?",
        subtitle="A factorization machine on MNIST: one pass over 50,000 images of 784 pixels, "
        f"{run.model.num_factors} factors, trained in {run.seconds:.2f} s",
        class_names=("other", "zero"),
        confusion=run.confusion,
        rows_seen=[mini_batch_size * (batch + 1) for batch in range(len(curve.losses))],
        losses=curve.losses,
        linear_weights=run.model.linear_weights,
        factors=run.model.factors,
    )
    draw_image_model(report, path)


def weight_images(model: Model) -> Picture:
    """Draw the weights of the pixels as images, for the report."""
    return draw_weight_images(model.linear_weights, model.factors)


def comparison(ours: ConfusionMatrix, accurate: ConfusionMatrix) -> str:
    """Return our confusion matrix, and the counts of all three models beside each other."""
    columns = (NOTEBOOK, ours, accurate)
    names = ("the notebook", "Pairloom", "Pairloom accurate")
    lines = [
        "",
        f"{ours.rows:,} test images (1: a zero, 0: another digit), the introduction's settings",
        ours.table(),
        "",
        " " * 25 + "".join(f"{name:>18}" for name in names),
    ]
    for name, count in (
        ("zeros found", [matrix.true_positives for matrix in columns]),
        ("zeros missed", [matrix.false_negatives for matrix in columns]),
        ("other digits called zero", [matrix.false_positives for matrix in columns]),
        ("errors", [matrix.errors for matrix in columns]),
    ):
        lines.append(f"{name:<25}" + "".join(f"{number:>18,}" for number in count))
    lines.append(f"{'F1':<25}" + "".join(f"{matrix.f1:>18.3f}" for matrix in columns))
    return "\n".join(lines)


def what_next(files: DemoFiles, report: Path) -> str:
    """Say where the files lie and what to type now."""
    run = "  .venv/bin/pairloom"
    return "\n".join(
        (
            "",
            f"Picture: {files.picture}. Models and their metrics: {files.model} and "
            f"{files.accurate_model}.",
            f"Report on the accurate model: {report}.",
            "Next:",
            f"{run} inspect {files.model}",
            f"{run} evaluate --model {files.accurate_model} --data {files.test}",
            f"{run} predict --model {files.accurate_model} --data {files.test} | head",
            f"{run} train --train {files.train} --test {files.test} --output my-model \\",
            "    --feature-dim 784 --num-factors 10 --predictor-type binary_classifier --epochs 5",
        )
    )


if __name__ == "__main__":
    main()
