"""The programs that the training benchmark compares, each training one epoch when asked."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.metrics import log_loss, roc_auc_score

from click_data import ClickData, Float32s
from pairloom.batch import RowBatch
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.training import evaluate, train
from xlearn_peer import Xlearn

# Fixed for the whole benchmark; the two learning rates are chosen in every run of it.
SETTINGS = {
    "predictor_type": "binary_classifier",
    "_optimizer": "adagrad",
    "mini_batch_size": 1024,
    "batch_ramp": 64,
    "bias_lr": 0.03,
    "bias_wd": 0,
    "linear_wd": 0,
    "factors_wd": 0,
    "factors_init_sigma": 0.01,
}
LINEAR_RATES = (0.02, 0.03, 0.05)
FACTORS_RATES = (0.02, 0.03, 0.05)
MODERN_FM_BATCH = 512  # the batch of its own published numbers; 1, its default, is slower
MODERN_FM_RATES = (0.05, 0.1, 0.2)
NUM_VALIDATION_ROWS = 100_000
LOSS = "binary_classification_cross_entropy"


@dataclass(frozen=True, slots=True)
class Workload:
    """One form of the click rows, with what both programs read of it."""

    data: ClickData
    num_factors: int
    real_valued: bool

    @property
    def name(self) -> str:
        return f"{'real-valued' if self.real_valued else 'one-hot'} rows, k = {self.num_factors}"

    def batch(self, part: str) -> RowBatch:
        rows = self.data.train if part == "train" else self.data.test
        return rows.batch(self.data.feature_dim, real_valued=self.real_valued)

    def text(self, part: str) -> Path:
        return self.data.text_file(part, real_valued=self.real_valued)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of one program.

    `seconds` are those of training in the last epoch, `cpu_seconds` the processor time of all that
    the run did from its input to the trained model; quality is that on the test rows.
    """

    seconds: float
    cpu_seconds: float
    log_loss: float
    auc: float


def measure(
    labels: Float32s, probabilities: Float32s, seconds: float, cpu_seconds: float
) -> Measurement:
    return Measurement(
        seconds,
        cpu_seconds,
        float(log_loss(labels, probabilities.astype(np.float64))),
        float(roc_auc_score(labels, probabilities)),
    )


class Contestant(Protocol):
    """A program that trains on a workload from new parameters and predicts its test rows."""

    name: str

    def train(self, num_threads: int, epochs: int = 1) -> Measurement: ...


class PairloomRuns:
    """AdaGrad at the learning rates that a validation slice chose."""

    name = "Pairloom"

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._train = workload.batch("train")
        self._test = workload.batch("test")
        self.linear_lr, self.factors_lr = self._choose_rates()

    def train(self, num_threads: int, epochs: int = 1) -> Measurement:
        settings = self._settings(self.linear_lr, self.factors_lr, epochs)
        started = time.process_time()
        result = train(self._train, settings, num_threads=num_threads)
        cpu_seconds = time.process_time() - started
        assert self._test.labels is not None
        probabilities = result.model.predict_rows(self._test)
        return measure(self._test.labels, probabilities, result.history[-1].seconds, cpu_seconds)

    def seconds_to_predict(self) -> float:
        """Return what scoring the test rows takes one thread: the fastest of seven."""
        model = train(self._test, self._settings(self.linear_lr, self.factors_lr)).model
        seconds = []
        for _ in range(7):
            started = time.perf_counter()
            model.predict_rows(self._test, num_threads=1)
            seconds.append(time.perf_counter() - started)
        return min(seconds)

    def _choose_rates(self) -> tuple[float, float]:
        """Return the rates of the lowest loss on the last training rows, trained on the others."""
        kept, held_out = validation_split(self._workload)
        losses = {
            rates: evaluate(train(kept, self._settings(*rates)).model, held_out)[LOSS]
            for rates in itertools.product(LINEAR_RATES, FACTORS_RATES)
        }
        return min(losses, key=lambda rates: losses[rates])

    def _settings(self, linear_lr: float, factors_lr: float, epochs: int = 1) -> Hyperparameters:
        return resolve(
            {
                **SETTINGS,
                "epochs": epochs,
                "feature_dim": self._workload.data.feature_dim,
                "num_factors": self._workload.num_factors,
                "linear_lr": linear_lr,
                "factors_lr": factors_lr,
            }
        )


