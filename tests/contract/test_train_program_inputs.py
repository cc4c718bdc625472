"""What the channels of a job may be: formats, compression, models to start from, several hosts."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sagemaker_sdk import sdk_python

from contract.job_tree import WITHOUT_REPORT, JobTree
from integration.runs import dense_rows, one_hot_rows
from pairloom.batch import RowBatch
from pairloom.container.train import main
from pairloom.formats import write_libsvm, write_recordio
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import train

DENSE = {"num_factors": 4, "predictor_type": "regressor", "epochs": 2, "mini_batch_size": 100}
SPARSE = {"feature_dim": 900, "num_factors": 4, "predictor_type": "binary_classifier"}


@pytest.fixture(autouse=True)
def _no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRLOOM_REPORT", "false")


def trained(tree: JobTree) -> Model:
    assert main(tree.root) == 0
    return Model.load(tree.model_folder / "model_algo-1")


def table(num_rows: int = 400) -> npt.NDArray[np.float32]:
    """Return the label, then numbers, none of them whole: a column each."""
    rows = dense_rows(num_rows, feature_dim=5, density=1.0)
    assert rows.labels is not None
    assert rows.values is not None
    return np.column_stack([rows.labels, rows.values]).astype(np.float32)


def expected_model(tmp_path: Path) -> Model:
    """Train on the same numbers in recordio-protobuf."""
    tree = JobTree(tmp_path / "recordio")
    numbers = table()
    write_recordio(tree.channel("train") / "rows.pbr", numbers[:, 1:], numbers[:, 0])
    tree.configure(feature_dim=5, **DENSE)
    return trained(tree)


def assert_same_parameters(model: Model, expected: Model) -> None:
    assert model.bias == expected.bias
    np.testing.assert_array_equal(model.linear_weights, expected.linear_weights)
    np.testing.assert_array_equal(model.factors, expected.factors)


@pytest.mark.parametrize("content_type", ["text/csv", "text/csv; label_size=1"])
def test_csv_has_no_header_and_its_label_in_the_first_column(
    content_type: str, tmp_path: Path
) -> None:
    tree = JobTree(tmp_path / "csv")
    lines = [",".join(repr(float(value)) for value in row) for row in table()]
    (tree.channel("train", content_type) / "part").write_text("\n".join(lines) + "\n")
    tree.configure(**DENSE)  # the width is that of the rows
    model = trained(tree)
    assert model.feature_dim == 5
    assert_same_parameters(model, expected_model(tmp_path))


def test_weights_come_from_a_column_that_is_named(tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "csv")
    numbers = table()
    weights = np.arange(len(numbers), dtype=np.float32) % 4
    lines = [
        ",".join(repr(float(value)) for value in (weight, *row))
        for weight, row in zip(weights, numbers, strict=True)
    ]
    folder = tree.channel("train", "text/csv; header=present")
    (folder / "part.csv").write_text("\n".join(["w,label,a,b,c,d,e", *lines]))
    tree.configure(feature_dim=5, weight_feature="w", **DENSE)
    values = np.ascontiguousarray(numbers[:, 1:])
    rows = RowBatch(5, values=values, labels=numbers[:, 0].copy(), weights=weights)
    expected = train(rows, resolve({"feature_dim": 5, **DENSE})).model
    assert_same_parameters(trained(tree), expected)


def test_csv_may_have_a_header(tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "csv")
    lines = [",".join(repr(float(value)) for value in row) for row in table()]
    folder = tree.channel("train", "text/csv; header=present")
    (folder / "part.csv").write_text("\n".join(["label,a,b,c,d,e", *lines]))
    tree.configure(feature_dim=5, **DENSE)
    assert_same_parameters(trained(tree), expected_model(tmp_path))


def test_parquet_has_a_column_named_label(tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "parquet")
    numbers = table()
    columns = {name: numbers[:, column] for column, name in enumerate(["label", *"abcde"])}
    file = tree.channel("train", "application/x-parquet") / "rows.parquet"
    pq.write_table(pa.table(columns), file)
    tree.configure(**DENSE)
    assert_same_parameters(trained(tree), expected_model(tmp_path))


def test_libsvm_text_and_compressed_recordio_give_one_model(tmp_path: Path) -> None:
    rows = one_hot_rows(600)
    text, packed = JobTree(tmp_path / "libsvm"), JobTree(tmp_path / "recordio")
    write_libsvm(text.channel("train", "text/x-libsvm; charset=utf-8") / "rows", rows)
    file = tmp_path / "rows.pbr"
    write_recordio(file, rows)
    (packed.channel("train") / "rows").write_bytes(gzip.compress(file.read_bytes()))
    for tree in (text, packed):
        tree.configure(**SPARSE)
    assert_same_parameters(trained(text), trained(packed))


def test_hashing_needs_no_width(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(600))
    tree.configure(num_factors=4, predictor_type="binary_classifier", hash_bits=8)
    assert trained(tree).feature_dim == 256


def test_bare_folder_without_channel_and_host_files_is_a_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = JobTree(tmp_path)
    for name, seed in (("train", 0), ("test", 1)):
        tree.shards(name, one_hot_rows(600, seed=seed))
    tree.configure(**SPARSE)
    for name in ("inputdataconfig", "resourceconfig"):
        (tmp_path / "input" / "config" / f"{name}.json").unlink()
    trained(tree)
    assert "#test_score (algo-1)" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["model.tar.gz", "model_algo-1"])
def test_artifact_of_sagemaker_starts_with_new_optimizer_state(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = JobTree(tmp_path / "first")
    first.shards("train", one_hot_rows(600))
    first.configure(**SPARSE)
    model = trained(first)
    second = JobTree(tmp_path / "second")
    second.shards("train", one_hot_rows(600, seed=1))
    model.save(second.channel("model", "application/x-sagemaker-model") / name)
    second.configure(**SPARSE, bias_lr=0, linear_lr=0, factors_lr=0)
    capsys.readouterr()
    assert_same_parameters(trained(second), model)  # nothing moves at rates of 0
    assert "The optimizer state starts anew" in capsys.readouterr().out


def test_native_model_goes_on_with_its_optimizer_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recordio(tmp_path / "rows.pbr", one_hot_rows(600))
    run = ["pairloom", "train", "--train", "rows.pbr", "--output", "half", "--feature-dim", "900",
           "--num-factors", "4", "--predictor-type", "binary_classifier", "--epochs", "2",
           "--save-state", "--quiet"]  # fmt: skip
    subprocess.run([sys.executable, "-m", *run], check=True, cwd=tmp_path)
    whole, rest = JobTree(tmp_path / "whole"), JobTree(tmp_path / "rest")
    for tree, epochs in ((whole, 4), (rest, 2)):
        tree.shards("train", one_hot_rows(600))
        if tree is rest:
            half = (tmp_path / "half" / "model.pairloom").read_bytes()
            (tree.channel("model") / "half.pairloom").write_bytes(half)
        tree.configure(**SPARSE, epochs=epochs)
    assert_same_parameters(trained(rest), trained(whole))
    assert "its optimizer state." in capsys.readouterr().out


def test_model_channel_must_hold_one_model(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(100))
    (tree.channel("model") / "weights.bin").write_bytes(b"\0")
    tree.configure(**SPARSE)
    assert main(tmp_path) == 2
    rule = "must hold one model, model.tar.gz, model_algo-1 or *.pairloom; it holds weights.bin"
    assert rule in tree.failure()


def test_of_several_hosts_the_first_writes_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for host in ("algo-1", "algo-2"):
        tree = JobTree(tmp_path / host)
        tree.shards("train", one_hot_rows(600))
        tree.configure({"current_host": host, "hosts": ["algo-1", "algo-2"]}, **SPARSE)
        assert main(tree.root) == 0
        log = capsys.readouterr().out
        assert f"Host {host} of 2, algo-1, algo-2: each trains a model of its own on" in log
        assert f"#quality_metric: host={host}, epoch=0, train binary_f_1.000 <score>=" in log
        assert (tree.model_folder / "model_algo-1").exists() is (host == "algo-1")
        folder = tree.output_data if host == "algo-1" else tree.output_data / host
        assert [path.name for path in folder.iterdir()] == ["metrics.json"]


SDK_WRITES = """
import sys
import numpy as np
from scipy import sparse
from sagemaker.amazon.common import write_numpy_to_dense_tensor, write_spmatrix_to_sparse_tensor

folder = sys.argv[1]
draw = np.random.default_rng(0)
values, labels = draw.normal(size=(300, 20)).astype("float32"), draw.integers(0, 2, 300)
with open(f"{folder}/matrix_0.pbr", "wb") as file:
    write_numpy_to_dense_tensor(file, values, labels.astype("float32"))
open(f"{folder}/.amazon.manifest", "w").write('[{"prefix": "s3://bucket/"}, "matrix_0.pbr"]')
"""


def test_files_of_the_sdk_are_trained_on(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    folder = tree.channel("train")
    environment = os.environ | {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    subprocess.run([sdk_python(), "-c", SDK_WRITES, str(folder)], check=True, env=environment)
    tree.configure(feature_dim=20, num_factors=4, predictor_type="binary_classifier")
    done = tree.train(**WITHOUT_REPORT)
    assert done.returncode == 0
    assert "Read channel train: 300 rows of 20 features, dense" in done.stdout
