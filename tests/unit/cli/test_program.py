"""What the program says and returns, without a process of its own."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from pairloom import Model
from pairloom.cli import main
from pairloom.data import RowFiles
from pairloom.errors import PlatformError
from pairloom.formats import write_recordio
from pairloom.formats.array_files import read_array_file

SHAPE = ("--feature-dim", "6", "--num-factors", "2", "--predictor-type", "regressor")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with dense rows as `rows.npz` and `rows.pbr`, and a trained regressor `model`."""
    folder = tmp_path_factory.mktemp("files")
    values = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    np.savez(folder / "rows.npz", values=values, labels=values.sum(axis=1))
    write_recordio(folder / "rows.pbr", read_array_file(folder / "rows.npz"))
    code = main(["train", "--train", str(folder / "rows.pbr"), "--output", str(folder / "model"),
                 *SHAPE, "--quiet"])  # fmt: skip
    assert code == 0
    return folder


def test_version_names_the_program_and_the_instruction_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert re.fullmatch(r"pairloom \d+\.\d+\.\d+\S*, (avx2|baseline)\n", capsys.readouterr().out)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with sparse rows as `rows.npz`, and a classifier `model` of feature 2's sign."""
    folder = tmp_path_factory.mktemp("classifier")
    signs = np.array([1, -1] * 100, np.float32)
    np.savez(folder / "rows.npz", data=signs, indices=np.full(200, 2), indptr=np.arange(201),
             shape=(200, 6), labels=signs > 0)  # fmt: skip
    code = main(["train", "--train", str(folder / "rows.npz"), "--test", str(folder / "rows.npz"),
                 "--output", str(folder / "model"), *SHAPE[:-1], "binary_classifier",
                 "--linear-lr", "0.1", "--mini-batch-size", "20", "--quiet"])  # fmt: skip
    assert code == 0
    return folder


TRAIN = ("train", "--train", "{files}/rows.pbr", "--output", "{out}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("trian",), "invalid choice: 'trian'"),
        (("train", *SHAPE), "required: --train, --output"),
        (TRAIN, "num_factors: missing; must be an integer from 1"),
        ((*TRAIN, "--num-factor", "4"), "no argument --num-factor; did you mean --num-factors?"),
        ((*TRAIN, *SHAPE, "--zzz"), "no argument --zzz; `pairloom train --help` lists them"),
        ((*TRAIN, *SHAPE, "--epochs", "many"), "epochs: 'many' is refused; must be an integer"),
        ((*TRAIN, *SHAPE, "--threads", "0"), "'0' is refused; must be an integer from 1"),
        ((*TRAIN, *SHAPE, "--early-stopping"), "early_stopping needs validation rows"),
        ((*TRAIN, *SHAPE, "--feature-dim", "7"), "7"),
        ((*TRAIN, *SHAPE, "--test", "nowhere.pbr"), "nowhere.pbr: No such file or directory"),
        (("train", "--train", "{files}/rows.npz", "--output", "{out}", *SHAPE, "--feature-dim",
          "7"), "rows.npz: rows are 6 wide; feature_dim is 7"),
        (("train", "--train", "{files}/rows.npz", "--output", "{files}/model", *SHAPE),
         "model: holds an earlier run; name a new folder or add --overwrite"),
        (("train", "--train", "{files}/rows.npz", "--output", "{files}", *SHAPE),
         "holds model, no part of a run; name a new folder"),
        (("train", "--train", "{files}/rows.npz", "--output", "{files}/rows.pbr", *SHAPE),
         "rows.pbr: exists and is not a folder"),
        (("train", "--train", "{files}/model/metrics.json", "--output", "{out}", *SHAPE),
         "metrics.json"),
        (("evaluate", "--model", "{files}", "--data", "{files}/rows.pbr"),
         "holds no model.pairloom"),
        (("evaluate", "--model", "{files}/rows.pbr", "--data", "{files}/rows.pbr"),
         "rows.pbr: not a readable Pairloom model: byte 0"),
        (("convert", "{files}/rows.pbr", "{out}.xls"), "cannot write .xls; expected one of .pbr"),
        (("convert", "{files}/rows.pbr", "{out}.npy"), "a .npy file cannot hold labels"),
        (("convert", "{files}/rows.pbr", "{out}.pbr", "--labels", "{files}/rows.npz"),
         "the rows have labels already"),
    ],
)  # fmt: skip
def test_user_error_is_one_line_and_exit_code_2(
    files: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    code = main([argument.format(files=files, out=tmp_path / "out") for argument in arguments])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert message in printed.err
    assert printed.err.startswith("pairloom: ")
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PlatformError("the disk\nis full"), "pairloom: the disk; is full\n"),
        (MemoryError("no memory for 9 GB"), "pairloom: out of memory: no memory for 9 GB\n"),
        (OSError(28, "No space left on device", "run"), "pairloom: run: No space left on device\n"),
        (
            ZeroDivisionError("x"),
            "pairloom: unexpected ZeroDivisionError: x; --debug shows where\n",
        ),
    ],
)
def test_error_of_ours_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    message: str,
) -> None:
    def fail(self: RowFiles, path: Path, feature_dim: int, predictor_type: str) -> None:
        raise error

    monkeypatch.setattr(RowFiles, "read_labelled", fail)

    code = main(["train", "--train", "x", "--output", "new-folder", *SHAPE])

    assert (code, capsys.readouterr().err) == (1, message)


