"""The serve program as a process on a port of its own: what it answers, and from what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from mnist import MnistPart, load_mnist
from prometheus_client.parser import text_string_to_metric_families

from integration.endpoints import JSON, Endpoint, root_of, served
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.formats import write_recordio
from pairloom.hyperparameters import resolve
from pairloom.training import train
from quality.movielens import load_ratings

NUM_TEST_ROWS = 500


@pytest.fixture(scope="module")
def images() -> MnistPart:
    return load_mnist().test.slice(0, NUM_TEST_ROWS)


@pytest.fixture(scope="module")
def mnist_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = {"feature_dim": 784, "num_factors": 10, "predictor_type": "binary_classifier"}
    given = {**settings, "epochs": 2, "mini_batch_size": 100, "factors_lr": 0.01}
    model = train(load_mnist().train.slice(0, 3000).rows(), resolve(given)).model
    return root_of(model, tmp_path_factory.mktemp("mnist") / "ml")


@pytest.fixture(scope="module")
def mnist_model(mnist_root: Path) -> Model:
    return Model.load(mnist_root / "model" / "model_algo-1")


@pytest.fixture(scope="module")
def mnist(mnist_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with served(mnist_root, tmp_path_factory.mktemp("log") / "serve.log") as endpoint:
        yield endpoint


def instances_of(pixels: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
    return [{"features": row} for row in pixels.tolist()]


def sparse_instance(keys: list[int], width: int) -> dict[str, Any]:
    return {"data": {"features": {"keys": keys, "shape": [width], "values": [1.0] * len(keys)}}}


def samples(endpoint: Endpoint) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = endpoint.call("GET", "/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


def test_ping_is_answered_with_nothing(mnist: Endpoint) -> None:
    reply = mnist.call("GET", "/ping")
    assert (reply.status, reply.body) == (200, b"")


def test_confusion_matrix_is_that_of_the_loaded_model(
    mnist: Endpoint, mnist_model: Model, images: MnistPart
) -> None:
    labels: list[int] = []
    for begin in range(0, NUM_TEST_ROWS, 100):
        part = instances_of(images.pixels()[begin : begin + 100])
        reply = mnist.post("/invocations", {"instances": part})
        labels += [prediction["predicted_label"] for prediction in reply.json["predictions"]]
    expected = mnist_model.predict_rows(images.rows()) >= 0.5
    actual = images.digits == 0
    assert confusion(np.array(labels) == 1, actual) == confusion(expected, actual)
    assert labels == expected.astype(int).tolist()


def confusion(predicted: npt.NDArray[np.bool_], actual: npt.NDArray[np.bool_]) -> list[int]:
    pairs = 2 * actual.astype(int) + predicted.astype(int)
    return [int(count) for count in np.bincount(pairs, minlength=4)]


def test_scores_are_those_of_the_loaded_model_to_the_last_bit(
    mnist: Endpoint, mnist_model: Model, images: MnistPart
) -> None:
    scores = mnist.scores(instances_of(images.pixels()))
    assert (
        np.array(scores, np.float32).tobytes() == mnist_model.predict_rows(images.rows()).tobytes()
    )


def test_recordio_is_taken_and_given(mnist: Endpoint, images: MnistPart, tmp_path: Path) -> None:
    write_recordio(tmp_path / "rows.pbr", RowBatch(784, values=images.pixels()[:20]))
    body = (tmp_path / "rows.pbr").read_bytes()
    recordio = "application/x-recordio-protobuf"
    reply = mnist.call("POST", "/invocations", body, Content_Type=recordio)
    expected = mnist.scores(instances_of(images.pixels()[:20]))
    assert [line["score"] for line in reply.json["predictions"]] == expected
    answer = mnist.call("POST", "/invocations", body, Content_Type=recordio, Accept=recordio)
    assert answer.headers["content-type"] == recordio
    assert answer.body[:4] == body[:4]  # the magic of a record


def test_a_regression_model_is_served(tmp_path: Path) -> None:
    ratings = load_ratings()
    few = np.arange(0, len(ratings.stars), 20)
    settings = {"feature_dim": ratings.feature_dim, "num_factors": 4, "epochs": 2}
    model = train(ratings[few].rows(), resolve({**settings, "predictor_type": "regressor"})).model
    rows = ratings[few[:50]].rows()
    keys = np.asarray(rows.feature_ids).reshape(-1, 2).tolist()
    with served(root_of(model, tmp_path / "ml"), tmp_path / "log", workers=1) as endpoint:
        reply = endpoint.post(
            "/invocations",
            {"instances": [sparse_instance(pair, ratings.feature_dim) for pair in keys]},
        )
        predictions = reply.json["predictions"]
        assert all(set(prediction) == {"score"} for prediction in predictions)
        scores = np.array([prediction["score"] for prediction in predictions], np.float32)
        assert scores.tobytes() == model.predict_rows(rows).tobytes()


def test_ranking_is_that_of_the_models_scores(mnist: Endpoint, mnist_model: Model) -> None:
    random = np.random.default_rng(0)
    context = sorted(random.choice(392, 30, replace=False).tolist())
    candidates = [sorted((392 + random.choice(392, 5, replace=False)).tolist()) for _ in range(300)]
    body = {
        "context": sparse_instance(context, 784),
        "candidates": [sparse_instance(keys, 784) for keys in candidates],
        "count": 7,
    }
    ranking = mnist.post("/rank", body).json["ranking"]
    whole = [sparse_instance(context + keys, 784) for keys in candidates]
    scores = np.array(mnist.scores(whole))
    assert [line["candidate"] for line in ranking] == np.argsort(-scores)[:7].tolist()
    np.testing.assert_allclose([line["score"] for line in ranking], np.sort(scores)[::-1][:7], 1e-5)
    assert [line["predicted_label"] for line in ranking] == [
        int(line["score"] >= 0.5) for line in ranking
    ]


def test_execution_parameters_follow_from_the_environment(
    mnist: Endpoint, mnist_root: Path, tmp_path: Path
) -> None:
    expected = {
        "MaxConcurrentTransforms": 2,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 6,
    }
    assert mnist.call("GET", "/execution-parameters").json == expected
    told = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
    }
    with served(mnist_root, tmp_path / "log", workers=1, **told) as endpoint:
        assert endpoint.call("GET", "/execution-parameters").json == {
            "MaxConcurrentTransforms": 3,
            "BatchStrategy": "SINGLE_RECORD",
            "MaxPayloadInMB": 1,
        }
        large = b" " * (1 << 20) + b"{}"
        assert endpoint.call("POST", "/invocations", large, Content_Type=JSON).status == 413


def test_model_is_described(mnist: Endpoint, mnist_model: Model) -> None:
    described = mnist.call("GET", "/model").json
    assert described["feature_dim"] == 784
    assert described["num_trained_features"] == int(mnist_model.trained.sum())
    assert described["hyperparameters"] == mnist_model.hyperparameters.to_dict()
    assert described["training"]["rows"] == 3000


def test_metrics_are_sums_over_all_workers(mnist: Endpoint, images: MnistPart) -> None:
    body = {"instances": instances_of(images.pixels()[:3])}
    scored = ("pairloom_requests_total", frozenset({("route", "/invocations"), ("status", "200")}))
    rows = ("pairloom_rows_total", frozenset[tuple[str, str]]())
    before = samples(mnist)
    for _ in range(40):  # over connections that the kernel gives to either worker
        assert mnist.post("/invocations", body).status == 200
    after = [samples(mnist) for _ in range(8)]
    assert {found[scored] - before[scored] for found in after} == {40}
    assert {found[rows] - before[rows] for found in after} == {120}
    assert after[0]["pairloom_workers", frozenset()] == 2
    assert after[0]["pairloom_requests_in_progress", frozenset()] == 0


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "message"),
    [
        ("GET", "/nothing", {}, None, 404, "there is nothing at /nothing"),
        ("GET", "/ping/", {}, None, 404, "there is nothing at /ping/"),
        ("GET", "/invocations", {}, None, 405, "/invocations does not take GET"),
        ("POST", "/ping", {}, b"", 405, "/ping does not take POST"),
        ("POST", "/invocations", {"Content_Type": "image/png"}, b"x", 415, "image/png"),
        ("POST", "/rank", {"Content_Type": "text/csv"}, b"x", 415, "text/csv"),
        ("POST", "/invocations", {"Accept": "image/png"}, b"{}", 406, "image/png"),
        ("POST", "/invocations", {"Content_Type": JSON}, b"{", 400, "byte 1"),
        ("POST", "/invocations", {"Content_Type": JSON}, b"", 400, "byte 0"),
        (
            "POST",
            "/invocations",
            {"Content_Type": JSON},
            b'{"instances": [{"features": [1, 2]}]}',
            400,
            "instances[0].features has 2 values, expected 784",
        ),
        (
            "POST",
            "/rank",
            {"Content_Type": JSON},
            b'{"context": {"data": {"features": {"keys": [5], "values": [1]}}}, "candidates": '
            b'[{"data": {"features": {"keys": [784], "values": [1]}}}]}',
            400,
            "candidates[0].data.features.keys[0] is 784, expected a key below 784",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    mnist: Endpoint,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    status: int,
    message: str,
) -> None:
    reply = mnist.call(method, path, body, **headers)
    assert reply.status == status
    assert reply.headers["content-type"] == JSON
    assert set(reply.json) == {"error"}
    assert message in reply.json["error"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_while_it_arrives(
    mnist: Endpoint, *, chunked: bool
) -> None:
    too_large = 6 * (1 << 20) + 1
    with mnist.connected() as connection:
        if chunked:
            pieces = (b" " * (1 << 16) for _ in range(1 + too_large // (1 << 16)))
            connection.request("POST", "/invocations", pieces, {"Content-Type": JSON})
        else:
            connection.request("POST", "/invocations", b" " * too_large, {"Content-Type": JSON})
        response = connection.getresponse()
        assert response.status == 413
        assert "larger than 6291456 bytes" in json.loads(response.read())["error"]
        connection.request("GET", "/ping")  # the connection is still good for other requests
        assert connection.getresponse().status == 200


def test_a_body_of_the_largest_size_is_read(mnist: Endpoint) -> None:
    rows = b'{"instances": [{"features": [' + b",".join([b"0"] * 784) + b"]}]}"
    body = rows + b" " * (6 * (1 << 20) - len(rows))
    assert mnist.call("POST", "/invocations", body, Content_Type=JSON).status == 200


def test_the_root_is_left_as_it_was(mnist: Endpoint, mnist_root: Path) -> None:
    mnist.call("GET", "/ping")
    assert sorted(path.relative_to(mnist_root).as_posix() for path in mnist_root.rglob("*")) == [
        "model",
        "model/model_algo-1",
    ]


def test_a_kept_cache_is_used_again_and_repaired(mnist_root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def kept() -> Path:
        with served(mnist_root, tmp_path / "log", workers=1, PAIRLOOM_MODEL_CACHE=str(cache)) as it:
            assert it.call("GET", "/ping").status == 200
        (file,) = cache.iterdir()
        return file

    whole, made = kept().read_bytes(), kept().stat().st_ino
    assert kept().stat().st_ino == made
    kept().write_bytes(whole[:-100] + bytes(100))
    assert kept().read_bytes() == whole
