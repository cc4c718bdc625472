"""MNIST from images to a model that knows a zero, the way SageMaker's introduction does it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnist import Mnist, load_mnist

from pairloom.formats import read_recordio, write_recordio
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.reports.confusion import ConfusionMatrix, count_confusion
from pairloom.reports.image_model import ImageModelReport, draw_image_model
from pairloom.reports.run_folder import run_metrics, write_run_folder
from pairloom.training import BatchEvent, TrainingEvent, TrainingResult, evaluate, train

# The settings of the introduction; what it leaves out stays at its default.
HYPERPARAMETERS = {
    "feature_dim": 784,
    "predictor_type": "binary_classifier",
    "mini_batch_size": 200,
    "num_factors": 10,
}
EVERY_MINI_BATCH = {"batch_metrics_publish_interval": 1}  # for the curve; training is the same
INTRODUCTION = ConfusionMatrix(
    true_positives=951, false_positives=165, false_negatives=29, true_negatives=9020 - 165
)


@dataclass
class LearningCurve:
    """Collects the loss of every mini-batch."""

    mini_batch_size: int
    losses: list[float] = field(default_factory=list)

    def __call__(self, event: TrainingEvent) -> None:
        if isinstance(event, BatchEvent):
            self.losses.append(event.metrics["binary_classification_cross_entropy"])

    def rows_seen(self) -> list[int]:
        return [self.mini_batch_size * (batch + 1) for batch in range(len(self.losses))]


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
    def picture(self) -> Path:
        return self.folder / "mnist.png"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), metavar="DIR")
    files = DemoFiles(parser.parse_args(arguments).output)
    files.folder.mkdir(parents=True, exist_ok=True)

    convert(load_mnist(), files)
    rows = read_recordio(files.train, feature_dim=784, predictor_type="binary_classifier")
    settings = resolve(HYPERPARAMETERS | EVERY_MINI_BATCH)
    curve = LearningCurve(settings.mini_batch_size)
    started = time.perf_counter()
    result = train(rows, settings, on_event=curve)
    seconds = time.perf_counter() - started
    print(f"Trained on {rows.num_rows:,} images in {seconds:.2f} s: {one_line(settings)}.")

    confusion = test(result, files, seconds)
    draw(result, confusion, curve, seconds, files.picture)
    print(comparison(confusion))
    print(what_next(files))


def convert(mnist: Mnist, files: DemoFiles) -> None:
    """Write the training and test images as recordio-protobuf."""
    for part, path in ((mnist.train, files.train), (mnist.test, files.test)):
        write_recordio(path, part.rows())
    print(f"Wrote {files.train} and {files.test} as recordio-protobuf.")


def test(result: TrainingResult, files: DemoFiles, seconds: float) -> ConfusionMatrix:
    """Measure the model on the test file and write it with what was measured."""
    rows = read_recordio(files.test, feature_dim=784, predictor_type="binary_classifier")
    metrics = run_metrics(result) | {
        "test": evaluate(result.model, rows),
        "seconds": {"training": seconds},
    }
    write_run_folder(files.model, result.model, metrics, overwrite=True)
    assert rows.labels is not None
    return count_confusion(rows.labels, result.model.predict_rows(rows))


def draw(
    result: TrainingResult,
    confusion: ConfusionMatrix,
    curve: LearningCurve,
    seconds: float,
    path: Path,
) -> None:
    """Draw the one picture."""
    report = ImageModelReport(
        title="Is it a zero?",
        subtitle="A factorization machine on MNIST: one pass over 50,000 images of 784 pixels, "
        f"{result.model.num_factors} factors, trained in {seconds:.2f} s",
        class_names=("other", "zero"),
        confusion=confusion,
        rows_seen=curve.rows_seen(),
        losses=curve.losses,
        linear_weights=result.model.linear_weights,
        factors=result.model.factors,
    )
    draw_image_model(report, path)


def comparison(confusion: ConfusionMatrix) -> str:
    """Return our confusion matrix, and its counts beside those of the introduction."""
    lines = [
        "",
        f"{confusion.rows:,} test images (1: a zero, 0: another digit)",
        confusion.table(),
        "",
        f"{'':<28}{'Pairloom':>10}{'the introduction':>19}",
    ]
    for name, ours, theirs in (
        ("zeros found", confusion.true_positives, INTRODUCTION.true_positives),
        ("zeros missed", confusion.false_negatives, INTRODUCTION.false_negatives),
        ("other digits called zero", confusion.false_positives, INTRODUCTION.false_positives),
        ("errors", confusion.errors, INTRODUCTION.errors),
    ):
        lines.append(f"{name:<28}{ours:>10,}{theirs:>19,}")
    lines.append(f"{'F1':<28}{confusion.f1:>10.3f}{INTRODUCTION.f1:>19.3f}")
    lines.append("The introduction: SageMaker's notebook with the same data and hyperparameters.")
    return "\n".join(lines)


def what_next(files: DemoFiles) -> str:
    """Say where the files lie and what to type now."""
    run = "  .venv/bin/pairloom"
    return "\n".join(
        (
            "",
            f"The picture is {files.picture}, the model and its metrics are in {files.model}.",
            "Next:",
            f"{run} inspect {files.model}",
            f"{run} evaluate --model {files.model} --data {files.test}",
            f"{run} predict --model {files.model} --data {files.test} | head",
            f"{run} train --train {files.train} --test {files.test} --output my-model \\",
            "    --feature-dim 784 --num-factors 10 --predictor-type binary_classifier --epochs 5",
        )
    )


def one_line(settings: Hyperparameters) -> str:
    """Return the settings that the introduction gives."""
    given = settings.to_strings()
    return ", ".join(f"{name} {given[name]}" for name in HYPERPARAMETERS)


if __name__ == "__main__":
    main()
