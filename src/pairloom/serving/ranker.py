"""One request to rank candidates: its bytes to the bytes of its answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pairloom._core import probabilities, read_json_ranking
from pairloom.batch import RowBatch
from pairloom.formats.table_encoding import hash_batch
from pairloom.model import Model
from pairloom.serving.codecs import RowRule
from pairloom.serving.media_types import JSON, accepted_type, content_type_of
from pairloom.serving.predictor import Answer


class Ranker:
    """Answers which candidates a model scores highest beside a context.

    Parameters
    ----------
    model
        Scores the candidates.
    num_threads
        Threads for the candidates of one request; 0 takes as many as the process may run.
    """

    def __init__(self, model: Model, num_threads: int = 1) -> None:
        self._model = model
        self._num_threads = num_threads
        self._rule = RowRule.of(model)
        self._with_labels = model.predictor_type == "binary_classifier"

    def rank(self, body: bytes, content_type: str | None, accept: str | None) -> Answer:
        """Rank the candidates of a request in JSON.

        The body is `{"context": instance, "candidates": [instance, ...], "count": 10}`, where
        the ids of features whose value is 1 may stand for an instance. The answer,
        `{"ranking": [{"candidate": 17, "score": 0.9}, ...]}`, counts candidates from 0 and has
        scores as `Predictor` gives them.

        Raises
        ------
        UserError
            As `Predictor.invoke`.
        """
        content_type_of(content_type, (JSON,))
        answer_type = accepted_type(accept, (JSON,))
        context, candidates, count = read_json_ranking(body, self._rule.row_width)
        rows = self._rows(candidates)
        hashed = self._rule.encoding.hash_bits is not None
        ranked = self._model.rank(
            self._rows(context),
            rows,
            count,
            overlap="add" if hashed else "refuse",
            num_threads=self._num_threads,
        )
        scores = probabilities(ranked.scores) if self._with_labels else ranked.scores
        ranking: list[dict[str, Any]] = [
            {"candidate": candidate, "score": score}
            for candidate, score in zip(
                ranked.candidates.tolist(), scores.astype(np.float64).tolist(), strict=True
            )
        ]
        if self._with_labels:
            for line in ranking:
                line["predicted_label"] = int(line["score"] >= 0.5)
        return Answer(json.dumps({"ranking": ranking}).encode(), answer_type, rows.num_rows)

    def _rows(self, arrays: dict[str, Any]) -> RowBatch:
        rows = RowBatch(**arrays)
        hash_bits = self._rule.encoding.hash_bits
        return rows if hash_bits is None else hash_batch(rows, hash_bits)
