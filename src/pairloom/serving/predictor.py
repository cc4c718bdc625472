"""One request's bytes to the bytes of its answer, with no server around it."""

from __future__ import annotations

from dataclasses import dataclass

from pairloom._core import StoredTable
from pairloom.model import Model
from pairloom.runtime import allowed_threads
from pairloom.serving.codecs import READERS, WRITABLE, WRITERS, RowRule
from pairloom.serving.media_types import JSON, accepted_type, content_type_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client.

    Attributes
    ----------
    body, content_type
        The bytes, and their media type.
    num_rows
        How many rows were scored.
    """

    body: bytes
    content_type: str
    num_rows: int


class Predictor:
    """Answers requests from one model, on any number of threads at once.

    Parameters
    ----------
    model
        Scores the rows.
    num_threads
        Threads that score the rows of one request; 0 takes as many as the process may run.
    """

    def __init__(self, model: Model, num_threads: int = 1) -> None:
        self._model = model
        self._num_threads = num_threads or allowed_threads()
        self._rule = RowRule.of(model)
        self._with_labels = model.predictor_type == "binary_classifier"
        self._only_trained = model.untrained_features == "zero"
        # JSON to and from a mapped model goes through the core in one call: of a single row, the
        # steps in between would cost more than what they do.
        takes_ids_as_they_are = self._rule.row_width != 0
        self._mapped = (
            model.table if isinstance(model.table, StoredTable) and takes_ids_as_they_are else None
        )

    def invoke(self, body: bytes, content_type: str | None, accept: str | None) -> Answer:
        """Score the rows of a request.

        Parameters
        ----------
        body
            Rows in JSON, JSON lines, recordio-protobuf or CSV.
        content_type
            The body's media type; None: JSON.
        accept
            Media types that the answer may have, as in HTTP's header; None: JSON.

        Raises
        ------
        UnsupportedContentTypeError
            The body is of another media type.
        NotAcceptableError
            The answer cannot be written as asked for.
        UserError
            The body breaks its format or does not fit the model; names the place, the rule and
            the value.
        """
        media_type = content_type_of(content_type, READERS)
        answer_type = accepted_type(accept, WRITABLE)
        if media_type.name == answer_type == JSON and self._mapped is not None:
            answered = self._mapped.answer_json(
                body, self._only_trained, self._with_labels, self._num_threads
            )
            if answered is not None:
                return Answer(answered[0], JSON, answered[1])
        rows = READERS[media_type.name](body, media_type.parameters, self._rule)
        predictions = self._model.predict_rows(rows, num_threads=self._num_threads)
        answer = WRITERS[answer_type](predictions, self._with_labels)
        return Answer(answer, answer_type, rows.num_rows)
