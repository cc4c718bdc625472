"""The page docs/hyperparameters.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairloom.hyperparameters.table import TABLE, Hyperparameter, TuningRange

if TYPE_CHECKING:
    from collections.abc import Iterable

PATH = "docs/hyperparameters.md"

_INTRODUCTION = """\
<!-- Generated from src/pairloom/hyperparameters/table.py by scripts/generate.py: do not edit. -->
# Hyperparameters

Names, defaults and meanings are those of SageMaker's factorization machines, so that settings made
for one run on the other. Values may come as text, as SageMaker sends them, or typed. Integers
are written as plain digits, truth values as `true` and `false`. An unknown name or a value that
breaks its rule is refused, with the rule and, for a misspelling, the nearest name.
"""

_SECTIONS = (
    (
        "Documented by SageMaker",
        "",
        lambda row: row.origin == "documented",
    ),
    (
        "In SageMaker's default configuration, undocumented there",
        "",
        lambda row: row.origin == "hidden" and row.has_effect,
    ),
    (
        "Pairloom's own",
        "",
        lambda row: row.origin == "pairloom",
    ),
    (
        "Accepted without effect",
        "Names of SageMaker's default configuration that mean nothing here. They take any text; "
        "programs log the given ones.\n\n",
        lambda row: not row.has_effect,
    ),
)


def render() -> str:
    """Return the page's text."""
    parts = [_INTRODUCTION]
    for title, remark, belongs in _SECTIONS:
        parts.append(f"\n## {title}\n\n{remark}{_table(filter(belongs, TABLE))}")
    return "".join(parts)


def _table(rows: Iterable[Hyperparameter]) -> str:
    head = "| name | default | values | tuning range | meaning |\n|---|---|---|---|---|\n"
    return head + "".join(map(_line, rows))


def _line(row: Hyperparameter) -> str:
    cells = (
        f"`{row.name}`",
        shown_default(row),
        row.domain.rule,
        _shown_range(row.tuning_range),
        row.help,
    )
    return f"| {' | '.join(cells)} |\n"


def shown_default(row: Hyperparameter) -> str:
    """Spell SageMaker's default of one row."""
    if row.required:
        return "required"
    return "unset" if row.default is None else shown_value(row.default)


def shown_value(value: object) -> str:
    """Spell a value as SageMaker would send it."""
    if value == "":
        return "empty text"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _shown_range(bounds: TuningRange | None) -> str:
    return "" if bounds is None else f"{bounds.low:g} to {bounds.high:g}"
