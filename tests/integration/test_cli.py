"""The program `pairloom`, run as a process on a slice of MNIST."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from mnist import MnistPart, load_mnist

from oracle.plain_artifact import read_plain
from pairloom.formats import write_recordio

SHAPE = ["--feature-dim", "784", "--num-factors", "4", "--predictor-type", "binary_classifier"]
NUM_TRAIN, NUM_TEST = 2_000, 500


@pytest.fixture(scope="module")
def test_part() -> MnistPart:
    return load_mnist().test.slice(0, NUM_TEST)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, test_part: MnistPart) -> Path:
    """Folder with `train.pbr`, `test.pbr` and a trained `model`."""
    folder = tmp_path_factory.mktemp("mnist")
    write_recordio(folder / "train.pbr", load_mnist().train.slice(0, NUM_TRAIN).rows())
    write_recordio(folder / "test.pbr", test_part.rows())
    trained = pairloom("train", "--train", folder / "train.pbr", "--output", folder / "model",
                       *SHAPE, "--mini-batch-size", "50", "--epochs", "2", "--test",
                       folder / "test.pbr", "--validation", folder / "test.pbr")  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pairloom", *map(str, arguments)]


def pairloom(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, timeout=120
    )


def scores_in_float64(model: Path, pixels: np.ndarray) -> np.ndarray:
    parts = read_plain(model / "model.pairloom")
    x, v = pixels.astype(np.float64), parts.factors.astype(np.float64)
    gram = v @ v.T
    np.fill_diagonal(gram, 0)
    linear = parts.linear_weights.astype(np.float64)
    scores = parts.bias + x @ linear + 0.5 * np.sum(x @ gram * x, axis=1)
    return np.asarray(scores)


def test_train_writes_the_model_and_its_metrics(files: Path) -> None:
    assert sorted(path.name for path in (files / "model").iterdir()) == [
        "metrics.json",
        "model.pairloom",
        "scores.npz",
    ]
    metrics = json.loads((files / "model" / "metrics.json").read_text())
    assert metrics["hyperparameters"]["mini_batch_size"] == 50
    assert metrics["hyperparameters"]["epochs"] == 2
    assert [epoch["epoch"] for epoch in metrics["history"]] == [0, 1]
    # The validation rows are the test rows here.
    last = metrics["history"][-1]["validation"]
    assert last == metrics["test"]
    assert set(metrics["seconds"]) == {"reading", "training", "testing", "scoring"}


def test_train_tells_each_epoch_in_a_plain_line_without_a_terminal(
    files: Path, tmp_path: Path
) -> None:
    done = pairloom("train", "--train", files / "train.pbr", "--output", tmp_path / "run", *SHAPE,
                    "--epochs", 3, "--test", files / "test.pbr")  # fmt: skip

    lines = done.stderr.splitlines()
    assert done.returncode == 0
    assert "\r" not in done.stderr
    assert [line[:12] for line in lines[:3]] == ["epoch 1 of 3", "epoch 2 of 3", "epoch 3 of 3"]
    assert all("loss 0." in line and "rows/s" in line for line in lines[:3])
    assert lines[3:] == [f"{tmp_path / 'run'}: model and metrics written"]
    assert done.stdout.startswith("test binary_classification_accuracy ")


def test_train_says_nothing_but_results_when_quiet(files: Path, tmp_path: Path) -> None:
    done = pairloom("--quiet", "train", "--train", files / "train.pbr", "--output",
                    tmp_path / "run", *SHAPE)  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_train_draws_a_bar_on_a_terminal(files: Path, tmp_path: Path) -> None:
    shown = shown_on_terminal(files, tmp_path, columns=100)

    bars = [part for part in shown.split("\r") if part.startswith("training |")]
    assert any("rows/s" in bar and "loss 0." in bar and "left" in bar for bar in bars)
    assert "epoch 60 of 60" in shown


def test_train_draws_no_bar_on_a_terminal_of_unknown_size(files: Path, tmp_path: Path) -> None:
    shown = shown_on_terminal(files, tmp_path, columns=0)

    assert "training |" not in shown
    assert "epoch 60 of 60" in shown


def shown_on_terminal(files: Path, tmp_path: Path, columns: int) -> str:
    arguments = command("train", "--train", files / "train.pbr", "--output", tmp_path / "run",
                        *SHAPE, "--epochs", 60)  # fmt: skip
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 30, columns, 0, 0))
    with subprocess.Popen(arguments, stderr=end) as process:
        os.close(end)
        shown = read_terminal(terminal)
    assert process.returncode == 0
    return shown


def read_terminal(terminal: int) -> str:
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the other end has closed
            piece = b""
        if not piece:
            os.close(terminal)
            return shown.decode()
        shown += piece


def test_model_is_the_same_at_any_number_of_threads(files: Path, tmp_path: Path) -> None:
    for threads in (1, 3):
        done = pairloom("train", "--train", files / "train.pbr", "--output",
                        tmp_path / str(threads), *SHAPE, "--threads", threads,
                        "--seed", 5)  # fmt: skip
        assert done.returncode == 0

    one, three = (tmp_path / str(threads) / "model.pairloom" for threads in (1, 3))
    assert one.read_bytes() == three.read_bytes()


def test_predict_answers_what_the_formula_gives(files: Path, test_part: MnistPart) -> None:
    done = pairloom("predict", "--model", files / "model", "--data", files / "test.pbr")

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    expected = 1 / (1 + np.exp(-scores_in_float64(files / "model", test_part.pixels())))
    scores = np.array([answer["score"] for answer in answers])
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)
    assert [answer["predicted_label"] for answer in answers] == (scores >= 0.5).astype(int).tolist()


def test_predict_writes_the_same_lines_to_a_file(files: Path, tmp_path: Path) -> None:
    arguments = (
        "predict",
        "--model",
        files / "model" / "model.pairloom",
        "--data",
        files / "test.pbr",
    )
    printed = pairloom(*arguments)
    written = pairloom(*arguments, "--output", tmp_path / "scores.jsonl")

    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "scores.jsonl").read_text() == printed.stdout


def test_predict_ends_quietly_when_its_reader_leaves(files: Path) -> None:
    arguments = command("predict", "--model", files / "model", "--data", files / "test.pbr")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            arguments, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=120
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


def test_evaluate_counts_what_predict_answers(files: Path, test_part: MnistPart) -> None:
    predicted = pairloom("predict", "--model", files / "model", "--data", files / "test.pbr")
    evaluated = pairloom("evaluate", "--model", files / "model", "--data", files / "test.pbr",
                         "--json")  # fmt: skip

    called = np.array(
        [json.loads(line)["predicted_label"] for line in predicted.stdout.splitlines()]
    )
    actual = np.where(test_part.digits == 0, 1, 0)
    report = json.loads(evaluated.stdout)
    assert report["rows"] == NUM_TEST
    assert report["confusion_matrix"] == {
        "true_negatives": int(np.sum((actual == 0) & (called == 0))),
        "false_positives": int(np.sum((actual == 0) & (called == 1))),
        "false_negatives": int(np.sum((actual == 1) & (called == 0))),
        "true_positives": int(np.sum((actual == 1) & (called == 1))),
    }
    accuracy = report["metrics"]["binary_classification_accuracy"]
    assert accuracy == pytest.approx(np.mean(actual == called))
    assert report["metrics"] == json.loads((files / "model" / "metrics.json").read_text())["test"]


def test_evaluate_prints_metrics_and_confusion_matrix(files: Path) -> None:
    done = pairloom("evaluate", "--model", files / "model", "--data", files / "test.pbr")

    lines = done.stdout.splitlines()
    assert lines[0].split() == ["rows", "500"]
    assert "predicted 1" in lines[-3]
    assert (lines[-2].split()[:2], lines[-1].split()[:2]) == (["actual", "0"], ["actual", "1"])


def test_inspect_describes_a_model(files: Path) -> None:
    done = pairloom("inspect", files / "model", "--top", 2)

    weights = read_plain(files / "model" / "model.pairloom").linear_weights
    strongest = int(np.argmax(np.abs(weights)))
    assert "num_factors         4" in done.stdout
    assert "  mini_batch_size                 50" in done.stdout
    listed = [line for line in done.stdout.splitlines() if line.startswith("  feature ")]
    assert len(listed) == 2
    assert listed[0].split() == ["feature", str(strongest), f"{weights[strongest]:+.6g}"]


def test_inspect_describes_rows(files: Path, test_part: MnistPart) -> None:
    done = pairloom("inspect", files / "test.pbr")

    zeros = int(np.sum(test_part.digits == 0))
    nonzeros = np.count_nonzero(test_part.images)
    words = [line.split() for line in done.stdout.splitlines()]
    assert words[0] == ["rows", "500,", "dense"]
    assert words[1] == ["width", "784"]
    assert words[2][:2] == ["nonzeros", f"{nonzeros:,},"]
    assert words[3][:4] == ["label", "0", str(500 - zeros), "rows,"]
    assert words[4][:4] == ["label", "1", str(zeros), "rows,"]


def test_convert_there_and_back_gives_the_same_bytes(files: Path, tmp_path: Path) -> None:
    there = pairloom("convert", files / "test.pbr", tmp_path / "test.npz")
    back = pairloom("convert", tmp_path / "test.npz", tmp_path / "back.pbr")

    assert (there.returncode, back.returncode) == (0, 0)
    assert there.stderr == f"{tmp_path / 'test.npz'}: 500 dense rows of width 784, with labels\n"
    assert (tmp_path / "back.pbr").read_bytes() == (files / "test.pbr").read_bytes()


def test_convert_joins_values_and_labels(files: Path, tmp_path: Path, test_part: MnistPart) -> None:
    np.save(tmp_path / "values.npy", test_part.pixels())
    np.save(tmp_path / "labels.npy", test_part.zero_labels())

    done = pairloom("convert", tmp_path / "values.npy", tmp_path / "joined.pbr",
                    "--labels", tmp_path / "labels.npy")  # fmt: skip

    assert done.returncode == 0
    assert (tmp_path / "joined.pbr").read_bytes() == (files / "test.pbr").read_bytes()


def test_array_file_trains_the_same_model_as_recordio(files: Path, tmp_path: Path) -> None:
    pairloom("convert", files / "train.pbr", tmp_path / "train.npz")
    for name in (files / "train.pbr", tmp_path / "train.npz"):
        done = pairloom("train", "--train", name, "--output", tmp_path / name.suffix[1:], *SHAPE)
        assert done.returncode == 0

    recordio, arrays = (tmp_path / name / "model.pairloom" for name in ("pbr", "npz"))
    assert recordio.read_bytes() == arrays.read_bytes()


def test_folder_of_files_trains_the_same_model_as_one(files: Path, tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    train = load_mnist().train
    write_recordio(tmp_path / "shards" / "a.pbr", train.slice(0, 700).rows())
    write_recordio(tmp_path / "shards" / "b.pbr", train.slice(700, NUM_TRAIN).rows())
    for name in (files / "train.pbr", tmp_path / "shards"):
        done = pairloom("train", "--train", name, "--output", tmp_path / f"of-{name.stem}", *SHAPE)
        assert done.returncode == 0

    one, several = (tmp_path / f"of-{name}" / "model.pairloom" for name in ("train", "shards"))
    assert one.read_bytes() == several.read_bytes()


def test_user_error_is_one_line_and_exit_code_2(files: Path, tmp_path: Path) -> None:
    done = pairloom("train", "--train", files / "train.pbr", "--output", tmp_path / "run",
                    *SHAPE, "--epoch", 3)  # fmt: skip

    assert done.returncode == 2
    assert done.stderr == (
        "pairloom: pairloom train has no argument --epoch; did you mean --epochs?\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_labels_of_a_classifier_other_than_0_and_1_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "digits.npz", values=np.eye(784, dtype=np.float32)[:3], labels=[0, 1, 7])

    done = pairloom("train", "--train", tmp_path / "digits.npz", "--output", tmp_path / "run",
                    *SHAPE)  # fmt: skip

    assert done.returncode == 2
    assert "digits.npz: row 2 has the label 7" in done.stderr


def test_divergence_is_one_line_and_exit_code_1(files: Path, tmp_path: Path) -> None:
    done = pairloom("train", "--train", files / "train.pbr", "--output", tmp_path / "run", *SHAPE,
                    "--factors-lr", "1e30", "--quiet")  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith("pairloom: training diverged in epoch 0, mini-batch ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(files: Path) -> None:
    done = pairloom("evaluate", "--model", files, "--data", files / "test.pbr", "--debug")

    assert done.returncode == 2
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "pairloom.errors.UserError" in done.stderr


def test_interrupt_is_one_line_and_exit_code_130(files: Path, tmp_path: Path) -> None:
    arguments = command("train", "--train", files / "train.pbr", "--output", tmp_path / "run",
                        *SHAPE, "--epochs", 1_000_000)  # fmt: skip
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("epoch 1 of 1000000")
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        last_line = process.stderr.readlines()[-1]

    assert process.returncode == 130
    assert time.monotonic() - sent < 5
    assert last_line == "pairloom: interrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_overwrite_replaces_an_earlier_run(files: Path, tmp_path: Path) -> None:
    arguments = ("train", "--train", files / "train.pbr", "--output", tmp_path / "run", *SHAPE)
    assert pairloom(*arguments, "--epochs", 1).returncode == 0

    assert pairloom(*arguments, "--epochs", 2, "--overwrite").returncode == 0

    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["epochs_run"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_script_and_module_are_the_same_program() -> None:
    script = Path(sys.executable).with_name("pairloom")

    shown = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)

    assert shown.stdout == pairloom("--help").stdout
    assert all(name in shown.stdout for name in ("convert", "train", "evaluate", "predict"))
