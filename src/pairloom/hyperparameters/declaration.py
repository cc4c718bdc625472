"""What is declared of a hyperparameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pairloom.hyperparameters.domains import Domain, Value

Origin = Literal["documented", "hidden", "pairloom"]


@dataclass(frozen=True, slots=True)
class TuningRange:
    """The bounds that SageMaker gives a tuning job; integers when the hyperparameter is one."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """One row of the table.

    Attributes
    ----------
    name
        SageMaker's spelling, the only public one.
    domain
        Values it takes; `domain.read` parses one, `domain.rule` says the rule.
    default
        Value when it is not given; None when that leaves it unset, or when it is required.
    tuning_range
        Bounds for a tuning job, or None when it cannot be tuned.
    has_effect
        False for names that are accepted because the real container has them.
    origin
        Documented by SageMaker, hidden in its container's default configuration, or our own.
    """

    name: str
    domain: Domain
    default: Value | None = None
    required: bool = False
    tuning_range: TuningRange | None = None
    has_effect: bool = True
    origin: Origin = "documented"
    help: str

    @property
    def attribute(self) -> str:
        """Name of its attribute in `Hyperparameters`: without the leading underscore."""
        return self.name.lstrip("_")

    @property
    def tunable(self) -> bool:
        """Whether a tuning job may vary it."""
        return self.tuning_range is not None

    @property
    def annotation(self) -> str:
        """Python type of its attribute."""
        return f"{self.domain.annotation} | None" if self.is_optional else self.domain.annotation

    @property
    def is_optional(self) -> bool:
        """Whether it may stay unset."""
        return self.default is None and not self.required