def validation_split(workload: Workload) -> tuple[RowBatch, RowBatch]:
    """Return the training rows without their last, and the last, to choose learning rates on."""
    rows = workload.data.train
    start = rows.num_rows - NUM_VALIDATION_ROWS
    dim, real_valued = workload.data.feature_dim, workload.real_valued
    kept = rows.slice(0, start).batch(dim, real_valued=real_valued)
    return kept, rows.slice(start, rows.num_rows).batch(dim, real_valued=real_valued)


class XlearnRuns:
    """xLearn's AdaGrad at the fixed settings of xlearn_run.py."""

    name = "xLearn"

    def __init__(self, workload: Workload, xlearn: Xlearn) -> None:
        self._workload = workload
        self._xlearn = xlearn

    def train(self, num_threads: int, epochs: int = 1) -> Measurement:
        run = self._xlearn.train(
            self._workload.text("train"),
            self._workload.text("test"),
            num_factors=self._workload.num_factors,
            num_threads=num_threads,
            epochs=epochs,
        )
        labels = self._workload.data.test.labels
        return measure(labels, run.probabilities, run.seconds, run.cpu_seconds)


class ModernFmRuns:
    """modern-fm's AdaGrad at the rate that the validation slice chose.

    It reports no seconds of an epoch: those of a fit of one epoch are taken from those of a fit of
    two, which leaves the conversion of its input out.
    """

    name = "modern-fm"

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._train, self._test = workload.batch("train"), workload.batch("test")
        kept, held_out = validation_split(workload)
        losses = {}
        for rate in MODERN_FM_RATES:
            machine = self._machine(rate, 1, 2).fit(matrix_of(kept), kept.labels)
            probabilities = machine.predict_proba(matrix_of(held_out))[:, 1]
            losses[rate] = log_loss(held_out.labels, probabilities.astype(np.float64))
        self.learning_rate = min(losses, key=lambda rate: losses[rate])

    def train(self, num_threads: int, epochs: int = 1) -> Measurement:
        machine = self._machine(self.learning_rate, epochs, num_threads)
        seconds, cpu_seconds = self._seconds_to_fit(machine)
        longer, _ = self._seconds_to_fit(self._machine(self.learning_rate, epochs + 1, num_threads))
        probabilities = machine.predict_proba(matrix_of(self._test))[:, 1]
        assert self._test.labels is not None
        return measure(self._test.labels, probabilities, longer - seconds, cpu_seconds)

    def _seconds_to_fit(self, machine: Any) -> tuple[float, float]:
        matrix = matrix_of(self._train)
        started, cpu_started = time.perf_counter(), time.process_time()
        machine.fit(matrix, self._train.labels)
        return time.perf_counter() - started, time.process_time() - cpu_started

    def _machine(self, learning_rate: float, epochs: int, num_threads: int) -> Any:
        return import_module("modern_fm").FMClassifier(
            n_factors=self._workload.num_factors,
            optimizer="adagrad",
            learning_rate=learning_rate,
            max_iter=epochs,
            batch_size=MODERN_FM_BATCH,
            n_jobs=num_threads,
            random_state=0,
        )


def matrix_of(rows: RowBatch) -> sparse.csr_matrix:
    """Return rows as SciPy's sparse matrix, which modern-fm reads."""
    assert rows.feature_ids is not None
    values = np.ones(rows.num_nonzeros) if rows.values is None else rows.values
    return sparse.csr_matrix(
        (values, rows.feature_ids, rows.row_offsets), (rows.num_rows, rows.feature_dim)
    )
