"""What lets a worker of mode `local` train on while rounds of its own are being merged."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from pairloom._core import Optimizer, Trainer, merges_shares
from pairloom.distributed.row_differences import RoundSummary, RowDifferences
from pairloom.training.state import TrainingState

# Of its own differences, where the merge takes a share of each worker's: with all of it workers
# would drift apart from each other by turns, with little of it all would go the same way twice.
SHARE_AHEAD = 0.75


class RunAhead:
    """Trains on the newest merge absorbed, with the worker's own differences since added to it.

    It keeps the parameters as they were when the round began, so that the table is there twice.
    """

    def __init__(self, state: TrainingState, num_workers: int) -> None:
        self._trainer = state.trainer
        self._start = state.copy().trainer
        shares = merges_shares(Optimizer[state.hyperparameters.optimizer])
        self._share = max(SHARE_AHEAD, 1 / num_workers) if shares else 1.0
        self._under_way: deque[list[RowDifferences]] = deque()

    def hand_over(self, parts: Sequence[RowDifferences]) -> list[RowDifferences]:
        """Return what a round changed, of parts that hold values; the next round begins there."""
        made = [self._difference(part) for part in parts]
        for part in parts:
            part.write_to(self._start)
        self._under_way.append(made)
        return made

    def absorb(self, merged: Sequence[RowDifferences]) -> None:
        """Take in a merge of every owner, and add the differences of the rounds after it."""
        number = merged[0].summary.number
        while self._under_way and self._under_way[0][0].summary.number <= number:
            self._under_way.popleft()
        for index, part in enumerate(merged):
            moved = with_differences(
                self._trainer, part, [made[index] for made in self._under_way], self._share
            )
            for trainer in (self._trainer, self._start):
                moved.write_to(trainer)

    def _difference(self, part: RowDifferences) -> RowDifferences:
        trainer, end = self._start, part.summary
        starts = (part.ids, *trainer.read_entries(part.ids))
        values = trainer.entry_differences(starts, part.lines)
        slots = trainer.state_slots
        bias, *bias_state = trainer.bias_difference(
            [trainer.bias, *trainer.bias_state[:slots]], _bias_line(end, slots)
        )
        summary = replace(end, bias=bias, bias_state=tuple(bias_state))
        return RowDifferences(part.ids, *values, part.touches, summary)


def with_differences(
    trainer: Trainer,
    base: RowDifferences,
    differences: Sequence[RowDifferences],
    share: float = 1.0,
) -> RowDifferences:
    """Return values to which the differences of their features are added, in order.

    Of parameters this share of the differences is added, of the optimizer's state all. The trainer
    tells what an optimizer's state is; its own values have no part in it.
    """
    if not differences:
        return base
    slots = trainer.state_slots
    values = trainer.with_differences(base.lines, [each.lines for each in differences], share)
    line = _bias_line(base.summary, slots)
    for each in differences:
        line = trainer.bias_with_difference(line, _bias_line(each.summary, slots), share)
    summary = replace(
        base.summary,
        bias=line[0],
        bias_state=tuple(line[1:]),
        step_count=base.summary.step_count + sum(each.summary.steps for each in differences),
    )
    return RowDifferences(base.ids, *values, base.touches, summary)


def _bias_line(summary: RoundSummary, slots: int) -> list[float]:
    return [summary.bias, *summary.bias_state[:slots]]
