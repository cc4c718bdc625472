"""The page docs/hyperparameters.md."""

from __future__ import annotations

from collections.abc import Iterable

from pairloom.estimators.declared import DEFAULTS, NOT_TAKEN, SET_BY_THE_ESTIMATOR
from pairloom.hyperparameters import TABLE, Hyperparameter, TuningRange

PATH = "docs/hyperparameters.md"

_INTRODUCTION = """\
<!-- Generated from src/pairloom/hyperparameters/table.py by scripts/generate.py: do not edit. -->
# Hyperparameters

Names, defaults and meanings are those of SageMaker's factorization machines, so that settings made
for one run on the other. Values may come as text, as SageMaker sends them, or typed. Integers
are written as plain digits, truth values as `true` and `false`. An unknown name or a value that
breaks its rule is refused, with the rule and, for a misspelling, the nearest name.

The defaults are SageMaker's: one careful epoch, made for large data. `FMClassifier` and
`FMRegressor` have defaults of their own, in bold, that serve small data better; they are
described in [estimators](estimators.md).
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
    head = (
        "| name | default | estimators' default | values | tuning range | meaning |\n"
        "|---|---|---|---|---|---|\n"
    )
    return head + "".join(map(_line, rows))


def _line(row: Hyperparameter) -> str:
    cells = (
        f"`{row.name}`",
        _shown_default(row),
        _shown_estimator_default(row),
        row.domain.rule,
        _shown_range(row.tuning_range),
        row.help,
    )
    return f"| {' | '.join(cells)} |\n"


def _shown_default(row: Hyperparameter) -> str:
    if row.required:
        return "required"
    return "unset" if row.default is None else _shown_value(row.default)


def _shown_estimator_default(row: Hyperparameter) -> str:
    if row.name in NOT_TAKEN or not row.has_effect:
        return "not taken"
    if row.name in SET_BY_THE_ESTIMATOR:
        return SET_BY_THE_ESTIMATOR[row.name]
    default = DEFAULTS.get(row.name, row.default)
    if default == row.default:
        return "the same"
    return f"**{_shown_value(default)}**"


def _shown_value(value: object) -> str:
    if value == "":
        return "empty text"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _shown_range(bounds: TuningRange | None) -> str:
    return "" if bounds is None else f"{bounds.low:g} to {bounds.high:g}"
