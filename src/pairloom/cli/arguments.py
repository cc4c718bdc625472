"""Options: those every command has, and those made from the table of hyperparameters."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

from pairloom.errors import UserError
from pairloom.hyperparameters import BY_NAME, TABLE, Hyperparameter
from pairloom.hyperparameters.domains import (
    POSITIVE,
    Choice,
    Flag,
    Integer,
    MemoryAmount,
    Readable,
)

if TYPE_CHECKING:
    Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"  # noqa: SLF001


T = TypeVar("T")


class CommandParser(argparse.ArgumentParser):
    """An argument parser that raises UserError and takes no abbreviated options."""

    def __init__(self, **settings: object) -> None:
        super().__init__(allow_abbrev=False, **settings)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Raise the message; argparse itself would print the usage and leave the process."""
        raise UserError(f"{message} (`{self.prog} --help` lists what it takes)")

    def refuse(self, unknown: Sequence[str]) -> None:
        """Raise UserError for the first of the arguments left over, naming the nearest option."""
        if not unknown:
            return
        nearest = get_close_matches(unknown[0].partition("=")[0], self._option_string_actions, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"`{self.prog} --help` lists them"
        raise UserError(f"{self.prog} has no argument {unknown[0]}; {hint}")


def shared_options() -> CommandParser:
    """Return the options that stand before or after the command."""
    shared = CommandParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--quiet", action="store_true", help="say nothing but results and errors")
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return shared


def add_threads_option(parser: argparse.ArgumentParser) -> None:
    """Add `--threads`; 0, the default, stands for all."""
    parser.add_argument(
        "--threads",
        type=count,
        default=0,
        metavar="N",
        help="threads to use; all cores that the process may use when not given; "
        "the result is the same at any number",
    )


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add `--model`."""
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of a training run",
    )


def add_hyperparameter_options(parser: argparse.ArgumentParser) -> None:
    """Add one option for each hyperparameter with an effect; `resolve` refuses what is missing."""
    group = parser.add_argument_group("hyperparameters", "names and meanings are SageMaker's")
    for row in TABLE:
        if row.has_effect:
            _add_option(group, row, dest=row.name, default=argparse.SUPPRESS)


def add_hash_option(parser: argparse.ArgumentParser) -> None:
    """Add `--hash-bits` alone, to a command that takes no other hyperparameter."""
    row = BY_NAME["hash_bits"]

    def read(text: str) -> Any:
        return _read(row.domain, text)

    _add_option(parser, row, type=read)


def given_hyperparameters(arguments: argparse.Namespace) -> Mapping[str, object]:
    """Return the hyperparameters of a command line, as text and under SageMaker's names."""
    given = vars(arguments)
    return {row.name: given[row.name] for row in TABLE if row.name in given}


def option_of(row: Hyperparameter) -> str:
    """Spell a hyperparameter as an option."""
    return f"--{row.attribute.replace('_', '-')}"


def _add_option(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, row: Hyperparameter, **how: Any
) -> None:
    parser.add_argument(option_of(row), help=_help_of(row), **how, **_value_of(row))


def _help_of(row: Hyperparameter) -> str:
    default = "" if row.default is None else f"; default {_text(row.default)}"
    rule = f"{row.domain.rule}{'; required' if row.required else default}"
    return f"{row.help} [{rule}]".replace("%", "%%").replace("`", "")


def _value_of(row: Hyperparameter) -> dict[str, Any]:
    if isinstance(row.domain, Flag):
        return {"nargs": "?", "const": "true", "metavar": "true|false"}
    if isinstance(row.domain, Choice):
        return {"metavar": "|".join(row.domain.options)}
    return {"metavar": row.domain.annotation.upper()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def count(text: str) -> int:
    """Read a count of one or more."""
    return _read(Integer(), text)


def count_or_zero(text: str) -> int:
    """Read a count that may be none."""
    return _read(Integer(minimum=0), text)


def memory_bytes(text: str) -> int:
    """Read an amount of memory, as 512MB or 2GiB."""
    return _read(MemoryAmount(), text)


def seconds(text: str) -> float:
    """Read a time above 0."""
    return _read(POSITIVE, text)


def _read(domain: Readable[T], text: str) -> T:
    try:
        return domain.read(text)
    except ValueError as rule:
        raise argparse.ArgumentTypeError(f"{text!r} is refused; must be {rule}") from rule
