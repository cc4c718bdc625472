"""The real SDK's serializers write what we read, and its deserializers read what we write."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sagemaker_sdk import sdk_python

from pairloom.serving import Predictor
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO
from unit.model.native.models import dense
from unit.serving.bodies import json_body, matrix, model

MEDIA_TYPES = {"json": JSON, "jsonlines": JSON_LINES, "recordio": RECORDIO, "csv": CSV}


@pytest.fixture(scope="module")
def rows() -> npt.NDArray[np.float32]:
    return matrix(num_rows=20)


@pytest.fixture(scope="module")
def folder(
    rows: npt.NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> Path:
    """Hold the rows as each serializer writes them, and our answers as each deserializer reads."""
    folder = tmp_path_factory.mktemp("exchange")
    np.save(folder / "rows.npy", rows)
    predictor = Predictor(model("binary_classifier"))
    for name, media_type in MEDIA_TYPES.items():
        answer = predictor.invoke(json_body(rows), JSON, media_type)
        (folder / f"{name}.answer").write_bytes(answer.body)
    program = repository / "tests" / "contract" / "serializer_exchange.py"
    environment = os.environ | {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    command = [sdk_python(), program, folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_requests_that_the_sdk_serializes_are_scored(
    name: str, rows: npt.NDArray[np.float32], folder: Path
) -> None:
    machine = model("binary_classifier")
    body = (folder / f"{name}.request").read_bytes()
    answer = Predictor(machine).invoke(body, MEDIA_TYPES[name], JSON)
    scores = [prediction["score"] for prediction in json.loads(answer.body)["predictions"]]
    assert scores == machine.predict_rows(dense(rows)).tolist()


def test_answers_are_what_the_sdk_deserializes(rows: npt.NDArray[np.float32], folder: Path) -> None:
    found: dict[str, Any] = json.loads((folder / "answers.json").read_text())
    scores = model("binary_classifier").predict_rows(dense(rows)).tolist()
    labels = [int(score >= 0.5) for score in scores]
    pairs = list(zip(scores, labels, strict=True))
    objects = [{"score": score, "predicted_label": label} for score, label in pairs]
    assert found["json"] == {"predictions": objects}
    assert found["jsonlines"] == objects
    assert found["recordio"] == [{"score": [s], "predicted_label": [float(p)]} for s, p in pairs]
    assert found["num_features"] == [0] * len(rows)
    assert found["csv"] == [[repr(score), str(label)] for score, label in pairs]
