"""What owners of both modes share: the entries of their features, and commits of rounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from pairloom.distributed.round_folder import RoundFolder
from pairloom.distributed.row_differences import UNCOUNTED, Ids, RoundSummary, RowDifferences
from pairloom.distributed.row_gradients import RowGradients
from pairloom.distributed.settings import DistributedSettings
from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.state import TrainingState

Part = TypeVar("Part", RowDifferences, RowGradients)


class EntryOwner(ABC, Generic[Part]):
    """Takes in rounds in order; the result depends on the workers' parts and their order alone.

    Parameters
    ----------
    index
        Its place among the owners, from 0.
    folder
        Where it commits rounds: its own, of one run. None: it cannot.
    state
        Where all workers and owners start; by default a new model from the seed.
    """

    def __init__(
        self,
        settings: DistributedSettings,
        index: int,
        hyperparameters: Hyperparameters,
        *,
        folder: Path | None = None,
        state: TrainingState | None = None,
    ) -> None:
        settings.refuse_unsupported(hyperparameters)
        self._settings = settings
        self._index = index
        self._state = TrainingState.initial(hyperparameters) if state is None else state
        self._number = 0
        self._last: RoundSummary | None = None
        self._since_commit: list[RowDifferences] = []
        self._committed_ids: list[Ids] = []  # of the last whole file and of those after it
        self._rounds = None
        if folder is not None:
            self._rounds = RoundFolder(folder, hyperparameters, settings, index)

    @property
    def number(self) -> int:
        """The last round that was merged or restored; 0 before the first."""
        return self._number

    def merge(self, number: int, parts: Sequence[Part]) -> RowDifferences:
        """Merge one round, of which every worker gave its part, in the workers' order.

        The merge is what every worker absorbs. Nothing is on disk before `commit`.
        """
        self._check(number, parts)
        with self._state.making_entries():
            merged = self._merged(parts)
        summary = merged.summary
        self._number, self._last = number, summary
        if self._rounds is not None:
            self._since_commit.append(merged)
        return merged

    @abstractmethod
    def _merged(self, parts: Sequence[Part]) -> RowDifferences:
        """Change the entries, the bias and the step count, and return what changed."""

    def commit(self, number: int) -> list[RoundSummary]:
        """Write the merged rounds so that `restore` finds the last, all of it or nothing.

        Returns, when the disk has it, what the rounds since the last commit were. Time and size
        grow with the entries that changed in them; all entries are written now and then, once the
        changes are as many. The round and the one committed before can be restored, with
        staleness as many more.
        """
        rounds = self._committing()
        if self._last is None or number != self._number:
            raise UserError(f"round {number} cannot be committed: round {self._number} was merged")
        merged, self._since_commit = self._since_commit, []
        if not merged:
            return []
        self._committed_ids.append(_union([each.ids for each in merged]))
        most, *later = (len(ids) for ids in self._committed_ids)
        whole = not later or sum(later) >= most
        if whole:
            self._committed_ids = [_union(self._committed_ids)]
        ids = self._committed_ids[-1]
        as_merged = len(merged) == 1 and len(merged[0].ids) == len(ids)
        rounds.write(merged[0] if as_merged else self._entries(ids, self._last), whole=whole)
        return [each.summary for each in merged]

    def committed(self) -> tuple[int, ...]:
        """Return the numbers of the rounds that can be restored, ascending."""
        return self._committing().numbers()

    def restore(self, number: int) -> RowDifferences:
        """Go back to a committed round and return all entries that training has touched by then.

        Rounds after it are forgotten: their numbers will be given again. The owner must be new.

        Raises
        ------
        UserError
            The round was not committed, or by a run of other settings.
        DataFormatError
            Its files are damaged.
        """
        if self._number:
            raise UserError(
                f"round {number} is restored by a new owner; this one has merged rounds"
            )
        trainer = self._state.trainer
        ids, rounds = [], self._committing()
        for part in rounds.read(number, trainer.num_factors, trainer.state_slots):
            with self._state.making_entries():
                part.write_to(trainer)
            ids.append(part.ids)
            self._last = part.summary
        if self._last is None:
            raise UserError(f"round {number} was not committed")
        rounds.forget_after(number)
        self._number = number
        self._committed_ids = [_union(ids)]
        return self._entries(self._committed_ids[0], self._last)

    def _committing(self) -> RoundFolder:
        if self._rounds is None:
            raise UserError("this owner was given no folder to commit rounds to")
        return self._rounds

    def _entries(self, ids: Ids, summary: RoundSummary) -> RowDifferences:
        values = self._state.trainer.read_entries(ids)
        return RowDifferences(ids, *values, UNCOUNTED, summary)

    def _check(self, number: int, parts: Sequence[Part]) -> None:
        if number != self._number + 1:
            raise UserError(f"round {number} cannot be merged after round {self._number}")
        if len(parts) != self._settings.num_workers:
            raise UserError(
                f"round {number}: {len(parts)} parts were given; there are "
                f"{self._settings.num_workers} workers"
            )
        for rank, each in enumerate(parts):
            if each.summary.number != number:
                raise UserError(
                    f"worker {rank} gave round {each.summary.number}; round {number} is merged"
                )

    def _summary(
        self, summaries: Sequence[RoundSummary], sums: Mapping[str, float]
    ) -> RoundSummary:
        """Return what the workers' summaries are together, with the owner's bias and step count."""
        trainer = self._state.trainer
        return RoundSummary(
            number=summaries[0].number,
            epoch=summaries[0].epoch,
            at_epoch_end=all(summary.at_epoch_end for summary in summaries),
            bias=trainer.bias,
            bias_state=tuple(trainer.bias_state),
            step_count=trainer.step_count,
            steps=sum(summary.steps for summary in summaries),
            rows=sum(summary.rows for summary in summaries),
            sums=sums,
            positions=tuple(position for each in summaries for position in each.positions),
        )


def _union(ids: Sequence[Ids]) -> Ids:
    """Return each id once, ascending, of arrays that ascend."""
    if len(ids) == 1:
        return ids[0]
    joined = np.concatenate([np.empty(0, np.int64), *ids])
    joined.sort(kind="stable")  # which merges what ascends already; np.unique would hash
    return joined[np.r_[True, joined[1:] != joined[:-1]]] if len(joined) else joined
