"""What Pairloom raises, by who can fix it.

PairloomError
├── UserError (ValueError)            the input, a setting or a command is wrong
│   ├── HyperparameterError           a name is unknown or a value breaks its rule
│   ├── DataFormatError               a file's bytes do not follow their format
│   └── DataError                     well-formed data that this model cannot take
├── AlgorithmError (RuntimeError)     the algorithm could not finish on valid input
│   └── TrainingDivergedError         a NaN or an infinity appeared in training
└── PlatformError (RuntimeError)      the machine failed: disk, memory, a process
"""

from __future__ import annotations


class PairloomError(Exception):
    """Base of everything that Pairloom raises on purpose."""


class UserError(PairloomError, ValueError):
    """The user can fix this: the input, a setting or a command is wrong."""


class HyperparameterError(UserError):
    """A hyperparameter's name is unknown or its value breaks its rule."""


class DataFormatError(UserError):
    """A file's bytes do not follow their format; names file, offset, record and expectation."""


class DataError(UserError):
    """Well-formed data that this model cannot take: a width, a label, a value."""


class AlgorithmError(PairloomError, RuntimeError):
    """The algorithm could not finish although its input was valid."""


class TrainingDivergedError(AlgorithmError):
    """A NaN or an infinity appeared in training; the last good parameters were kept.

    Attributes
    ----------
    epoch, batch
        Where, both counted from 0.
    last_good
        The training result up to the mini-batch before, or None.
    """

    def __init__(
        self, message: str, *, epoch: int = 0, batch: int = 0, last_good: object = None
    ) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.batch = batch
        self.last_good = last_good

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_diverged, (str(self), self.epoch, self.batch)


class PlatformError(PairloomError, RuntimeError):
    """The machine or the installation failed, not the input and not the algorithm."""


def _rebuild_diverged(message: str, epoch: int, batch: int) -> TrainingDivergedError:
    return TrainingDivergedError(message, epoch=epoch, batch=batch)
