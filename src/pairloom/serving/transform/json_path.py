"""The JSONPath that SageMaker documents for the filters of batch transform."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from pairloom.errors import DataError, UserError

_Step: TypeAlias = Callable[[Any], Any]

_NAME = re.compile(r"\.([\w-]+)")
_ALL = re.compile(r"\.\*|\[\s*\*\s*\]")
_NAMES = re.compile(r"\.?\[\s*((?:'[^']*'|\"[^\"]*\")(?:\s*,\s*(?:'[^']*'|\"[^\"]*\"))*)\s*\]")
_PLACES = re.compile(r"\[\s*((?:-?\d+|-?\d*:-?\d*)(?:\s*,\s*(?:-?\d+|-?\d*:-?\d*))*)\s*\]")
_GRAMMAR = (
    "$ followed by .name, .*, ['name', ...], [*], [0, ...] or [0:2], as SageMaker documents them"
)


class JsonPath:
    """A path into a JSON value: `$.a`, `$['a','b']`, `$[0]`, `$[1:]`, `$[0,5:]`, `$.a[*].b`.

    One name or index stands for the value there; several names for an object of those members
    that exist; several indices and slices for an array. Negative indices count from the end.

    Raises
    ------
    UserError
        The text is no such path.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = _parse(text)

    @property
    def is_root(self) -> bool:
        """Whether the path is `$`, which stands for the whole value."""
        return not self._steps

    def of(self, value: Any) -> Any:
        """Return the part of a value.

        Raises
        ------
        DataError
            The value has no such part.
        """
        try:
            for step in self._steps:
                value = step(value)
        except (KeyError, IndexError, TypeError) as error:
            raise DataError(f"there is nothing at {self._text}") from error
        return value


def _parse(text: str) -> list[_Step]:
    steps: list[_Step] = []
    place = 1
    while text.startswith("$") and place < len(text):
        for pattern, make in _MAKERS:
            if found := pattern.match(text, place):
                steps.append(make(found))
                place = found.end()
                break
        else:
            break
    if not text.startswith("$") or place != len(text):
        raise UserError(f"JSONPath {text!r}, character {place + 1}: expected {_GRAMMAR}")
    return steps


def _name_step(found: re.Match[str]) -> _Step:
    return _member(found[1])


def _all_step(_: re.Match[str]) -> _Step:
    def step(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return list(value.values())
        return list(_array(value))

    return step


def _names_step(found: re.Match[str]) -> _Step:
    names = [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", found[1])]
    if len(names) == 1:
        return _member(names[0])

    def step(value: Any) -> dict[str, Any]:
        return {name: value[name] for name in names if name in _object(value)}

    return step


def _places_step(found: re.Match[str]) -> _Step:
    selectors = [part.strip() for part in found[1].split(",")]
    if len(selectors) == 1 and ":" not in selectors[0]:
        index = int(selectors[0])
        return lambda value: _array(value)[index]

    def step(value: Any) -> list[Any]:
        chosen: list[Any] = []
        for selector in selectors:
            if ":" in selector:
                begin, _, end = selector.partition(":")
                chosen += _array(value)[int(begin or 0) : int(end) if end else None]
            else:
                chosen.append(_array(value)[int(selector)])
        return chosen

    return step


def _member(name: str) -> _Step:
    return lambda value: _object(value)[name]


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


_MAKERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Step]], ...] = (
    (_ALL, _all_step),
    (_NAMES, _names_step),
    (_PLACES, _places_step),
    (_NAME, _name_step),
)
