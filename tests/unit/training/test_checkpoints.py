"""When a checkpoint is due."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pairloom.errors import UserError
from pairloom.hyperparameters import resolve
from pairloom.training import Checkpoints, TrainingState
from pairloom.training.checkpoint_content import RunPosition
from pairloom.training.checkpoints import RunCheckpoints
from pairloom.training.epoch_progress import EpochProgress

FINGERPRINT: dict[str, object] = {"hyperparameters": {}}


class Clock:
    """Time that passes when told, and while a checkpoint is written."""

    def __init__(self, seconds_per_look: float = 0.0) -> None:
        self.now = 0.0
        self._seconds_per_look = seconds_per_look

    def __call__(self) -> float:
        self.now += self._seconds_per_look
        return self.now


def write(checkpoints: RunCheckpoints) -> None:
    given = {"feature_dim": 2, "num_factors": 1, "predictor_type": "regressor"}
    state = TrainingState.initial(resolve(given))
    checkpoints.write(RunPosition(EpochProgress(), []), state, None)


def test_seconds_count_from_the_start_and_then_from_the_last(tmp_path: Path) -> None:
    clock = Clock()
    checkpoints = RunCheckpoints(Checkpoints(tmp_path, every_seconds=30), FINGERPRINT, clock=clock)
    assert not checkpoints.is_due()
    clock.now = 30
    assert checkpoints.is_due()
    clock.now = 45
    write(checkpoints)
    clock.now = 74
    assert not checkpoints.is_due()
    clock.now = 75
    assert checkpoints.is_due()


def test_writing_takes_at_most_a_tenth_of_the_time(tmp_path: Path) -> None:
    clock = Clock()
    checkpoints = RunCheckpoints(Checkpoints(tmp_path, every_seconds=30), FINGERPRINT, clock=clock)
    clock._seconds_per_look = 7.0  # between the beginning and the end of writing
    write(checkpoints)
    clock._seconds_per_look = 0.0
    written_at = clock.now
    clock.now = written_at + 69
    assert not checkpoints.is_due()
    clock.now = written_at + 70
    assert checkpoints.is_due()


def test_epochs_count_only_when_they_end(tmp_path: Path) -> None:
    settings = Checkpoints(tmp_path, every_seconds=None, every_epochs=3)
    checkpoints = RunCheckpoints(settings, FINGERPRINT, clock=Clock())
    assert not checkpoints.is_due()
    assert [epoch for epoch in range(1, 10) if checkpoints.is_due(epochs_done=epoch)] == [3, 6, 9]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Checkpoints("x", every_seconds=0), "every_seconds is 0; must be above 0"),
        (lambda: Checkpoints("x", every_seconds=float("nan")), "every_seconds is nan"),
        (lambda: Checkpoints("x", every_epochs=0), "every_epochs is 0; must be from 1"),
    ],
)
def test_a_frequency_without_sense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()
