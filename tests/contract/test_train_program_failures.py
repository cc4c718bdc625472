"""What a failed job leaves: a code, one line in `output/failure`, and no model."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract.job_tree import JobTree
from integration.runs import one_hot_rows
from pairloom.batch import RowBatch
from pairloom.container.train import main
from pairloom.formats import write_recordio

SETTINGS: dict[str, object] = {
    "feature_dim": 900,
    "num_factors": 4,
    "predictor_type": "binary_classifier",
}
Break = Callable[[JobTree], object]


@pytest.fixture
def tree(tmp_path: Path) -> JobTree:
    tree = JobTree(tmp_path / "ml")
    tree.shards("train", one_hot_rows(500))
    tree.configure(**SETTINGS)
    return tree


def config(tree: JobTree, name: str, text: str) -> None:
    (tree.root / "input" / "config" / f"{name}.json").write_text(text)


def channels(tree: JobTree, **more: object) -> None:
    config(tree, "inputdataconfig", json.dumps({**tree.channels, **more}))


def train_file(tree: JobTree) -> Path:
    return tree.root / "input" / "data" / "train" / "some" / "prefix" / "matrix_0.pbr"


def with_nothing_to_train_on(tree: JobTree) -> None:
    train_file(tree).unlink()


def with_a_wide_row(tree: JobTree) -> None:
    rows = RowBatch(feature_dim=901, values=np.ones((3, 901), np.float32),
                    labels=np.ones(3, np.float32))  # fmt: skip
    write_recordio(train_file(tree), rows)


def with_images(tree: JobTree) -> None:
    tree.configure(num_factors=4, predictor_type="regressor")
    channels(tree, train={"ContentType": "image/png"})


CLIENT_ERRORS: dict[str, tuple[Break, str]] = {
    "unknown and bad hyperparameters": (
        lambda tree: tree.configure(**{**SETTINGS, "mini_batch_siz": 7, "epochs": "many",
                                       "bias_lr": -1}),
        "'mini_batch_siz': unknown hyperparameter; did you mean mini_batch_size?; "
        "epochs: 'many' is refused; must be an integer from 1 to 2147483647; "
        "bias_lr: '-1' is refused; must be a finite number >= 0 that float32 can hold",
    ),
    "no required hyperparameter": (
        lambda tree: tree.configure(epochs=1),
        "feature_dim: missing; must be an integer from 1 to 2147483647; "
        "num_factors: missing; must be an integer from 1 to 2147483647; "
        "predictor_type: missing; must be binary_classifier or regressor",
    ),
    "no hyperparameters": (
        lambda tree: (tree.root / "input" / "config" / "hyperparameters.json").unlink(),
        "input/config/hyperparameters.json: missing; it holds the hyperparameters",
    ),
    "hyperparameters that are no JSON": (
        lambda tree: config(tree, "hyperparameters", "{'feature_dim': 1}"),
        "hyperparameters.json: not readable as JSON: Expecting property name",
    ),
    "a hyperparameter twice": (
        lambda tree: config(tree, "hyperparameters", '{"epochs": "1", "epochs": "2"}'),
        "hyperparameters.json: not readable as JSON: 'epochs' stands twice in one object",
    ),
    "channels in a list": (
        lambda tree: config(tree, "inputdataconfig", '["train"]'),
        "inputdataconfig.json: it is ['train']; expected an object",
    ),
    "no train channel": (
        lambda tree: config(tree, "inputdataconfig", "{}"),
        "inputdataconfig.json: no channel train, which holds the rows to train on",
    ),
    "an unknown channel": (
        lambda tree: channels(tree, tset={}),
        "inputdataconfig.json: unknown channel tset; must be train, validation, test, model",
    ),
    "an unknown content type": (
        with_images,
        "channel train, read as image/png: content type 'image/png' is unknown; must be "
        "application/x-recordio-protobuf, text/libsvm",
    ),
    "CSV without labels": (
        lambda tree: channels(tree, train={"ContentType": "text/csv;label_size=0"}),
        "content type parameter 'label_size=0' is refused; must be label_size=1",
    ),
    "an input mode of which nobody knows": (
        lambda tree: channels(tree, train={"TrainingInputMode": "Stream"}),
        "train.TrainingInputMode is 'Stream'; expected File or FastFile or Pipe",
    ),
    "a host that is not among the hosts": (
        lambda tree: config(tree, "resourceconfig", '{"current_host": "a", "hosts": ["b"]}'),
        "resourceconfig.json: current_host is 'a'; expected one of hosts, b",
    ),
    "a channel without its folder": (
        lambda tree: channels(tree, test={}),
        "channel test, read as application/x-recordio-protobuf, since it names no content type: ",
    ),
    "a channel without files": (with_nothing_to_train_on, "the folder holds no data file"),
    "a channel of empty files": (
        lambda tree: train_file(tree).write_bytes(b""),
        "input/data/train: no rows in any of its files",
    ),
    "a link to nothing among the files": (
        lambda tree: (train_file(tree).parent / "shard").symlink_to("nowhere"),
        "some/prefix/shard: neither a file nor a folder; remove it from the data",
    ),
    "a file that is no recordio-protobuf": (
        lambda tree: train_file(tree).write_text("1 3:1 8:1\n"),
        "channel train, read as application/x-recordio-protobuf, since it names no content type: ",
    ),
    "rows of another width": (with_a_wide_row, "feature_dim"),
    "early stopping without validation": (
        lambda tree: tree.configure(**SETTINGS, early_stopping="true"),
        "early_stopping needs validation rows",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLIENT_ERRORS)
def test_what_the_user_can_mend_is_a_client_error(
    case: str, tree: JobTree, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it, reason = CLIENT_ERRORS[case]
    break_it(tree)
    assert main(tree.root) == 2
    failure = tree.failure()
    assert failure.startswith("ClientError: ")
    assert reason in failure
    assert failure.count("\n") == 1
    assert logged_errors(capsys.readouterr().out) == [failure.strip()]
    assert list(tree.model_folder.iterdir()) == []


def logged_errors(log: str) -> list[str]:
    return re.findall(r"^\[.* ERROR \d+\] (.*)$", log, re.MULTILINE)


def test_failed_process_ends_with_a_code_and_no_stack_trace(tree: JobTree) -> None:
    tree.configure(**{**SETTINGS, "num_factors": 0})
    done = tree.train()
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert logged_errors(done.stdout) == [tree.failure().strip()]
    assert tree.failure() == (
        "ClientError: num_factors: '0' is refused; must be an integer from 1 to 2147483647\n"
    )


def test_diverging_is_an_algorithm_error_that_says_what_to_try(tree: JobTree) -> None:
    tree.configure(**SETTINGS, factors_lr=1e30, linear_lr=1e30, epochs=50)
    done = tree.train()
    assert done.returncode == 1
    assert tree.failure().startswith("AlgorithmError: training diverged in epoch 0, mini-batch ")
    assert "Lower the learning rates" in tree.failure()
    assert "Traceback" not in done.stdout
    assert list(tree.model_folder.iterdir()) == []


def test_a_full_disk_is_an_internal_error_that_names_file_and_size(tree: JobTree) -> None:
    limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *tree.command()]  # 512 bytes each
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = tree.failure().splitlines()
    expected = (
        r"InternalServerError: the disk is full: File too large after [\d,]+ bytes of .*, at /.*"
    )
    assert re.fullmatch(expected, line)
    assert "Traceback" not in done.stdout
    assert list(tree.model_folder.iterdir()) == []


def test_too_wide_a_model_is_said_with_its_sizes(
    tree: JobTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.configure(**{**SETTINGS, "num_factors": 2**31 - 1})
    assert main(tree.root) == 2
    expected = (
        "ClientError: SageMaker's artifact holds every feature: 2147483648 values for each of 900 "
        "features are 7,730,941,132,800 bytes; at most "
    )
    assert tree.failure().startswith(expected)


def test_an_earlier_failure_is_forgotten(
    tree: JobTree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRLOOM_REPORT", "false")
    tree.configure(num_factors=1)
    assert main(tree.root) == 2
    tree.configure(**SETTINGS)
    assert main(tree.root) == 0
    assert not (tree.root / "output" / "failure").exists()


def test_model_of_an_earlier_run_is_not_left_beside_a_failure(
    tree: JobTree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRLOOM_REPORT", "false")
    tree.configure(**SETTINGS)
    assert main(tree.root) == 0
    assert [path.name for path in tree.model_folder.iterdir()] == ["model_algo-1"]
    tree.configure(**{**SETTINGS, "num_factors": 0})
    assert main(tree.root) == 2
    assert list(tree.model_folder.iterdir()) == []


def test_scratch_of_a_killed_run_is_taken_away(
    tree: JobTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRLOOM_REPORT", "false")
    scratch = tree.model_folder / ".pairloom-abcdef"
    scratch.mkdir(parents=True)
    (scratch / "model_algo-1").write_text("half a model")
    assert main(tree.root) == 0
    assert [path.name for path in tree.model_folder.iterdir()] == ["model_algo-1"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PAIRLOOM_CHECKPOINT_SECONDS", "0"),
        ("PAIRLOOM_CHECKPOINT_SECONDS", "soon"),
        ("PAIRLOOM_CHECKPOINT_EPOCHS", "1.5"),
        ("PAIRLOOM_REPORT", "maybe"),
        ("PAIRLOOM_PIPE_WAIT_SECONDS", "nan"),
    ],
)
def test_a_bad_environment_variable_is_a_client_error(
    name: str, text: str, tree: JobTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)
    assert main(tree.root) == 2
    assert tree.failure().startswith(f"ClientError: {name}: '{text}' is refused; must be ")
