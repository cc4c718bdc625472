"""How well the machine knows a zero: SageMaker's notebook settings, and better ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from mnist import load_mnist
from mnist_settings import ACCURATE, INTRODUCTION

from click_cluster import LocalCluster, shares
from pairloom.batch import RowBatch
from pairloom.distributed import DistributedSettings
from pairloom.hyperparameters import resolve
from pairloom.training import evaluate, train

SEEDS = range(5)


@pytest.fixture(scope="module")
def parts() -> tuple[RowBatch, RowBatch]:
    """The training and the test images as sparse rows; their bytes are those of dense ones."""
    images = load_mnist()
    return sparse_rows(images.train.rows()), sparse_rows(images.test.rows())


def sparse_rows(dense: RowBatch) -> RowBatch:
    assert dense.values is not None
    row, pixel = np.nonzero(dense.values)
    counts = np.bincount(row, minlength=dense.num_rows)
    return replace(
        dense,
        row_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        feature_ids=pixel.astype(np.int32),
        values=dense.values[row, pixel],
    )


def errors_and_f1(
    parts: tuple[RowBatch, RowBatch], settings: Mapping[str, object], seed: int
) -> tuple[int, float]:
    """Train and return the wrong answers among the 10,000 test images, and F1."""
    training, test = parts
    model = train(training, resolve({**settings, "seed": seed}), num_threads=1).model
    metrics = evaluate(model, test)
    errors = (1.0 - metrics["binary_classification_accuracy"]) * test.num_rows
    return round(errors), metrics["binary_f_1.000"]


def medians(
    parts: tuple[RowBatch, RowBatch], settings: Mapping[str, object]
) -> tuple[float, float]:
    results = [errors_and_f1(parts, settings, seed) for seed in SEEDS]
    return float(np.median([errors for errors, _ in results])), float(
        np.median([f1 for _, f1 in results])
    )


def test_one_epoch_in_file_order_knows_a_zero(parts: tuple[RowBatch, RowBatch]) -> None:
    errors, f1 = errors_and_f1(parts, INTRODUCTION, seed=0)
    assert errors <= 145
    assert f1 >= 0.92


@pytest.mark.parametrize("num_workers", [2, 4])
def test_workers_know_a_zero_as_one_process_does(
    parts: tuple[RowBatch, RowBatch], num_workers: int
) -> None:
    training, test = parts
    settings = DistributedSettings(num_workers=num_workers)
    run = LocalCluster(settings, resolve(INTRODUCTION), shares(training, num_workers)).run()
    accuracy = evaluate(run.workers[0].model, test)["binary_classification_accuracy"]
    assert round((1.0 - accuracy) * test.num_rows) <= 145


@pytest.mark.slow
def test_median_of_one_epoch_in_file_order(parts: tuple[RowBatch, RowBatch]) -> None:
    errors, f1 = medians(parts, INTRODUCTION)
    assert errors <= 145
    assert f1 >= 0.92


@pytest.mark.slow
def test_median_of_one_shuffled_epoch(parts: tuple[RowBatch, RowBatch]) -> None:
    errors, f1 = medians(parts, {**INTRODUCTION, "shuffle": True})
    assert errors <= 130
    assert f1 >= 0.93


@pytest.mark.slow
def test_median_of_the_accurate_setting(parts: tuple[RowBatch, RowBatch]) -> None:
    errors, _ = medians(parts, ACCURATE)
    assert errors <= 45
