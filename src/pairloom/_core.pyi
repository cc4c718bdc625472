# Generated from the built extension by scripts/generate.py: do not edit.
"""Pairloom's native core: what happens per row or per parameter."""

from collections.abc import Sequence
import enum
from typing import Annotated, Any

import numpy
from numpy.typing import NDArray


class Rows:
    """Rows checked and borrowed by the core; see pairloom.batch."""

    @staticmethod
    def dense(values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None) -> Rows: ...

    @staticmethod
    def sparse(feature_dim: int, row_offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], feature_ids: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, labels: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None) -> Rows: ...

    @property
    def num_rows(self) -> int: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def all_ones(self) -> bool: ...

def first_not_finite(scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> int:
    """Where the first NaN or infinity is; -1 without any."""

class MetricSums:
    """Sums over rows, each counted by its weight."""

    def __init__(self) -> None: ...

    def add(self, other: MetricSums) -> None: ...

    @property
    def weight(self) -> float: ...

    @weight.setter
    def weight(self, arg: float, /) -> None: ...

    @property
    def log_loss(self) -> float: ...

    @log_loss.setter
    def log_loss(self, arg: float, /) -> None: ...

    @property
    def correct(self) -> float: ...

    @correct.setter
    def correct(self, arg: float, /) -> None: ...

    @property
    def true_positive(self) -> float: ...

    @true_positive.setter
    def true_positive(self, arg: float, /) -> None: ...

    @property
    def predicted_positive(self) -> float: ...

    @predicted_positive.setter
    def predicted_positive(self, arg: float, /) -> None: ...

    @property
    def actual_positive(self) -> float: ...

    @actual_positive.setter
    def actual_positive(self, arg: float, /) -> None: ...

    @property
    def squared_error(self) -> float: ...

    @squared_error.setter
    def squared_error(self, arg: float, /) -> None: ...

    @property
    def absolute_error(self) -> float: ...

    @absolute_error.setter
    def absolute_error(self, arg: float, /) -> None: ...

def metric_sums(scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, predictor_type: str) -> MetricSums: ...

def area_under_curve(scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> float:
    """Exact, by rank counts; NaN when all labels are one class."""

def probabilities(scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

def shuffled_rows(seed: int, epoch: int, num_rows: int) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')]:
    """A permutation that depends on the seed and the epoch alone."""

def simd_name(name: str) -> str:
    """The instruction path that auto, baseline or avx2 stands for here."""

class Optimizer(enum.Enum):
    adam = 0

    adagrad = 1

    ftrl = 2

    sgd = 3

class GroupRates:
    def __init__(self, learning_rate: float, weight_decay: float, l1: float = 0.0) -> None: ...

class OptimizerSettings:
    def __init__(self, *, optimizer: Optimizer, bias: GroupRates, linear: GroupRates, factors: GroupRates, epsilon: float, initial_accumulator: float, ftrl_beta: float, rescale_grad: float, clip_gradient: float | None, lazy_update: bool) -> None: ...

class InitMethod(enum.Enum):
    normal = 0

    uniform = 1

    constant = 2

class GroupInit:
    def __init__(self, method: InitMethod, scale: float) -> None: ...

class TableInit:
    def __init__(self, *, bias: GroupInit, linear: GroupInit, factors: GroupInit, seed: int) -> None: ...

class BlockResult:
    @property
    def last_batch(self) -> MetricSums: ...

    @property
    def num_batches(self) -> int: ...

    @property
    def not_finite(self) -> str | None: ...

class KeptBatches:
    """
    Prepared mini-batches of one trainer and one Rows, kept for later epochs.
    """

    def __init__(self, most_bytes: int) -> None: ...

    @property
    def num_bytes(self) -> int: ...

class ScoringTable:
    """Parameters without optimizer state, to score with."""

    def __init__(self, feature_dim: int, num_factors: int, simd: str) -> None: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def bias(self) -> float: ...

    @bias.setter
    def bias(self, arg: float, /) -> None: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    def set_parameters(self, bias: float, linear_weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]:
        """Which features a row of positive weight has touched."""

    def set_trained(self, trained: Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]:
        """
        Factors, linear weight and half square norm of features, padded as model files are.
        """

    def score_rows(self, rows: Rows, only_trained: bool, num_threads: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]:
        """
        Scores before the link; with only_trained, untrained features contribute nothing.
        """

    def rank_rows(self, context: Rows, candidates: Rows, count: int, adds_overlap: bool, only_trained: bool, num_threads: int) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]]:
        """
        The candidates of highest score beside one context, and their scores before the link.
        """

class Trainer:
    """Trains one model in this process."""

    def __init__(self, feature_dim: int, num_factors: int, predictor_type: str, optimizer: OptimizerSettings, simd: str) -> None: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def bias(self) -> float: ...

    @bias.setter
    def bias(self, arg: float, /) -> None: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    def set_parameters(self, bias: float, linear_weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]:
        """Which features a row of positive weight has touched."""

    def set_trained(self, trained: Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]:
        """
        Factors, linear weight and half square norm of features, padded as model files are.
        """

    def score_rows(self, rows: Rows, only_trained: bool, num_threads: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]:
        """
        Scores before the link; with only_trained, untrained features contribute nothing.
        """

    def rank_rows(self, context: Rows, candidates: Rows, count: int, adds_overlap: bool, only_trained: bool, num_threads: int) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]]:
        """
        The candidates of highest score beside one context, and their scores before the link.
        """

    def initialize(self, init: TableInit, num_threads: int) -> None: ...

    def start_states(self, num_threads: int) -> None:
        """Optimizer state as before the first step."""

    def mend_states(self) -> None:
        """Lets the optimizer's state fit parameters or rates that were changed."""

    def set_learning_rates(self, settings: OptimizerSettings) -> None:
        """Takes over the learning rates of other settings."""

    def train(self, rows: Rows, order: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, boundaries: Sequence[int], num_threads: int, totals: MetricSums, kept: KeptBatches | None = None) -> BlockResult:
        """
        One step per mini-batch boundaries[b] .. boundaries[b + 1] of positions in order.
        """

    @property
    def step_count(self) -> int: ...

    @step_count.setter
    def step_count(self, arg: int, /) -> None: ...

    @property
    def bias_state(self) -> list[float]: ...

    @bias_state.setter
    def bias_state(self, arg: Sequence[float], /) -> None: ...

    @property
    def state_slots(self) -> int: ...

    def linear_state(self, slot: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factor_state(self, slot: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    def set_state(self, slot: int, linear: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def simd(self) -> str: ...

    def save_parameters(self, snapshot: ScoringTable) -> None: ...

    def restore_parameters(self, snapshot: ScoringTable) -> None: ...

    def copy_state(self, other: Trainer) -> None:
        """Takes over parameters, optimizer state, step count."""

class Float64Trainer:
    """The same templates in double, to compare with an oracle in tests."""

    def __init__(self, feature_dim: int, num_factors: int, predictor_type: str, optimizer: OptimizerSettings, simd: str) -> None: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def bias(self) -> float: ...

    @bias.setter
    def bias(self, arg: float, /) -> None: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C')]: ...

    def set_parameters(self, bias: float, linear_weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]:
        """Which features a row of positive weight has touched."""

    def set_trained(self, trained: Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C')]:
        """
        Factors, linear weight and half square norm of features, padded as model files are.
        """

    def score_rows(self, rows: Rows, only_trained: bool, num_threads: int) -> Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C')]:
        """
        Scores before the link; with only_trained, untrained features contribute nothing.
        """

    def rank_rows(self, context: Rows, candidates: Rows, count: int, adds_overlap: bool, only_trained: bool, num_threads: int) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C')]]:
        """
        The candidates of highest score beside one context, and their scores before the link.
        """

    def initialize(self, init: TableInit, num_threads: int) -> None: ...

    def start_states(self, num_threads: int) -> None:
        """Optimizer state as before the first step."""

    def mend_states(self) -> None:
        """Lets the optimizer's state fit parameters or rates that were changed."""

    def set_learning_rates(self, settings: OptimizerSettings) -> None:
        """Takes over the learning rates of other settings."""

    def train(self, rows: Rows, order: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, boundaries: Sequence[int], num_threads: int, totals: MetricSums, kept: KeptBatches | None = None) -> BlockResult:
        """
        One step per mini-batch boundaries[b] .. boundaries[b + 1] of positions in order.
        """

    @property
    def step_count(self) -> int: ...

    @step_count.setter
    def step_count(self, arg: int, /) -> None: ...

    @property
    def bias_state(self) -> list[float]: ...

    @bias_state.setter
    def bias_state(self, arg: Sequence[float], /) -> None: ...

    @property
    def state_slots(self) -> int: ...

    def linear_state(self, slot: int) -> Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C')]: ...

    def factor_state(self, slot: int) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C')]: ...

    def set_state(self, slot: int, linear: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def simd(self) -> str: ...

def hash_name(name: bytes, hash_bits: int) -> int:
    """The feature id of a name."""

def hash_texts(name: bytes, texts: NDArray[numpy.uint8], offsets: NDArray[numpy.int64], hash_bits: int) -> NDArray[numpy.int32]:
    """The feature ids of name=text for each text."""

def hash_rows(row_offsets: NDArray[numpy.int64], feature_ids: NDArray[numpy.int32] | NDArray[numpy.int64], values: NDArray[numpy.float32] | None, hash_bits: int) -> tuple[NDArray[numpy.int64], NDArray[numpy.int32], NDArray[numpy.float32]]:
    """Rows whose ids are hashed, sorted and merged: offsets, ids, values."""

class SourceMatrix:
    """A matrix to be written, borrowed by the core."""

    def __init__(self, feature_dim: int, values: NDArray[Any], row_offsets: NDArray[numpy.int64] | None, feature_ids: NDArray[Any] | None, labels: NDArray[Any] | None, weights: NDArray[numpy.float32] | None = None) -> None: ...

    @property
    def num_rows(self) -> int: ...

class StoredTable:
    """Parameters borrowed read-only from a mapped model file."""

    def __init__(self, *, cells: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], trained: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], ranks: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, feature_dim: int, num_factors: int, bias: float, simd: str) -> None: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def trained_only(self) -> bool: ...

    @property
    def bias(self) -> float: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]:
        """
        Factors, linear weight and half square norm of features, padded as model files are.
        """

    def score_rows(self, rows: Rows, only_trained: bool, num_threads: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def rank_rows(self, context: Rows, candidates: Rows, count: int, adds_overlap: bool, only_trained: bool, num_threads: int) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]]:
        """
        The candidates of highest score beside one context, and their scores before the link.
        """

    def answer_json(self, body: bytes, only_trained: bool, with_labels: bool, num_threads: int) -> tuple[bytes, int] | None:
        """
        Rows in JSON to predictions in JSON and their number; None when a score is not finite.
        """

    def find_fault(self) -> tuple[int, int, str] | None:
        """
        Entry, cell and description of the first number that breaks a rule, or None.
        """

class InteractionSearch:
    """Pairs of vectors with the largest inner products by magnitude."""

    def __init__(self, factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], fields: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, count: int) -> None: ...

    @property
    def num_vectors(self) -> int: ...

    def run(self, begin: int, end: int, num_threads: int) -> None: ...

    def result(self) -> list[tuple[int, int, float]]: ...

