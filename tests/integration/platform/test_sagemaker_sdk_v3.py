"""Version 3 of the real SageMaker SDK, in an environment of its own, on a platform."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sagemaker_sdk import sdk_v3_python

from integration.platform.running_platform import RunningPlatform
from integration.platform.sdk_programs import ACCOUNT, BUCKET, ROLE, run, write_digits
from oracle.aialgs_record import file_of, messages_of, record_of, tensor_of
from oracle.plain_sagemaker_artifact import read_plain_sagemaker
from pairloom.formats import write_recordio

pytestmark = pytest.mark.platform

NUM_ASKED = 20
TOLERANCE = 1e-6  # scores are float32
UNKNOWN = "UnknownOperationException"


@dataclass(frozen=True)
class Found:
    """What the SDK's program found, and what the scores of the asked rows must be."""

    said: dict[str, Any]
    scores: npt.NDArray[np.float64]

    def __getitem__(self, name: str) -> Any:
        return self.said[name]

    def assert_scores(self, predictions: list[dict[str, Any]]) -> None:
        scores = np.array([of["score"] for of in predictions])
        np.testing.assert_allclose(scores, self.scores, atol=TOLERANCE)
        assert [of["predicted_label"] for of in predictions] == (scores >= 0.5).tolist()


@pytest.fixture(scope="module")
def found(sdk_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("v3")
    digits = np.load(write_digits(folder))
    write_recordio(folder / "rows.pbr", digits["pixels"], labels=digits["labels"])
    asked = digits["pixels"][:NUM_ASKED]
    _write_asked(asked, folder)
    said = run(sdk_platform, sdk_v3_python(), "sdk_v3.py", folder)
    parameters = read_plain_sagemaker(folder / "model.tar.gz")
    features = np.arange(asked.shape[1])
    scores = [parameters.probability(features, row.astype(np.float64)) for row in asked]
    return Found(said, np.array(scores))


def _write_asked(asked: npt.NDArray[np.float32], folder: Path) -> None:
    rows = asked.tolist()
    sparse = [
        {
            "keys": np.flatnonzero(row).tolist(),
            "shape": [asked.shape[1]],
            "values": row[np.flatnonzero(row)].tolist(),
        }
        for row in asked
    ]
    bodies = {
        "dense": [{"features": row} for row in rows],
        "sparse": [{"data": {"features": features}} for features in sparse],
    }
    for name, instances in bodies.items():
        (folder / f"{name}.json").write_text(json.dumps({"instances": instances}))
    (folder / "asked.csv").write_text("".join(",".join(map(repr, row)) + "\n" for row in rows))
    (folder / "asked.pbr").write_bytes(file_of(record_of(row, label=None) for row in rows))


def test_model_trainer_trains_and_shows_the_log(found: Found) -> None:
    job = found["trained"]

    assert found["role"] == ROLE
    assert found["bucket"] == BUCKET
    assert "/factorization-machines:" in found["image"]
    assert job["status"] == "Completed"
    assert job["steps"] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["artifact"] == f"s3://{BUCKET}/digits/{job['name']}/output/model.tar.gz"
    assert job["metrics"]["test:binary_classification_accuracy"] > 0.9
    assert job["billed"] >= 1
    assert "#quality_metric: host=algo-1, test binary_classification_accuracy" in job["said"]


def test_model_trainer_uploads_files_and_is_not_held_up(found: Found) -> None:
    job = found["local"]

    assert job["status"] == "Completed"
    assert job["seconds"] < 14  # a description may wait for 15 seconds for version 2
    assert job["checkpoints"].startswith(f"s3://{BUCKET}/")


def test_training_jobs_are_core_resources(found: Found) -> None:
    resources = found["resources"]

    assert resources["whole"]["status"] == "Completed"
    assert resources["got"].endswith(":training-job/core-whole")
    assert resources["endless"] == "Stopped"
    assert "num_factors: '-1' is refused" in resources["failure"]
    assert resources["listed"] == ["core-refused", "core-endless", "core-whole"]
    assert resources["stopped"] == ["core-endless"]


def test_log_of_two_instances_is_shown(found: Found) -> None:
    said = found["resources"]["said"]

    assert "One process trains as algo-1 on the data of all 2 hosts" in said
    assert "algo-2 has no process of its own" in said


def test_model_builder_deploys_what_a_trainer_trained(found: Found) -> None:
    built = found["built"]

    assert built["model"].endswith(":model/built")
    assert built["artifact"] == found["trained"]["artifact"]
    assert (built["name"], built["status"], built["config"]) == ("built", "InService", "built")
    assert (built["variant"], built["instances"]) == ("AllTraffic", 1)


def test_model_builder_shows_the_endpoints_log(found: Found) -> None:
    shown = " ".join(found["shown"].split())

    assert "Created endpoint with name built" in shown
    assert "a binary_classifier of 784 features and 10 factors" in shown


def test_model_builder_deploys_an_archive_and_finds_its_endpoint_by_the_source(
    found: Found,
) -> None:
    archived = found["archived"]

    found.assert_scores(archived["answer"]["predictions"])
    source = ["sagemaker.amazonaws.com/model-source", found["trained"]["artifact"]]
    assert archived["tags"] == [source]
    assert archived["deployed"]["config"] == archived["reused"] == "archived"
    assert archived["transformer"] == ["archived-again", f"s3://{BUCKET}/v3/batch"]
    assert archived["left"] == []


def test_model_builder_has_data_captured(found: Found) -> None:
    (line,) = found["captured"]
    event = json.loads(line)

    assert event["eventMetadata"]["inferenceId"] == "asked"
    captured = event["captureData"]
    assert len(json.loads(captured["endpointInput"]["data"])["instances"]) == NUM_ASKED
    found.assert_scores(json.loads(captured["endpointOutput"]["data"])["predictions"])


def test_endpoints_are_core_resources(found: Found) -> None:
    hosted = found["hosted"]

    assert hosted["created"] == "Creating"
    assert hosted["got"].endswith(":endpoint/resource")
    assert hosted["listed"] == ["resource"]
    assert hosted["configs"] == ["resource-single", "resource-two"]
    assert hosted["models"] == ["resource-by-source", "resource-by-url"]
    assert hosted["tags"] == [["b", "2"], ["team", "digits"]]
    assert hosted["left"] == []


def test_endpoint_answers_json_and_recordio_by_the_formula(found: Found) -> None:
    answers = found["hosted"]["answers"]

    found.assert_scores(answers["dense"])
    found.assert_scores(answers["sparse"])
    records = messages_of(bytes.fromhex(answers["recordio"]))
    scores = [tensor_of(record.label["score"]).values[0] for record in records]
    np.testing.assert_allclose(scores, found.scores, atol=TOLERANCE)
    assert answers["variants"] == ["one", "two"]
    assert answers["content_types"] == ["application/json", "application/x-recordio-protobuf"]


def test_endpoint_changes_weights_counts_and_configuration(found: Found) -> None:
    changed = found["hosted"]["changed"]

    assert changed["updating"] == "Updating"
    assert changed["weights"] == [["one", 1.0, 1], ["two", 3.0, 2]]
    assert changed["config"] == "resource-single"
    assert changed["variants"] == ["single"]


def test_refusals_of_endpoints_are_clear(found: Found) -> None:
    body, variant, asynchronous, streamed = found["hosted"]["refused"]

    assert body[0] == "ModelError"
    assert "Received client error (400) from model" in body[1]
    assert variant[0] == "ValidationError"
    assert asynchronous == [
        UNKNOWN,
        "Pairloom does not offer sagemaker-runtime InvokeEndpointAsync",
    ]
    assert streamed[0] == UNKNOWN


def test_endpoint_that_cannot_serve_says_why(found: Found) -> None:
    assert "v3/broken.tar.gz: no whole tar.gz archive" in found["failure"]


def test_tuner_tunes_warm_starts_and_stops(found: Found) -> None:
    tuned = found["tuned"]

    assert tuned["status"] == "Completed"
    best = max(tuned["values"], key=lambda name: tuned["values"][name])
    assert tuned["best"] == best
    assert tuned["values"][best] > 0.9
    assert all(0.9 < value <= tuned["values"][best] for value in tuned["curve"])
    assert tuned["curve"]
    assert sorted(tuned["jobs"]) == sorted(tuned["values"])
    assert all(100 <= size <= 400 for size in tuned["sizes"])
    assert tuned["warm"] == "Stopped"
    assert "warm" in tuned["listed"]


def test_transformer_transforms_and_shows_the_log(found: Found) -> None:
    transformed = found["transformed"]

    assert transformed["status"] == "Completed"
    assert transformed["attached"] == ["built", "text/csv", "Line"]
    scores = [float(line.split(",")[0]) for line in transformed["answers"]]
    np.testing.assert_allclose(scores, found.scores, atol=TOLERANCE)
    assert transformed["stopped"] == "Stopped"
    assert transformed["listed"] == ["core-transform"]


def test_session_brings_objects_and_looks_after_models(found: Found) -> None:
    session = found["session"]

    assert session["account"] == ACCOUNT
    assert session["role"] == ROLE
    assert session["uploaded"] == f"s3://{BUCKET}/v3/key"
    assert (session["read"], session["files"]) == ("text", ["v3/key"])
    assert session["models"] == ["twice", "twice"]
    assert session["serving"] == [True, False]
