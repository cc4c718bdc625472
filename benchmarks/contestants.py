"""The programs that the training benchmark compares, each training one epoch when asked."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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
    "mini_batch_size": 2048,
    "batch_ramp": 64,
    "bias_lr": 0.03,
    "bias_wd": 0,
    "linear_wd": 0,
    "factors_wd": 0,
    "factors_init_sigma": 0.01,
}
LINEAR_RATES = (0.02, 0.03, 0.05)
FACTORS_RATES = (0.02, 0.03, 0.05)
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


class PairloomRuns:
    """AdaGrad at the learning rates that a validation slice chose."""

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

    def _choose_rates(self) -> tuple[float, float]:
        """Return the rates of the lowest loss on the last training rows, trained on the others."""
        rows = self._workload.data.train
        start = rows.num_rows - NUM_VALIDATION_ROWS
        dim, real_valued = self._workload.data.feature_dim, self._workload.real_valued
        kept = rows.slice(0, start).batch(dim, real_valued=real_valued)
        held_out = rows.slice(start, rows.num_rows).batch(dim, real_valued=real_valued)
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


class XlearnRuns:
    """xLearn's AdaGrad at the fixed settings of xlearn_run.py."""

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
