"""How parameters start, in types that JSON can carry: what unseen features of a model are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairloom._core import FactorType, GroupInit, InitMethod, TableInit

_GROUPS = ("bias", "linear", "factors")


def init_to_json(init: TableInit) -> dict[str, Any]:
    """Return the seed, each group's method and scale, and what factors are rounded to."""
    groups = {name: getattr(init, name) for name in _GROUPS}
    rounded = init.factor_type != FactorType.float32
    return {
        "seed": init.seed,
        **({"factor_type": init.factor_type.name} if rounded else {}),
        **{name: [group.method.name, group.scale] for name, group in groups.items()},
    }


def init_from_json(content: Mapping[str, Any]) -> TableInit:
    """Read what `init_to_json` returned.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is something else.
    """
    groups = {}
    for name in _GROUPS:
        method, scale = content[name]
        groups[name] = GroupInit(InitMethod[method], scale)
    factor_type = FactorType[content.get("factor_type", FactorType.float32.name)]
    return TableInit(**groups, seed=content["seed"], factor_type=factor_type)
