"""SageMaker's artifact in use: trained into, scored from, turned into the own one, started from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from integration.runs import dense_rows, digest
from pairloom.batch import RowBatch
from pairloom.cli import main
from pairloom.errors import UserError
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import TrainingState, evaluate, train, warm_start

SHAPE = ("--feature-dim", "8", "--num-factors", "3", "--predictor-type", "binary_classifier")


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    random = np.random.default_rng(2)
    values = random.normal(size=(300, 8)).astype(np.float32)
    values[:, 5] = 0  # a feature that no training row holds
    np.savez(tmp_path / "rows.npz", values=values, labels=values[:, 0] * values[:, 1] > 0)
    return tmp_path / "rows.npz"


def train_into(output: Path, rows: Path, *options: str) -> int:
    given = ["train", "--train", str(rows), "--output", str(output), *SHAPE, "--epochs", "3"]
    return main([*given, "--factors-lr", "0.1", "--mini-batch-size", "50", *options])


@pytest.mark.parametrize("name", ["model.tar.gz", "model_algo-1"])
@pytest.mark.parametrize("policy", ["initial", "zero"])
def test_a_model_scores_to_the_same_bytes_after_sagemakers_artifact(
    name: str, policy: str, tmp_path: Path
) -> None:
    rows = dense_rows(200)
    assert rows.values is not None
    rows.values[:, 3] = 0
    given = {"feature_dim": rows.feature_dim, "num_factors": 4, "predictor_type": "regressor"}
    model = train(rows, resolve({**given, "untrained_features": policy})).model
    model.save(tmp_path / name)
    loaded = Model.load(tmp_path / name)
    other = RowBatch(rows.feature_dim, values=rows.values + 1, labels=rows.labels)
    assert digest(loaded.score_rows(other)) == digest(model.score_rows(other))
    assert evaluate(loaded, rows) == evaluate(model, rows)
    assert loaded.hyperparameters == model.hyperparameters
    assert loaded.trained.tolist() == model.trained.tolist()


def test_the_same_run_gives_the_same_artifact_in_any_process_and_with_any_threads(
    rows_file: Path, tmp_path: Path
) -> None:
    assert train_into(tmp_path / "here" / "model.tar.gz", rows_file, "--threads", "1") == 0
    program = [sys.executable, "-m", "pairloom", "train", "--train", str(rows_file)]
    options = ["--epochs", "3", "--factors-lr", "0.1", "--mini-batch-size", "50", "--threads", "3"]
    output = tmp_path / "there.tar.gz"
    subprocess.run([*program, "--output", str(output), *SHAPE, *options], check=True)
    assert output.read_bytes() == (tmp_path / "here" / "model.tar.gz").read_bytes()
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["model.tar.gz"]


def test_train_writes_an_artifact_that_every_command_takes(
    rows_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifact = tmp_path / "model.tar.gz"
    assert train_into(artifact, rows_file, "--test", str(rows_file)) == 0
    assert f"{artifact}: model written" in capsys.readouterr().err
    assert main(["inspect", str(artifact)]) == 0
    assert "feature_dim         8, of which 7 trained" in capsys.readouterr().out
    assert main(["evaluate", "--model", str(artifact), "--data", str(rows_file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 300
    assert main(["predict", "--model", str(tmp_path), "--data", str(rows_file)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 300


def test_export_turns_either_artifact_into_the_other(rows_file: Path, tmp_path: Path) -> None:
    assert train_into(tmp_path / "run", rows_file) == 0
    exported, back = tmp_path / "model.tar.gz", tmp_path / "back"
    assert main(["export", str(tmp_path / "run"), "--output", str(exported)]) == 0
    assert main(["export", str(exported), "--output", str(back), "--quiet"]) == 0
    again = tmp_path / "again.tar.gz"
    assert main(["export", str(back), "--output", str(again)]) == 0
    assert again.read_bytes() == exported.read_bytes()


@pytest.mark.parametrize("command", ["train", "export"])
def test_an_artifact_is_replaced_only_when_asked(
    command: str, rows_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifact = tmp_path / "model.tar.gz"
    assert train_into(artifact, rows_file) == 0
    before = artifact.read_bytes()

    def write_again(*options: str) -> int:
        if command == "train":
            return train_into(artifact, rows_file, "--seed", "1", *options)
        return main(["export", str(other), "--output", str(artifact), *options])

    other = tmp_path / "model_algo-1"
    assert train_into(other, rows_file, "--seed", "1") == 0
    assert write_again() == 2
    assert "exists; name a new file or add --overwrite" in capsys.readouterr().err
    assert artifact.read_bytes() == before
    assert write_again("--overwrite") == 0
    assert artifact.read_bytes() != before


def test_a_folder_is_not_replaced_by_an_artifact(
    rows_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.tar.gz").mkdir()
    assert train_into(tmp_path / "model.tar.gz", rows_file) == 2
    assert "exists and is a folder" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--output", str(tmp_path)]) == 2


def test_training_starts_from_an_artifact_with_new_optimizer_state_and_says_so(
    rows_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifact = tmp_path / "model.tar.gz"
    assert train_into(artifact, rows_file) == 0
    further = tmp_path / "further.tar.gz"
    assert train_into(further, rows_file, "--start-from", str(artifact)) == 0
    said = f"{artifact}: starting from its parameters, with new optimizer state"
    assert said in capsys.readouterr().err.splitlines()

    with np.load(rows_file) as parts:
        rows = RowBatch(8, values=parts["values"], labels=parts["labels"].astype(np.float32))
    first = Model.load(artifact)
    state = TrainingState.from_model(first, first.hyperparameters)
    expected = train(rows, first.hyperparameters, state=state).model
    assert digest(Model.load(further).factors) == digest(expected.factors)
    assert digest(first.factors) != digest(expected.factors)


@pytest.mark.parametrize(
    ("name", "value"),
    [("feature_dim", 9), ("num_factors", 4), ("predictor_type", "regressor")],
)
def test_a_model_of_another_shape_is_no_start(name: str, value: object) -> None:
    given = {"feature_dim": 8, "num_factors": 3, "predictor_type": "binary_classifier"}
    model = TrainingState.initial(resolve(given)).model()
    with pytest.raises(UserError, match=f"has {name} {given[name]}; {value} is asked for"):
        TrainingState.from_model(model, resolve({**given, name: value}))


def test_names_fields_and_metadata_go_along(tmp_path: Path) -> None:
    given = {"feature_dim": 3, "num_factors": 2, "predictor_type": "regressor"}
    bare = TrainingState.initial(resolve(given)).model()
    names, fields = ["a", "b", "ü"], np.array([0, 0, 1], dtype=np.int32)
    model = Model(
        bare.table,
        bare.hyperparameters,
        feature_names=names,
        fields=fields,
        metadata={"training": {"rows": 3}},
    )
    model.save(tmp_path / "model.tar.gz")
    loaded = Model.load(tmp_path / "model.tar.gz")
    assert list(loaded.feature_names or ()) == names
    assert loaded.fields is not None
    assert loaded.fields.tolist() == [0, 0, 1]
    assert loaded.metadata == {"training": {"rows": 3}}


def test_features_left_out_of_an_artifact_start_from_the_seed_again(tmp_path: Path) -> None:
    rows = dense_rows(200)
    assert rows.values is not None
    rows.values[:, 3] = 0
    given = {"feature_dim": rows.feature_dim, "num_factors": 4, "predictor_type": "regressor"}
    settings = resolve({**given, "untrained_features": "zero"})
    trained = train(rows, settings).model
    trained.save(tmp_path / "model.tar.gz")
    loaded = Model.load(tmp_path / "model.tar.gz")
    assert not loaded.factors[3].any()
    assert digest(warm_start(loaded, settings).model().factors) == digest(trained.factors)


def test_a_table_is_scored_as_by_the_model_that_learned_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{row % 2},{'red' if row % 3 else 'blue'},{row / 7:.3f}" for row in range(60)]
    table = tmp_path / "rows.csv"
    table.write_text("\n".join(["label,colour,size", *lines]) + "\n")
    shape = ["--num-factors", "2", "--predictor-type", "binary_classifier", "--feature-dim", "16"]
    hashed = ["--hash-bits", "4", "--label", "label"]
    answers = []
    for output in (tmp_path / "run", tmp_path / "model.tar.gz"):
        given = ["train", "--train", str(table), "--output", str(output), *shape, *hashed]
        assert main(given) == 0
        capsys.readouterr()
        assert main(["predict", "--model", str(output), "--data", str(table)]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) == 60
