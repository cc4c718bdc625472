# Generated from the built extension by scripts/generate.py: do not edit.
"""Pairloom's native core: what happens per row or per parameter."""

from collections.abc import Sequence
import enum
from typing import Annotated, Any

import numpy
import numpy.typing
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

class FactorType(enum.Enum):
    float32 = 0

    bfloat16 = 1

def merges_shares(optimizer: Optimizer) -> bool:
    """Whether workers learn at as many times the rate as there are workers."""

def chunk_bounds(num_rows: int, feature_dim: int, at_least: int) -> list[int]:
    """
    Where the chunks of a mini-batch of so many rows begin, and where the last ends.
    """

class Growth:
    """How far a table grows, and which features it takes in."""

    def __init__(self, most_entries: int, admission_count: int = 1, waiting_per_entry: int = 1) -> None: ...

    @property
    def most_entries(self) -> int: ...

class GroupRates:
    def __init__(self, learning_rate: float, weight_decay: float, l1: float = 0.0) -> None: ...

class OptimizerSettings:
    def __init__(self, *, optimizer: Optimizer, bias: GroupRates, linear: GroupRates, factors: GroupRates, epsilon: float, initial_accumulator: float, ftrl_beta: float, rescale_grad: float, clip_gradient: float | None, lazy_update: bool, rowwise_state: bool = False, factor_type: FactorType = FactorType.float32, rounding_seed: int = 0) -> None: ...

class InitMethod(enum.Enum):
    normal = 0

    uniform = 1

    constant = 2

class GroupInit:
    def __init__(self, method: InitMethod, scale: float) -> None: ...

    @property
    def method(self) -> InitMethod: ...

    @property
    def scale(self) -> float: ...

class TableInit:
    def __init__(self, *, bias: GroupInit, linear: GroupInit, factors: GroupInit, seed: int, factor_type: FactorType = FactorType.float32) -> None: ...

    @property
    def bias(self) -> GroupInit: ...

    @property
    def linear(self) -> GroupInit: ...

    @property
    def factors(self) -> GroupInit: ...

    @property
    def seed(self) -> int: ...

    @property
    def factor_type(self) -> FactorType:
        """That factors are rounded to."""

def entry_bytes(num_factors: int, settings: OptimizerSettings) -> int:
    """Memory of one feature's parameters and optimizer state."""