def test_warning_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: Path
) -> None:
    def warn(self: RowFiles, path: Path, feature_dim: int, predictor_type: str) -> None:
        warnings.simplefilter("always")
        warnings.warn("2 records were sorted", UserWarning, stacklevel=1)
        raise FileNotFoundError(2, "No such file or directory", "gone")

    monkeypatch.setattr(RowFiles, "read_labelled", warn)

    assert main(["train", "--train", "x", "--output", "new-folder", *SHAPE]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pairloom: warning: 2 records were sorted"


def test_regressor_is_evaluated_without_a_confusion_matrix(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["evaluate", "--model", str(files / "model"), "--data", str(files / "rows.npz")])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == ["rows", "rmse", "mse", "absolute_loss"]


def test_regressor_predicts_scores_alone(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["predict", "--model", str(files / "model"), "--data", str(files / "rows.npz")])

    lines = capsys.readouterr().out.splitlines()
    assert (code, len(lines)) == (0, 40)
    assert all(line.startswith('{"score": ') and "label" not in line for line in lines)


def test_inspect_sums_up_real_valued_labels(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(files / "rows.npz")]) == 0

    labels = np.load(files / "rows.npz")["labels"]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"labels    40 different, {labels.min():.4g} to {labels.max():.4g}")


def test_hyperparameter_without_effect_is_named(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["train", "--train", str(files / "rows.npz"), "--output", str(tmp_path / "run"),
                 *SHAPE, "--bias-init-scale", "0.5"])  # fmt: skip

    assert code == 0
    assert capsys.readouterr().err.startswith("bias_init_scale has no effect with these settings\n")


def test_classifier_is_evaluated_with_its_confusion_matrix(
    classifier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--model", str(classifier / "model"),
                 "--data", str(classifier / "rows.npz")]  # fmt: skip
    assert (main(arguments), main([*arguments, "--json"])) == (0, 0)

    printed = capsys.readouterr().out
    table, report = printed[: printed.index("{")], json.loads(printed[printed.index("{") :])
    assert [line.split() for line in table.splitlines()[-2:]] == [
        ["actual", "0", "100", "0"],
        ["actual", "1", "0", "100"],
    ]
    assert report["metrics"]["auc"] == 1.0
    assert report["confusion_matrix"] == {
        "true_negatives": 100,
        "false_positives": 0,
        "false_negatives": 0,
        "true_positives": 100,
    }


def test_classifier_predicts_labels(classifier: Path, tmp_path: Path) -> None:
    code = main(["predict", "--model", str(classifier / "model"), "--data",
                 str(classifier / "rows.npz"), "--output", str(tmp_path / "lines")])  # fmt: skip

    lines = (tmp_path / "lines").read_text().splitlines()
    labels = [json.loads(line)["predicted_label"] for line in lines]
    assert code == 0
    assert labels == [1, 0] * 100


