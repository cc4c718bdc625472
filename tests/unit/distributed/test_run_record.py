"""The epochs of a run outlive its process, and belong to its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.distributed.run_record import RunRecord
from pairloom.errors import DataFormatError, UserError
from pairloom.training import EpochEvent


def test_epochs_come_back_up_to_a_round(tmp_path: Path) -> None:
    events = [EpochEvent(epoch, {"rmse": 1.0}, rows=3, seconds=0.5) for epoch in range(3)]
    record = RunRecord(tmp_path / "workers", "3 rows")
    for number, event in zip((4, 8, 12), events, strict=True):
        record.add(number, event)
    later = RunRecord(tmp_path / "workers", "3 rows")
    assert later.epochs_until(9) == tuple(events[:2])
    assert later.epochs_until(12) == tuple(events[:2])


def test_rounds_of_other_rows_are_refused(tmp_path: Path) -> None:
    RunRecord(tmp_path, "3 rows")
    with pytest.raises(UserError, match="trained on rows 3 rows; this run has 4 rows"):
        RunRecord(tmp_path, "4 rows")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": "3 rows", "epochs": [{"round": 1}]}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataFormatError, match=r"run\.json: no record of a run"):
        RunRecord(tmp_path, "3 rows")
