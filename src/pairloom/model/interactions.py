"""The strongest interactions of a model, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pairloom._core import InteractionSearch
from pairloom.errors import DataError
from pairloom.runtime import allowed_threads

if TYPE_CHECKING:
    from pairloom.model.model import Model

_VECTORS_PER_CALL = 1 << 12  # so that Ctrl-C is heard between calls


class Interaction(NamedTuple):
    """A pair of features and the inner product of their factors."""

    first: int
    second: int
    inner_product: float


def find_top_interactions(
    model: Model, count: int, fields: npt.ArrayLike | None, num_threads: int
) -> list[Interaction]:
    """Search a model; see `Model.top_interactions`."""
    zero = model.untrained_features == "zero"
    counting = model.trained_features if zero else model.stored_features
    _, factors = model.parameters_of(counting)
    field_of = _checked_fields(model, fields)
    if count < 1:
        raise DataError(f"count is {count}; must be at least 1")
    try:
        search = InteractionSearch(factors, None if field_of is None else field_of[counting], count)
    except ValueError as error:
        raise DataError(f"the model's factors cannot be compared: {error}") from error
    for begin in range(0, search.num_vectors, _VECTORS_PER_CALL):
        end = min(begin + _VECTORS_PER_CALL, search.num_vectors)
        search.run(begin, end, num_threads or allowed_threads())
    return [
        Interaction(int(counting[first]), int(counting[second]), inner_product)
        for first, second, inner_product in search.result()
    ]


def _checked_fields(model: Model, fields: npt.ArrayLike | None) -> npt.NDArray[np.int32] | None:
    if fields is None:
        return model.fields
    given = np.asarray(fields)
    if given.shape != (model.feature_dim,) or given.dtype.kind not in "iu":
        raise DataError(
            f"fields are {given.dtype} of shape {given.shape}; expected one integer per feature, "
            f"({model.feature_dim},)"
        )
    if given.size and (given.max() > np.iinfo(np.int32).max or given.min() < 0):
        raise DataError(
            f"fields run from {given.min()} to {given.max()}; must be from 0 to 2**31-1"
        )
    return given.astype(np.int32)
