from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from oracle.aialgs_record import Record
from pairloom.errors import DataError, DataFormatError, UserError
from pairloom.formats import write_recordio
from pairloom.serving import Predictor
from pairloom.serving.errors import NotAcceptableError, UnsupportedContentTypeError
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO
from unit.model.native.models import dense
from unit.serving.bodies import MEDIA_TYPES, WIDTH, frames_of, json_body, matrix, model


def body_of(content_type: str, values: npt.NDArray[np.float32]) -> bytes:
    if content_type == JSON:
        return json_body(values)
    if content_type == JSON_LINES:
        lines = ({"data": {"features": {"values": row}}} for row in values.tolist())
        return "\n".join(map(json.dumps, lines)).encode()
    if content_type == CSV:
        return "\n".join(",".join(map(repr, row)) for row in values.tolist()).encode()
    file = io.BytesIO()
    write_recordio(file, values)
    return file.getvalue()


def parsed(content_type: str, body: bytes) -> list[dict[str, float]]:
    """Read an answer without our code."""
    if content_type == JSON:
        predictions: list[dict[str, float]] = json.loads(body)["predictions"]
        return predictions
    if content_type == JSON_LINES:
        return [json.loads(line) for line in body.split(b"\n")]
    if content_type == CSV:
        names = ("score", "predicted_label")
        rows = [map(float, line.split(",")) for line in body.decode().split("\n")]
        return [dict(zip(names, row, strict=False)) for row in rows]
    records = map(Record.FromString, frames_of(body))
    return [
        {name: value.float32_tensor.values[0] for name, value in record.label.items()}
        for record in records
    ]


@pytest.mark.parametrize("accept", MEDIA_TYPES)
@pytest.mark.parametrize("content_type", MEDIA_TYPES)
@pytest.mark.parametrize("predictor_type", ["regressor", "binary_classifier"])
def test_every_request_gets_every_answer(
    predictor_type: str, content_type: str, accept: str
) -> None:
    values = matrix(num_rows=150)
    machine = model(predictor_type)
    expected = machine.predict_rows(dense(values))
    answer = Predictor(machine).invoke(body_of(content_type, values), content_type, accept)
    assert answer.content_type == accept
    assert answer.num_rows == 150
    predictions = parsed(accept, answer.body)
    assert [prediction["score"] for prediction in predictions] == expected.tolist()
    if predictor_type == "regressor":
        assert all(set(prediction) == {"score"} for prediction in predictions)
    else:
        labels = [prediction["predicted_label"] for prediction in predictions]
        assert labels == (expected >= 0.5).astype(int).tolist()


def test_json_text_is_what_python_writes_of_doubles() -> None:
    values = matrix(num_rows=3)
    scores = model().predict_rows(dense(values)).tolist()
    answer = Predictor(model()).invoke(json_body(values), JSON, None)
    expected = {"predictions": [{"score": score} for score in scores]}
    assert answer.body == json.dumps(expected).encode()


def test_a_probability_of_one_half_is_a_one() -> None:
    machine = model("binary_classifier")
    machine.table.set_parameters(0.0, np.zeros(WIDTH, np.float32), machine.factors)  # type: ignore[union-attr]
    answer = Predictor(machine).invoke(json_body(np.zeros((1, WIDTH), np.float32)), JSON, None)
    assert answer.body == b'{"predictions": [{"score": 0.5, "predicted_label": 1}]}'


def test_answer_is_json_when_the_client_leaves_it_open() -> None:
    predictor, body = Predictor(model()), body_of(RECORDIO, matrix())
    for accept in (None, "", "*/*"):
        assert predictor.invoke(body, RECORDIO, accept).content_type == JSON
    assert predictor.invoke(json_body(matrix()), None, None).content_type == JSON


def test_the_number_of_threads_changes_no_byte() -> None:
    body = json_body(matrix(num_rows=500))
    answers = {Predictor(model(), threads).invoke(body, JSON, JSON).body for threads in (0, 1, 3)}
    assert len(answers) == 1


def test_unknown_media_types_are_refused() -> None:
    predictor, body = Predictor(model()), json_body(matrix())
    with pytest.raises(UnsupportedContentTypeError, match=r"'text/html'; expected application/js"):
        predictor.invoke(body, "text/html", None)
    with pytest.raises(UnsupportedContentTypeError, match="charset 'utf-16'; expected utf-8"):
        predictor.invoke(body, "application/json; charset=utf-16", None)
    with pytest.raises(NotAcceptableError, match=r"'image/png'; expected one of application/json"):
        predictor.invoke(body, JSON, "image/png")


@pytest.mark.parametrize("content_type", MEDIA_TYPES)
def test_rows_of_another_width_are_refused(content_type: str) -> None:
    body = body_of(content_type, np.ones((2, WIDTH - 1), np.float32))
    with pytest.raises(DataFormatError, match=r"3.*expected 4"):
        Predictor(model()).invoke(body, content_type, None)


@pytest.mark.parametrize("content_type", MEDIA_TYPES)
@pytest.mark.parametrize("body", [b"", b" ", b"\xff\xfe", b"{", b"\x00" * 9])
def test_bodies_that_hold_no_row_are_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(UserError):
        Predictor(model()).invoke(body, content_type, None)


def test_scores_beyond_float32_are_an_error_that_names_the_row() -> None:
    values = np.array([[1, 0, 0, 0], [3e38, 3e38, 3e38, 3e38]], np.float32)
    with pytest.raises(DataError, match="row 1 has the score"):
        Predictor(model()).invoke(json_body(values), JSON, None)


def test_importing_serving_loads_no_training_and_no_heavy_library() -> None:
    program = (
        "import sys, pairloom.serving.predictor; "
        "print(*{name for name in sys.modules if name.startswith('pairloom.')}, "
        "*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    modules = set(loaded.stdout.split())
    assert "pairloom.serving.predictor" in modules
    ours = {name.split(".")[1] for name in modules if name.startswith("pairloom.")}
    assert not ours & {"training", "reports", "estimators", "data", "cli", "container", "platform"}
    heavy = {"boto3", "matplotlib", "pyarrow", "ray", "scipy", "sklearn", "sqlalchemy", "pandas"}
    assert not modules & heavy
