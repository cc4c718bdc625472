"""Predictions to bodies of answers, by media type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from pairloom._core import PredictionLayout, write_predictions
from pairloom.batch import Float32Array
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO

# From predictions, and whether labels belong beside them, to a body.
Writer: TypeAlias = Callable[[Float32Array, bool], bytes]

WRITERS: Mapping[str, Writer] = {
    JSON: partial(write_predictions, layout=PredictionLayout.json),
    JSON_LINES: partial(write_predictions, layout=PredictionLayout.jsonlines),
    RECORDIO: partial(write_predictions, layout=PredictionLayout.recordio),
    CSV: partial(write_predictions, layout=PredictionLayout.csv),
}

# In the order of preference where a client leaves the choice.
WRITABLE = tuple(WRITERS)
