"""The real SDK calls an endpoint; an endpoint serves what the real MXNet wrote."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import mxnet_environment
import numpy as np
import pytest
from sagemaker_sdk import sdk_python

from integration.endpoints import root_of, served
from unit.model.native.models import dense, small_model, some_matrix


def test_the_sdks_serializers_and_deserializers_are_understood(
    tmp_path: Path, repository: Path
) -> None:
    model = small_model(predictor_type="binary_classifier")
    rows = some_matrix(num_rows=30)
    np.save(tmp_path / "rows.npy", rows)
    program = repository / "tests" / "contract" / "sagemaker_sdk_client.py"
    with served(root_of(model, tmp_path / "ml"), tmp_path / "log", workers=1) as endpoint:
        files = ("rows.npy", "answers.json")
        command = [str(sdk_python()), str(program), str(endpoint.port), *files]
        environment = os.environ | {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert set(answers) == {"json", "jsonlines", "recordio", "recordio-to-json", "csv"}
    expected = model.predict_rows(dense(rows))
    for name, scores in answers.items():
        assert np.array(scores, np.float32).tobytes() == expected.tobytes(), name


@pytest.mark.skipif(
    not mxnet_environment.has_packages(), reason="MXNet has packages for x86-64 alone"
)
def test_an_artifact_that_mxnet_wrote_is_served(tmp_path: Path, repository: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    program = repository / "tests" / "contract" / "mxnet_exchange.py"
    command = [mxnet_environment.mxnet_python(), program, ours, theirs]
    subprocess.run(command, capture_output=True, check=True)
    held = np.load(theirs / "row-sparse" / "held.npz")
    v, w, bias = held["v"], held["w1_weight"].reshape(-1), float(held["w0_weight"][0])
    random = np.random.default_rng(0)
    rows = random.normal(size=(20, len(v))).astype(np.float32)
    pairs = ((rows @ v) ** 2 - rows**2 @ v**2).sum(axis=1) / 2
    expected = 1 / (1 + np.exp(-(bias + rows @ w + pairs).astype(float)))
    root = tmp_path / "ml"
    (root / "model").mkdir(parents=True)
    (theirs / "row-sparse" / "model_algo-1").rename(root / "model" / "model_algo-1")
    with served(root, tmp_path / "log", workers=1) as endpoint:
        described = endpoint.call("GET", "/model").json
        assert described["predictor_type"] == "binary_classifier"
        assert (described["feature_dim"], described["num_factors"]) == v.shape
        scores = endpoint.scores([{"features": row} for row in rows.tolist()])
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