class BlockResult:
    @property
    def last_batch(self) -> MetricSums: ...

    @property
    def num_batches(self) -> int: ...

    @property
    def no_room(self) -> bool: ...

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

    def __init__(self, feature_dim: int, num_factors: int, simd: str, factor_type: FactorType = FactorType.float32) -> None: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_entries(self) -> int: ...

    def features(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')] | None:
        """
        The feature of each entry; None where every feature has one, that of its id.
        """

    @property
    def init(self) -> TableInit: ...

    @init.setter
    def init(self, arg: TableInit, /) -> None: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def bias(self) -> float: ...

    @bias.setter
    def bias(self, arg: float, /) -> None: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    @property
    def factor_type(self) -> FactorType: ...

    def set_parameters(self, bias: float, linear_weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]:
        """
        Of each entry: whether a row of positive weight has touched its feature.
        """

    def set_trained(self, trained: Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], only_trained: bool = False) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]:
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

    def __init__(self, feature_dim: int, num_factors: int, predictor_type: str, optimizer: OptimizerSettings, simd: str, growth: Growth | None = None) -> None:
        """With growth, entries are made as features are seen."""

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_entries(self) -> int: ...

    def features(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')] | None:
        """
        The feature of each entry; None where every feature has one, that of its id.
        """

    @property
    def init(self) -> TableInit: ...

    @init.setter
    def init(self, arg: TableInit, /) -> None: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def bias(self) -> float: ...

    @bias.setter
    def bias(self, arg: float, /) -> None: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    @property
    def factor_type(self) -> FactorType: ...

    def set_parameters(self, bias: float, linear_weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]:
        """
        Of each entry: whether a row of positive weight has touched its feature.
        """

    def set_trained(self, trained: Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], only_trained: bool = False) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]:
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

    def read_entries(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C')]]:
        """
        Linear weights, factors and optimizer state (feature, slot, linear and factors).
        """

    def write_entries(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], linear_weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)]) -> None:
        """
        Sets what read_entries reads, and marks the features as trained; those without entries get them, or MemoryError tells that there is no room.
        """

    def initialize(self, init: TableInit, num_threads: int) -> None: ...

    def add_features(self, features: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> bool:
        """Gives features entries, as they start; false without room."""

    @property
    def num_waiting(self) -> int:
        """Features that rows have not yet held often enough for an entry."""

    def waiting(self) -> tuple[Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C')]]:
        """Those features, ascending, and how often each was held."""

    def add_waiting(self, features: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], counts: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def forget_waiting(self) -> None:
        """Lets counting begin anew."""

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

    def factor_state_width(self, slot: int) -> int:
        """Values that an entry has in a slot: one of each factor, or one of all."""

    def set_state(self, slot: int, linear: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def simd(self) -> str: ...

    def save_parameters(self, snapshot: ScoringTable) -> None: ...

    def restore_parameters(self, snapshot: ScoringTable) -> None: ...

    def copy_state(self, other: Trainer) -> None:
        """Takes over parameters, optimizer state, step count."""

    def merge_entries(self, parts: Sequence[tuple[NDArray[numpy.int64], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.uint32]]], rounds_alone: int) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.uint32]]:
        """
        What all workers made of this table's entries (ids, linear weights, factors, state, with Adam touches), merged in their order by the optimizer's rule; the values stay. Features without entries get them, or MemoryError tells that there is no room.
        """

    def merge_bias(self, versions: Sequence[Sequence[float]], touches: Sequence[int], rounds_alone: int) -> None:
        """
        Takes on what all workers made of the bias and its states, by the same rule.
        """

    def note_touches(self) -> None:
        """
        From now on notes the features that mini-batches hold, and with Adam how many hold each.
        """

    def take_touched(self, num_owners: int) -> list[tuple[NDArray[numpy.int64], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.uint32]]]:
        """
        The features touched since the last call by owner, ascending, with what read_entries says of them and, with Adam, how many mini-batches held each.
        """

    def entry_differences(self, starts: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)]], ends: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)]]) -> tuple[Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C')]]:
        """
        What training changed of entries (ids, linear weights, factors, state), so that with_differences adds it to other values of them.
        """

    def with_differences(self, base: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)]], differences: Sequence[tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)]]], share: float) -> tuple[Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')], Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C')]]:
        """
        Linear weights, factors and state of `base` with the differences of its features added in order, of parameters this share; the table has no part in it.
        """

    def bias_difference(self, start: Sequence[float], end: Sequence[float]) -> list[float]:
        """The same of the bias and its states."""

    def bias_with_difference(self, base: Sequence[float], difference: Sequence[float], share: float) -> list[float]:
        """The same of the bias and its states."""

    def gradient(self, rows: Rows, order: NDArray[numpy.uint32] | None, begin: int, end: int) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32] | None, float, MetricSums, bool]:
        """
        The gradient of positions begin .. end as one chunk: features, ascending, sums for linear weights, factors and squares (None: as linear), bias, metrics, whether finite.
        """

    def apply_gradients(self, chunks: Sequence[tuple[NDArray[numpy.int64], NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32] | None, float, MetricSums]]) -> tuple[NDArray[numpy.int64], MetricSums, str | None]:
        """
        One step with the gradients of a mini-batch's chunks, added in their order: the features changed, the mini-batch's metrics, what diverged.
        """

