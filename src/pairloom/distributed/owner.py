"""An owner of mode `local`: merges the workers' versions of its entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pairloom.distributed.entry_owner import EntryOwner
from pairloom.distributed.row_differences import RoundSummary, RowDifferences, total_sums
from pairloom.distributed.run_ahead import with_differences


class Owner(EntryOwner[RowDifferences]):
    """Merges by the rule that goes with the optimizer."""

    @property
    def _rounds_alone(self) -> int:
        return 1 + self._settings.staleness

    def _merged(self, parts: Sequence[RowDifferences]) -> RowDifferences:
        trainer = self._state.trainer
        if self._settings.staleness:
            parts = [self._moved(part) for part in parts]
        summaries = [part.summary for part in parts]
        ids, linear, factors, state, touches = trainer.merge_entries(
            [(part.ids, part.linear, part.factors, part.state, part.touches) for part in parts],
            self._rounds_alone,
        )
        trainer.write_entries(ids, linear, factors, state)
        self._merge_bias(summaries)
        # Adam's moments become means, and so are as old as one worker's.
        trainer.step_count += max(summary.steps for summary in summaries)
        sums = total_sums([summary.sums for summary in summaries])
        summary = self._summary(summaries, sums)
        return RowDifferences(ids, linear, factors, state, touches, summary)

    def _moved(self, part: RowDifferences) -> RowDifferences:
        """Return what a worker that ran ahead would have made of the values that are here now."""
        trainer = self._state.trainer
        values = trainer.read_entries(part.ids)
        summary = replace(part.summary, bias=trainer.bias, bias_state=tuple(trainer.bias_state))
        here = RowDifferences(part.ids, *values, part.touches, summary)
        return with_differences(trainer, here, [part])

    def _merge_bias(self, summaries: Sequence[RoundSummary]) -> None:
        slots = self._state.trainer.state_slots
        self._state.trainer.merge_bias(
            [[each.bias, *each.bias_state[:slots]] for each in summaries],
            [each.steps for each in summaries],
            self._rounds_alone,
        )
