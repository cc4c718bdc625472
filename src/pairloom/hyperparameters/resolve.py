"""From names and values as given to settings that are typed, complete and within their rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pairloom.errors import HyperparameterError
from pairloom.hyperparameters.declaration import Hyperparameter
from pairloom.hyperparameters.settings import Hyperparameters
from pairloom.hyperparameters.table import BY_NAME, TABLE, UNIFORM_SCALE_WHEN_UNSET

PARAMETER_GROUPS = ("bias", "linear", "factors")
_INIT_SETTING = {"normal": "sigma", "uniform": "scale", "constant": "value"}
_LONGEST_SHOWN = 60


def resolve(values: Mapping[str, object]) -> Hyperparameters:
    """Read hyperparameters given as text, as SageMaker sends them, or as typed values.

    None leaves one unset that has no default. `*_init_method=uniform` without a scale takes
    0.07, MXNet's default.

    Raises
    ------
    HyperparameterError
        With one line per unknown name, missing name, broken rule; all of them at once.
    """
    values = _with_hashed_width(values)
    problems = [_unknown(name) for name in values if name not in BY_NAME]
    settings: dict[str, Any] = {}
    for row in TABLE:
        problems.extend(_read_into(settings, row, values))
    problems.extend(_constants_without_value(settings))
    problems.extend(_width_beside_hashing(settings))
    problems.extend(_growing_beside_updates_of_all(settings))
    problems.extend(_admission_without_growing(settings))
    problems.extend(_rowwise_without_squares(settings))
    if problems:
        raise HyperparameterError("\n".join(problems))
    _fill_uniform_scales(settings)
    return Hyperparameters(**{row.attribute: settings[row.attribute] for row in _effective()})


def without_effect(values: Mapping[str, object]) -> tuple[str, ...]:
    """Name the given hyperparameters that change nothing, in the order of the table.

    They are those that only the real container needs, and the initializer settings of a method
    that is not the chosen one.
    """
    return tuple(
        row.name
        for row in TABLE
        if row.name in values and (not row.has_effect or row.name in _idle_init_settings(values))
    )


def _effective() -> Iterator[Hyperparameter]:
    return (row for row in TABLE if row.has_effect)


def _read_into(
    settings: dict[str, Any], row: Hyperparameter, values: Mapping[str, object]
) -> Iterator[str]:
    if row.name not in values:
        if row.required:
            yield f"{row.name}: missing; must be {row.domain.rule}"
        settings[row.attribute] = row.default
        return
    value = values[row.name]
    if value is None and row.is_optional:
        settings[row.attribute] = None
        return
    try:
        settings[row.attribute] = row.domain.read(value)
    except ValueError as rule:
        yield f"{row.name}: {_shown(value)} is refused; must be {rule}"


def _unknown(name: object) -> str:
    nearest = get_close_matches(str(name), BY_NAME, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "; no hyperparameter has a name like it"
    return f"{_shown(name)}: unknown hyperparameter{hint}"


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def _constants_without_value(settings: Mapping[str, object]) -> Iterator[str]:
    for group in PARAMETER_GROUPS:
        value = f"{group}_init_value"
        unset = value in settings and settings[value] is None
        if unset and settings.get(f"{group}_init_method") == "constant":
            yield f"{value}: missing; {group}_init_method=constant needs it"


def _with_hashed_width(values: Mapping[str, object]) -> Mapping[str, object]:
    if values.get("hash_bits") is None or "feature_dim" in values:
        return values
    try:
        hash_bits = BY_NAME["hash_bits"].domain.read(values["hash_bits"])
    except ValueError:  # said when the value itself is read
        return {**values, "feature_dim": 1}
    return {**values, "feature_dim": 1 << int(hash_bits)}


def _width_beside_hashing(settings: Mapping[str, Any]) -> Iterator[str]:
    hash_bits, width = settings.get("hash_bits"), settings.get("feature_dim")
    if hash_bits is not None and width is not None and width != 1 << hash_bits:
        yield (
            f"feature_dim: {width} is refused; must be {1 << hash_bits}, 2^hash_bits, or left out"
        )


def _growing_beside_updates_of_all(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings.get("feature_table") == "growing" and settings.get("lazy_update") is False:
        yield (
            "lazy_update: False is refused; must be true with feature_table=growing, in which "
            "features that no row has held cannot be updated"
        )


def _admission_without_growing(settings: Mapping[str, Any]) -> Iterator[str]:
    count = settings.get("admission_count")
    for name, needed, why in (
        ("feature_table", "growing", "where features take memory once they are admitted"),
        ("untrained_features", "zero", "which is what features that are not admitted add"),
    ):
        if count not in {1, None} and settings.get(name) not in {needed, None}:
            yield f"admission_count: {count} is refused; must be 1 without {name}={needed}, {why}"


def _rowwise_without_squares(settings: Mapping[str, Any]) -> Iterator[str]:
    optimizer = settings.get("optimizer")
    if settings.get("rowwise_state") is True and optimizer in {"ftrl", "sgd"}:
        kept = "whose values each parameter needs" if optimizer == "ftrl" else "which keeps none"
        yield f"rowwise_state: True is refused; must be false with _optimizer={optimizer}, {kept}"


def _fill_uniform_scales(settings: dict[str, Any]) -> None:
    for group in PARAMETER_GROUPS:
        scale = f"{group}_init_scale"
        if settings[f"{group}_init_method"] == "uniform" and settings[scale] is None:
            settings[scale] = UNIFORM_SCALE_WHEN_UNSET


def _idle_init_settings(values: Mapping[str, object]) -> set[str]:
    idle: set[str] = set()
    for group in PARAMETER_GROUPS:
        chosen = values.get(f"{group}_init_method", "normal")
        idle.update(
            f"{group}_init_{setting}"
            for method, setting in _INIT_SETTING.items()
            if method != chosen
        )
    return idle