def test_inspect_lists_the_strongest_weights_first(
    classifier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(classifier / "model"), "--top", "3"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "feature_dim         6, of which 1 trained"
    assert lines[-4] == "strongest linear weights, 3 of 6"
    assert lines[-3].split()[:2] == ["feature", "2"]


def test_convert_adds_labels(files: Path, tmp_path: Path) -> None:
    rows = np.load(files / "rows.npz")
    np.save(tmp_path / "values.npy", rows["values"])
    np.save(tmp_path / "labels.npy", rows["labels"])

    code = main(["convert", str(tmp_path / "values.npy"), str(tmp_path / "rows.pbr"),
                 "--labels", str(tmp_path / "labels.npy"), "--quiet"])  # fmt: skip

    assert code == 0
    assert (tmp_path / "rows.pbr").read_bytes() == (files / "rows.pbr").read_bytes()


def test_convert_raises_when_labels_are_too_few(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "values.npy", np.load(files / "rows.npz")["values"])
    np.save(tmp_path / "labels.npy", np.zeros(39))

    code = main(["convert", str(tmp_path / "values.npy"), str(tmp_path / "rows.pbr"),
                 "--labels", str(tmp_path / "labels.npy")])  # fmt: skip

    assert code == 2
    assert "39 labels; expected one for each of the 40 rows" in capsys.readouterr().err


def test_convert_refuses_to_drop_row_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "rows.npz", values=np.eye(3), weights=[1, 2, 3])

    assert main(["convert", str(tmp_path / "rows.npz"), str(tmp_path / "rows.pbr")]) == 2
    assert (
        "recordio-protobuf holds row weights under a name; --weight-feature says it"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "rows.pbr").exists()


def test_inspect_lists_the_sections_of_a_model_file(
    classifier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(classifier / "model")]) == 0

    out = capsys.readouterr().out
    size = (classifier / "model" / "model.pairloom").stat().st_size
    assert f"file of {size:,} bytes, format version 1" in out
    assert re.search(r"^  rows +4096 +\d+  [0-9a-f]{8}$", out, re.MULTILINE)


def test_inspect_verify_names_what_is_wrong_and_where(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = classifier / "model" / "model.pairloom"
    assert main(["inspect", "--verify", str(whole)]) == 0
    assert capsys.readouterr().out == f"{whole}: every byte is as it was written\n"

    broken = bytearray(whole.read_bytes())
    broken[4096:4100] = np.float32(np.nan).tobytes()
    (tmp_path / "model.pairloom").write_bytes(broken)
    assert main(["inspect", "--verify", str(tmp_path / "model.pairloom")]) == 2
    error = capsys.readouterr().err
    assert "section rows, bytes 4096 to " in error
    assert "section rows, byte 4096: row 0: factor 0 is not finite" in error


def test_inspect_verify_reads_the_artifact_of_sagemaker(classifier: Path, tmp_path: Path) -> None:
    Model.load(classifier / "model" / "model.pairloom").save(tmp_path / "model.tar.gz")
    assert main(["inspect", str(tmp_path / "model.tar.gz")]) == 0
    assert main(["inspect", "--verify", str(tmp_path / "model.tar.gz")]) == 0
    content = (tmp_path / "model.tar.gz").read_bytes()
    (tmp_path / "model.tar.gz").write_bytes(content[:-9])
    assert main(["inspect", "--verify", str(tmp_path / "model.tar.gz")]) == 2
    assert main(["inspect", "--verify", str(classifier / "rows.npz")]) == 2


def test_training_goes_on_from_a_saved_state_to_the_same_bytes(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(name: str, epochs: int, *more: str) -> Path:
        arguments = ["train", "--train", str(files / "rows.pbr"), "--shuffle", *SHAPE, *more]
        folder = tmp_path / name
        assert main([*arguments, "--output", str(folder), "--epochs", str(epochs)]) == 0
        return folder

    whole = Model.load(run("whole", 3) / "model.pairloom")
    run("part", 2, "--save-state")
    rest = Model.load(run("rest", 1, "--start-from", str(tmp_path / "part")) / "model.pairloom")
    assert rest.factors.tobytes() == whole.factors.tobytes()
    assert "with its optimizer state" in capsys.readouterr().err
    assert rest.optimizer_state is None
    run("anew", 1, "--start-from", str(tmp_path / "rest" / "model.pairloom"))
    assert "with new optimizer state" in capsys.readouterr().err
