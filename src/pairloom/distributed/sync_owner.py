"""An owner of mode `sync`: adds up the gradients of a mini-batch's chunks and applies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pairloom._core import MetricSums
from pairloom.distributed.entry_owner import EntryOwner
from pairloom.distributed.row_differences import RoundSummary, RowDifferences, total_sums
from pairloom.distributed.row_gradients import RowGradients
from pairloom.errors import TrainingDivergedError
from pairloom.training.epoch import KEPT, diverged
from pairloom.training.epoch_progress import sums_from_dict, sums_to_dict


class SyncOwner(EntryOwner[RowGradients]):
    """Makes the step that one process would have made with all chunks, in their order."""

    def _merged(self, parts: Sequence[RowGradients]) -> RowDifferences:
        trainer = self._state.trainer
        summaries = [part.summary for part in parts]
        ids, sums = np.empty(0, np.int64), MetricSums()
        if any(part.chunks for part in parts):
            ids, sums, not_finite = trainer.apply_gradients(
                [
                    (
                        chunk.ids,
                        chunk.linear,
                        chunk.factors,
                        chunk.squares,
                        chunk.bias,
                        sums_from_dict(chunk.sums),
                    )
                    for part in parts
                    for chunk in part.chunks
                ]
            )
            if not_finite is not None:
                raise _diverged(summaries, not_finite)
        values = trainer.read_entries(ids)
        summary = self._summary(summaries, self._epoch_sums(summaries[0].epoch, sums))
        return RowDifferences(ids, *values, np.ones(len(ids), np.uint32), summary)

    def _epoch_sums(self, epoch: int, sums: MetricSums) -> Mapping[str, float]:
        if self._last is None or self._last.epoch != epoch:
            return sums_to_dict(sums)
        return total_sums([self._last.sums, sums_to_dict(sums)])


def _diverged(summaries: Sequence[RoundSummary], not_finite: str) -> TrainingDivergedError:
    epoch = summaries[0].epoch
    batch = max(int(position["batches_done"]) for each in summaries for position in each.positions)
    return diverged(epoch, batch - 1, not_finite, f". {KEPT}")
