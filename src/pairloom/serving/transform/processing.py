"""Filters of records and answers, and the join of both: SageMaker's DataProcessing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from pairloom.errors import DataError, UserError
from pairloom.serving.media_types import CSV
from pairloom.serving.transform.settings import TransformSettings

_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"


class DataProcessing:
    """Takes records apart on their way in, and joins them with their answers on the way out.

    A record in CSV is an array of its fields, and so is its answer, whose fields the join puts
    behind the record's. In JSON the join adds the answer to the record, an object, as
    `SageMakerOutput`; another value becomes `SageMakerInput` beside it.
    """

    def __init__(self, settings: TransformSettings) -> None:
        self._settings = settings
        is_csv = settings.content_name == CSV
        self._load: Callable[[bytes], Any] = _load_csv if is_csv else _load_json
        self._dump: Callable[[Any], bytes] = _dump_csv if is_csv else _dump_json

    def filter_inputs(self, records: Sequence[bytes]) -> list[bytes]:
        """Return what is sent of each record.

        Raises
        ------
        DataError
            A record is malformed or has no such part; names the record of the request.
        """
        if self._settings.input_path.is_root:
            return list(records)
        return [self._at(number, self._sent, record) for number, record in enumerate(records, 1)]

    def join_outputs(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """Return what is written for the records of one request."""
        lined = self._settings.split_type == "Line"
        answers = answer.splitlines() if lined else [answer]
        if len(answers) != len(records):
            raise DataError(
                f"{len(answers)} answers to {len(records)} records; "
                "expected as many, to join or filter them"
            )
        return b"\n".join(
            self._at(number, self._written, *pair)
            for number, pair in enumerate(zip(records, answers, strict=True), 1)
        )

    def _sent(self, record: bytes) -> bytes:
        return self._dump(self._settings.input_path.of(self._load(record)))

    def _written(self, record: bytes, answer: bytes) -> bytes:
        output = self._load(answer)
        if self._settings.join_source == "Input":
            output = _joined(self._load(record), output, is_csv=self._dump is _dump_csv)
        return self._dump(self._settings.output_path.of(output))

    @staticmethod
    def _at(number: int, process: Callable[..., bytes], *texts: bytes) -> bytes:
        try:
            return process(*texts)
        except (UserError, ValueError, csv.Error) as error:
            raise DataError(f"record {number} of the request: {error}") from error


def _joined(record: Any, output: Any, *, is_csv: bool) -> Any:
    if is_csv:
        return record + output
    if isinstance(record, dict):
        return {**record, _OUTPUT: output}
    return {_INPUT: record, _OUTPUT: output}


def _load_json(text: bytes) -> Any:
    return json.loads(text)


def _dump_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _load_csv(text: bytes) -> Any:
    return next(csv.reader([text.decode()], strict=True), [])


def _dump_csv(value: Any) -> bytes:
    fields = value if isinstance(value, list) else [value]
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow(fields)
    return file.getvalue().encode()
