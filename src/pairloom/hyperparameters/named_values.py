"""Resolved settings as maps under SageMaker's names."""

from __future__ import annotations

from pairloom.hyperparameters.domains import Value
from pairloom.hyperparameters.table import TABLE


class NamedValues:
    """Gives the attributes of settings back under the names of the table."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Value]:
        """Return typed values that JSON can carry; unset hyperparameters are left out."""
        values = ((row.name, getattr(self, row.attribute)) for row in TABLE if row.has_effect)
        return {name: value for name, value in values if value is not None}

    def to_strings(self) -> dict[str, str]:
        """Return the values as SageMaker sends them: all text, unset ones left out."""
        return {name: _text(value) for name, value in self.to_dict().items()}


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
