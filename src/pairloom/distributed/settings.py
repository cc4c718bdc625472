"""How training is spread over workers, and which hyperparameters it cannot honour."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.epoch import SMALLEST_RAMPED_BATCH
from pairloom.training.feature_table import grows

Mode = Literal["local", "sync"]
MODES: tuple[Mode, ...] = get_args(Mode)
DEFAULT_MODE: Mode = "local"

_ROWS_OF_A_PART = 8  # a chunk of a mini-batch begins at a multiple


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributedSettings:
    """Workers, owners and rounds; the result depends on all of them.

    Attributes
    ----------
    num_workers
        Each trains its own rows.
    num_owners
        Each keeps the entries of the features whose hash is its own; 0: as many as workers.
    mode
        `local`: a worker trains many mini-batches on its own copy of the parameters before an
        exchange. `sync`: every mini-batch is one of all workers together.
    round_rows
        With `local`: rows that a worker trains before an exchange, rounded up to its mini-batches;
        the first rounds are shorter.
    staleness
        With `local`: how many rounds a worker is ahead of the newest merge it knows. 0: it waits
        for the merge of each round before it begins the next. 1: it trains a round while the
        one before is merged and committed.
    """

    num_workers: int
    num_owners: int = 0
    mode: Mode = DEFAULT_MODE
    round_rows: int = 10_000_000
    staleness: int = 0

    def __post_init__(self) -> None:
        least = {"num_workers": 1, "num_owners": 0, "round_rows": 1, "staleness": 0}
        for name, lowest in least.items():
            value = getattr(self, name)
            if value < lowest:
                raise UserError(f"{name} is {value}; must be from {lowest}")
        if self.mode not in MODES:
            raise UserError(f"mode is {self.mode!r}; must be {' or '.join(map(repr, MODES))}")
        if self.mode != "local" and self.staleness:
            raise UserError(
                f"staleness is {self.staleness} with mode {self.mode!r}, whose workers share every "
                "mini-batch; it belongs to mode 'local'"
            )
        if self.num_owners == 0:
            object.__setattr__(self, "num_owners", self.num_workers)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def refuse_unsupported(self, hyperparameters: Hyperparameters) -> None:
        """Raise UserError for a hyperparameter that training on many workers does not honour."""
        if not hyperparameters.lazy_update:
            raise UserError(
                "lazy_update is false; workers exchange the features of their mini-batches alone, "
                "so it must be true with more than one process"
            )
        if hyperparameters.admission_count > 1:
            raise UserError(
                f"admission_count is {hyperparameters.admission_count} and num_workers "
                f"{self.num_workers}; each worker would count its own rows alone, so "
                "admission_count must be 1 with workers"
            )
        if hyperparameters.rowwise_state:
            raise UserError(
                "rowwise_state is true; workers exchange optimizer values of each factor, so it "
                "must be false with more than one process"
            )
        if hyperparameters.factor_type != "float32":
            raise UserError(
                f"factor_type is {hyperparameters.factor_type}; workers exchange factors of "
                "float32, so it must be float32 with more than one process"
            )
        for name in ("early_stopping", "plateau_patience"):
            value = getattr(hyperparameters, name)
            if value:
                raise UserError(
                    f"{name} is {value}; it works in one process, and must be unset with workers"
                )
        if self.staleness and grows(hyperparameters):
            raise UserError(
                f"staleness is {self.staleness} and the feature table grows (feature_table "
                f"{hyperparameters.feature_table}, feature_dim {hyperparameters.feature_dim}); "
                "workers can be ahead of a merge with fixed tables alone"
            )
        if self.mode == "sync":
            self._refuse_small_mini_batches(hyperparameters)

    def _refuse_small_mini_batches(self, hyperparameters: Hyperparameters) -> None:
        smallest = hyperparameters.mini_batch_size
        if hyperparameters.batch_ramp:
            smallest = min(smallest, SMALLEST_RAMPED_BATCH)
        if smallest < _ROWS_OF_A_PART * self.num_workers:
            raise UserError(
                f"mini-batches have {smallest} rows; mode 'sync' gives each of {self.num_workers} "
                f"workers at least {_ROWS_OF_A_PART} rows of every mini-batch"
            )