class Float64Trainer:
    """The same templates in double, to compare with an oracle in tests."""

    def __init__(self, feature_dim: int, num_factors: int, predictor_type: str, optimizer: OptimizerSettings, simd: str, growth: Growth | None = None) -> None:
        """With growth, entries are made as features are seen."""

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_entries(self) -> int: ...

    def features(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')] | None:
        """
        The feature of each entry; None where every feature has one, that of its id.
        """

    @property
    def init(self) -> TableInit: ...

    @init.setter
    def init(self, arg: TableInit, /) -> None: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def bias(self) -> float: ...

    @bias.setter
    def bias(self, arg: float, /) -> None: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C')]: ...

    @property
    def factor_type(self) -> FactorType: ...

    def set_parameters(self, bias: float, linear_weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]:
        """
        Of each entry: whether a row of positive weight has touched its feature.
        """

    def set_trained(self, trained: Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], only_trained: bool = False) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C')]:
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

    def read_entries(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C')], Annotated[NDArray[numpy.float64], dict(shape=(None, None, None), order='C')]]:
        """
        Linear weights, factors and optimizer state (feature, slot, linear and factors).
        """

    def write_entries(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], linear_weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None, None, None), order='C', device='cpu', writable=False)]) -> None:
        """
        Sets what read_entries reads, and marks the features as trained; those without entries get them, or MemoryError tells that there is no room.
        """

    def initialize(self, init: TableInit, num_threads: int) -> None: ...

    def add_features(self, features: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> bool:
        """Gives features entries, as they start; false without room."""

    @property
    def num_waiting(self) -> int:
        """Features that rows have not yet held often enough for an entry."""

    def waiting(self) -> tuple[Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')], Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C')]]:
        """Those features, ascending, and how often each was held."""

    def add_waiting(self, features: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], counts: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def forget_waiting(self) -> None:
        """Lets counting begin anew."""

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

    def factor_state_width(self, slot: int) -> int:
        """Values that an entry has in a slot: one of each factor, or one of all."""

    def set_state(self, slot: int, linear: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], factors: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def simd(self) -> str: ...

def positions_by_owner(features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], num_owners: int) -> list[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C')]]:
    """For each owner the positions of its features, in their order."""

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

def feature_buckets(features: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C')]:
    """The hash table of a model file: from distinct features to their rows."""

class StoredTable:
    """Parameters borrowed read-only from a mapped model file."""

    def __init__(self, *, cells: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], trained: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], ranks: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, seen: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, buckets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, feature_dim: int, num_factors: int, bias: float, simd: str) -> None: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_entries(self) -> int: ...

    def features(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C')] | None:
        """
        The feature of each entry; None where every feature has one, or counts as zero.
        """

    @property
    def init(self) -> TableInit: ...

    @init.setter
    def init(self, arg: TableInit, /) -> None: ...

    @property
    def num_factors(self) -> int: ...

    @property
    def trained_only(self) -> bool: ...

    @property
    def bias(self) -> float: ...

    def linear_weights(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C')]: ...

    def factors(self) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]: ...

    def trained(self) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,), order='C')]: ...

    def serving_rows(self, features: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], only_trained: bool = False) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C')]:
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

def pack_rows(rows: Rows) -> numpy.typing.NDArray[numpy.uint8]:
    """Labelled rows whose ids ascend, in few bytes."""

def unpack_rows(bytes: numpy.typing.NDArray[numpy.uint8]) -> dict[str, Any]:
    """The arrays of a RowBatch, from what pack_rows returned."""

class RecordioReader:
    def __init__(self, feature_dim: int, require_labels: bool, binary_labels: bool, expected_bytes: int, hash_bits: int, weight_feature: str = '', require_weights: bool = True) -> None: ...

    def begin_file(self, name: str, offset: int = 0, record_number: int = 0) -> None: ...

    def feed(self, piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def end_file(self) -> None: ...

    def take(self) -> dict[str, Any]: ...

def whole_records(piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], stop: int) -> tuple[int, int]:
    """
    The bytes of the whole records at the beginning of a piece that begin before byte `stop`, and how many these are.
    """

def first_record(piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], ends: bool) -> int:
    """
    Where the first record begins in a piece from the middle of a file; -1 when none is found.
    """

def read_recordio_rows(body: bytes, feature_dim: int, hash_bits: int) -> dict[str, Any]:
    """The rows of a request's body, whose labels are not asked for."""

def encode_recordio(matrix: SourceMatrix, begin_row: int, block_bytes: int, weight_feature: str = '') -> tuple[int, memoryview]:
    """The bytes of some rows, and the row after them."""

class LibsvmReader:
    def __init__(self, feature_dim: int, zero_based: bool | None, require_labels: bool, binary_labels: bool, expected_bytes: int) -> None: ...

    def begin_file(self, name: str, lines_before: int = 0) -> None: ...

    def feed(self, piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def end_file(self) -> None: ...

    def take(self) -> dict[str, Any]: ...

def whole_lines(piece: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], stop: int) -> tuple[int, int]:
    """
    The bytes of the whole lines at the beginning of a piece that begin before byte `stop`, and how many these are.
    """

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
