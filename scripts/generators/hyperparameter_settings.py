"""The typed settings, src/pairloom/hyperparameters/settings.py."""

from __future__ import annotations

import json
import textwrap

from pairloom.hyperparameters import TABLE, Hyperparameter

PATH = "src/pairloom/hyperparameters/settings.py"

_HEAD = '''\
# Generated from src/pairloom/hyperparameters/table.py by scripts/generate.py: do not edit.
"""The resolved hyperparameters, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pairloom.hyperparameters.named_values import NamedValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters(NamedValues):
    """Hyperparameters that have an effect, complete and typed; `resolve` makes them.

    Each attribute has SageMaker's name, without a leading underscore.

    Attributes
    ----------
'''


def render() -> str:
    """Return the module's text."""
    rows = [row for row in TABLE if row.has_effect]
    described = "".join(map(_description, rows))
    fields = "\n".join(map(_field, rows))
    return f'{_HEAD}{described}    """\n\n{fields}\n'


def _description(row: Hyperparameter) -> str:
    text = textwrap.indent(textwrap.fill(row.help, 84), " " * 8)
    return f"    {row.attribute}\n{text}\n"


def _field(row: Hyperparameter) -> str:
    declared = f"    {row.attribute}: {row.annotation}"
    return declared if row.required else f"{declared} = {literal(row.default)}"


def literal(value: object) -> str:
    """Spell a value as Python source, text in double quotes."""
    return json.dumps(value) if isinstance(value, str) else repr(value)
