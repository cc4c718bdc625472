"""A mapped model answers JSON in one native call: byte for byte as a model in memory in steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.errors import DataError, UserError
from pairloom.serving import Predictor
from pairloom.serving.media_types import JSON, JSON_LINES
from unit.model.native.models import FEATURE_DIM, small_model

MODELS: dict[str, Callable[[], Model]] = {
    "regressor": small_model,
    "classifier": lambda: small_model(predictor_type="binary_classifier"),
    "few-trained": lambda: small_model(trained=9, untrained_features="zero"),
    "many-trained": lambda: small_model(trained=50, untrained_features="zero"),
    "hashed": lambda: small_model(trained=64, feature_dim=64, hash_bits=6),
}

values = st.floats(-9, 9, width=32)
tensors = st.dictionaries(st.integers(0, FEATURE_DIM), values, max_size=8).map(
    lambda row: {"data": {"features": {"keys": list(row), "values": list(row.values())}}}
)
rows = st.lists(values, min_size=FEATURE_DIM - 1, max_size=FEATURE_DIM).map(
    lambda row: {"features": row}
)


@pytest.fixture(scope="module", params=MODELS)
def predictors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Predictor, Predictor]:
    model = MODELS[request.param]()
    path = tmp_path_factory.mktemp("model") / "model.pairloom"
    model.save(path)
    return Predictor(model), Predictor(Model.load(path))


def answer(predictor: Predictor, body: bytes, content_type: str) -> object:
    try:
        return predictor.invoke(body, content_type, JSON)
    except UserError as error:
        return type(error), str(error)


@given(instances=st.lists(tensors | rows | st.just({}), min_size=1, max_size=5))
def test_answers_and_errors_are_those_of_the_model_in_memory(
    predictors: tuple[Predictor, Predictor], instances: list[object]
) -> None:
    body = json.dumps({"instances": instances}).encode()
    in_memory, mapped = predictors
    assert answer(mapped, body, JSON) == answer(in_memory, body, JSON)


def test_one_call_and_steps_give_the_same_predictions(
    predictors: tuple[Predictor, Predictor],
) -> None:
    instances = [{"data": {"features": {"keys": [3, 5, 9], "values": [1, -2, 0.5]}}}] * 3
    whole = json.dumps({"instances": instances}).encode()
    lines = b"\n".join(json.dumps(instance).encode() for instance in instances)
    for predictor in predictors:
        assert answer(predictor, whole, JSON) == answer(predictor, lines, JSON_LINES)


def test_scores_beyond_float32_are_an_error_that_names_the_row(tmp_path: Path) -> None:
    small_model().save(tmp_path / "model.pairloom")
    model = Model.load(tmp_path / "model.pairloom")
    matrix = np.zeros((3, FEATURE_DIM), np.float32)
    matrix[1] = 1e30
    with pytest.raises(DataError, match="row 1 has the score"):
        model.predict_rows(RowBatch(FEATURE_DIM, values=matrix))
    body = json.dumps({"instances": [{"features": row} for row in matrix.tolist()]}).encode()
    with pytest.raises(DataError, match="row 1 has the score"):
        Predictor(model).invoke(body, JSON, JSON)
