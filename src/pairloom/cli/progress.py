"""What training shows while it runs: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from typing import NoReturn, TextIO

from tqdm import tqdm

from pairloom.hyperparameters import Hyperparameters
from pairloom.training import EpochEvent, ProgressEvent, ResumedEvent, TrainingEvent
from pairloom.training.metrics import loss_name

SECONDS_BETWEEN_LINES = 10.0
BAR_FORMAT = "{desc} |{bar}| {percentage:3.0f} %  {rate_noinv_fmt}{postfix}  {remaining} left"


def make_progress(hyperparameters: Hyperparameters, *, quiet: bool) -> Progress:
    """Return what suits standard error: a bar on a terminal, lines elsewhere, or silence."""
    if quiet:
        return Silence(hyperparameters)
    return Bar(hyperparameters) if _has_room_for_a_bar(sys.stderr) else Lines(hyperparameters)


class Progress(ABC):
    """Takes the events of one training run, until it is closed."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self.loss_name = loss_name(hyperparameters.predictor_type)
        self.epochs = hyperparameters.epochs
        self.rows_before = 0  # of the processes whose checkpoint this one goes on from

    def __call__(self, event: TrainingEvent) -> None:
        """Show one event of training."""
        if isinstance(event, ProgressEvent):
            self.show_progress(event)
        elif isinstance(event, EpochEvent):
            self.show_line(epoch_line(event, self.epochs, self.loss_name))
        elif isinstance(event, ResumedEvent):
            self.rows_before = rows_in_all(event)
            self.show_line(resumed_line(event, self.epochs))

    @abstractmethod
    def show_progress(self, event: ProgressEvent) -> None:
        """Show how far training is."""

    @abstractmethod
    def show_line(self, line: str) -> None:
        """Show a line that stays."""

    @abstractmethod
    def close(self) -> None:
        """Leave the terminal as it was found."""


class Silence(Progress):
    """Shows nothing."""

    def show_progress(self, event: ProgressEvent) -> None:
        """Stay silent."""

    def show_line(self, line: str) -> None:
        """Stay silent."""

    def close(self) -> None:
        """Leave nothing to undo."""


class Bar(Progress):
    """One line that redraws itself: share done, rows/s, loss and time left."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        super().__init__(hyperparameters)
        self._bar: tqdm[NoReturn] | None = None

    def show_progress(self, event: ProgressEvent) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=event.epochs * event.rows_total or None,  # a stream's first epoch tells it
                initial=self.rows_before,
                desc="training",
                unit=" rows",
                unit_scale=True,
                bar_format=BAR_FORMAT,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
            )
        self._bar.set_postfix_str(f"loss {event.metrics[self.loss_name]:.4g}", refresh=False)
        if self._bar.total is None and event.rows_total:
            self._bar.total = event.epochs * event.rows_total
        self._bar.update(rows_in_all(event) - self._bar.n)

    def show_line(self, line: str) -> None:
        tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class Lines(Progress):
    """A line for each epoch, and one now and then within a long one."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        super().__init__(hyperparameters)
        self._next_line_seconds = SECONDS_BETWEEN_LINES

    def show_progress(self, event: ProgressEvent) -> None:
        if event.seconds >= self._next_line_seconds:
            self._next_line_seconds = event.seconds + SECONDS_BETWEEN_LINES
            self.show_line(progress_line(event, self.loss_name))
        if event.rows_done == event.rows_total:  # seconds begin anew with each epoch
            self._next_line_seconds = SECONDS_BETWEEN_LINES

    def show_line(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the lines as they stand."""


def _has_room_for_a_bar(stream: TextIO) -> bool:
    # A terminal of no known size, as some containers have, would show an empty bar.
    return stream.isatty() and os.get_terminal_size(stream.fileno()).columns > 0


def rows_in_all(event: ProgressEvent | ResumedEvent) -> int:
    """Return how many rows were trained on in all epochs, those of a stream once they are known."""
    return event.epoch * event.rows_total + event.rows_done


def resumed_line(event: ResumedEvent, epochs: int) -> str:
    """Say where training goes on."""
    total = f" of {event.rows_total:,}" if event.rows_total else ""
    return (
        f"{event.checkpoint}: going on in epoch {event.epoch + 1} of {epochs}, "
        f"after {event.rows_done:,}{total} rows"
    )


def epoch_line(event: EpochEvent, epochs: int, loss_name: str) -> str:
    """Say an epoch's losses and speed."""
    parts = [f"epoch {event.epoch + 1} of {epochs}", f"loss {event.train[loss_name]:.4g}"]
    if event.validation:
        parts.append(f"validation loss {event.validation[loss_name]:.4g}")
    if event.learning_rate_factor < 1:
        parts.append(f"learning rates x {event.learning_rate_factor:.4g}")
    parts.append(f"{_rows_per_second(event.rows, event.seconds):,.0f} rows/s")
    return "  ".join(parts)


def progress_line(event: ProgressEvent, loss_name: str) -> str:
    """Say how far training is within an epoch, its speed and the time left for all epochs."""
    rows_per_second = _rows_per_second(event.rows_done, event.seconds)
    begin = f"epoch {event.epoch + 1} of {event.epochs}  "
    end = f"loss {event.metrics[loss_name]:.4g}  {rows_per_second:,.0f} rows/s"
    if not event.rows_total:
        return f"{begin}{event.rows_done:,} rows  {end}"
    rows_left = (event.epochs - event.epoch) * event.rows_total - event.rows_done
    share = f"{100 * event.rows_done / event.rows_total:.0f} %  "
    return f"{begin}{share}{end}  {rows_left / rows_per_second:,.0f} s left"


def _rows_per_second(rows: int, seconds: float) -> float:
    return rows / max(seconds, 1e-9)