class RecordioReader:
    def __init__(self, feature_dim: int, require_labels: bool, binary_labels: bool, expected_bytes: int, hash_bits: int, weight_feature: str = '', require_weights: bool = True) -> None: ...

    def begin_file(self, name: str) -> None: ...

    def feed(self, piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def end_file(self) -> None: ...

    def finish(self) -> dict[str, Any]: ...

def read_recordio_rows(body: bytes, feature_dim: int, hash_bits: int) -> dict[str, Any]:
    """The rows of a request's body, whose labels are not asked for."""

def encode_recordio(matrix: SourceMatrix, begin_row: int, block_bytes: int, weight_feature: str = '') -> tuple[int, memoryview]:
    """The bytes of some rows, and the row after them."""

class LibsvmReader:
    def __init__(self, feature_dim: int, zero_based: bool | None, require_labels: bool, binary_labels: bool, expected_bytes: int) -> None: ...

    def begin_file(self, name: str) -> None: ...

    def feed(self, piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def end_file(self) -> None: ...

    def finish(self) -> dict[str, Any]: ...

def encode_libsvm(matrix: SourceMatrix, zero_based: bool, begin_row: int, block_bytes: int) -> tuple[int, memoryview]:
    """The lines of some rows, and the row after them."""

def read_json_rows(body: bytes, feature_dim: int, lines: bool) -> dict[str, Any]:
    """
    The arrays of a RowBatch. Width 0: rows of any width, all of them sparse.
    """

def read_json_ranking(body: bytes, feature_dim: int) -> tuple[dict[str, Any], dict[str, Any], int]:
    """
    The arrays of two RowBatches, context and candidates, and how many to return.
    """

def read_csv_rows(body: bytes, feature_dim: int) -> dict[str, Any]:
    """
    The arrays of a RowBatch. Width 0: rows of any width, all of them sparse.
    """

class PredictionLayout(enum.Enum):
    json = 0

    jsonlines = 1

    csv = 2

    recordio = 3

def write_predictions(scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], with_labels: bool, layout: PredictionLayout) -> bytes:
    """
    Predictions as the body of an answer; with labels, scores are probabilities.
    """
