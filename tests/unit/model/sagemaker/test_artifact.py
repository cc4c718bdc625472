from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.model.sagemaker.artifact import is_artifact, read_artifact, write_artifact
from pairloom.model.sagemaker.model_zip import SageMakerModel
from unit.model.sagemaker.artifacts import (
    NAMES,
    PARAMS,
    SYMBOL,
    W0,
    array_list,
    model_zip,
    row_sparse,
    small_model,
    tar_gz,
    zip_bytes,
)

FILE_NAMES = ("model.tar.gz", "model_algo-1")


def assert_same(read: SageMakerModel, written: SageMakerModel) -> None:
    assert read.hyperparameters == written.hyperparameters
    assert read.bias == written.bias
    np.testing.assert_array_equal(read.linear_weights, written.linear_weights)
    np.testing.assert_array_equal(read.factors, written.factors)
    np.testing.assert_array_equal(read.trained, written.trained)
    assert read.metadata == written.metadata


@pytest.mark.parametrize("name", FILE_NAMES)
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    model = small_model(trained=[0, 3], predictor_type="binary_classifier", factors_lr=0.25)
    write_artifact(tmp_path / name, model)
    assert_same(read_artifact(tmp_path / name), model)


@given(
    feature_dim=st.integers(1, 70),
    num_factors=st.integers(1, 9),
    data=st.data(),
    policy=st.sampled_from(["initial", "zero"]),
)
def test_any_model_is_read_back(
    feature_dim: int,
    num_factors: int,
    data: st.DataObject,
    policy: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    trained = data.draw(st.sets(st.integers(0, feature_dim - 1)))
    model = small_model(feature_dim, num_factors, sorted(trained), untrained_features=policy)
    if policy == "zero":
        model.linear_weights[~model.trained] = 0
        model.factors[~model.trained] = 0
    path = tmp_path_factory.mktemp("artifact") / "model_algo-1"
    write_artifact(path, model)
    assert_same(read_artifact(path), model)


def test_untrained_features_are_left_out_when_they_count_as_zero(tmp_path: Path) -> None:
    model = small_model(trained=[1, 4], untrained_features="zero")
    write_artifact(tmp_path / "model_algo-1", model)
    read = read_artifact(tmp_path / "model_algo-1")
    np.testing.assert_array_equal(read.factors, model.factors * model.trained[:, None])
    np.testing.assert_array_equal(read.linear_weights, model.linear_weights * model.trained)


@pytest.mark.parametrize("name", FILE_NAMES)
def test_equal_models_are_equal_bytes(name: str, tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        write_artifact(tmp_path / folder / name, small_model())
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_archive_names_no_time_and_no_user(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    write_artifact(path, small_model())
    assert path.read_bytes()[4:8] == bytes(4)  # gzip's time
    with tarfile.open(path) as archive:
        (member,) = archive.getmembers()
        content = archive.extractfile(member)
        assert content is not None
        inner = content.read()
    assert (member.name, member.mtime) == ("model_algo-1", 315532800)
    assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        members = archive.infolist()
    assert [one.filename for one in members] == ["pairloom.json", "params", "symbol.json"]
    assert {one.date_time for one in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {one.compress_type for one in members} == {zipfile.ZIP_STORED}


def test_metadata_goes_along(tmp_path: Path) -> None:
    model = small_model()
    metadata = {"feature_names": ["a", "b", "ü", "d", "e"], "hash_bits": None}
    written = SageMakerModel(
        model.hyperparameters, 0.0, model.linear_weights, model.factors, model.trained, metadata
    )
    write_artifact(tmp_path / "model_algo-1", written)
    assert read_artifact(tmp_path / "model_algo-1").metadata == metadata


@pytest.mark.parametrize("output", ["LogisticRegressionOutput", "LinearRegressionOutput"])
def test_graph_names_the_predictor_type_where_nothing_else_does(
    output: str, tmp_path: Path
) -> None:
    symbol = json.dumps({"nodes": [{"op": "null", "name": "data"}, {"op": output}]}).encode()
    path = tmp_path / "model_algo-1"
    path.write_bytes(model_zip(PARAMS, symbol=symbol))
    read = read_artifact(path)
    expected = {"LogisticRegressionOutput": "binary_classifier"}.get(output, "regressor")
    assert read.hyperparameters.predictor_type == expected
    assert read.factors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert read.trained.all()


def test_deflated_members_and_others_beside_them_are_read(tmp_path: Path) -> None:
    members = [("params", PARAMS), ("notes.txt", b"x"), ("symbol.json", SYMBOL)]
    (tmp_path / "model_algo-1").write_bytes(zip_bytes(members, zipfile.ZIP_DEFLATED))
    assert read_artifact(tmp_path / "model_algo-1").bias == 0.5


def test_rows_are_put_where_their_ids_say(tmp_path: Path) -> None:
    ids = [0, 1, 5, 6, 9]
    rows = np.arange(10, dtype=np.float32).reshape(5, 2) + 1
    v = row_sparse(rows, ids, 10)
    w1 = row_sparse([[7], [8]], [2, 9], 10)
    (tmp_path / "model_algo-1").write_bytes(model_zip(array_list([v, w1, W0], NAMES)))
    read = read_artifact(tmp_path / "model_algo-1")
    expected = np.zeros((10, 2), dtype=np.float32)
    expected[ids] = rows
    np.testing.assert_array_equal(read.factors, expected)
    assert read.linear_weights.tolist() == [0, 0, 7, 0, 0, 0, 0, 0, 0, 8]
    assert np.flatnonzero(read.trained).tolist() == [0, 1, 2, 5, 6, 9]


def test_archives_that_other_tars_pack_are_read(tmp_path: Path) -> None:
    here = tarfile.TarInfo("./")
    here.type = tarfile.DIRTYPE
    member = tarfile.TarInfo("./model_algo-1")
    member.pax_headers = {"mtime": "1700000000.25"}
    path = tar_gz(tmp_path / "model.tar.gz", [(here, b""), (member, model_zip(PARAMS))])
    assert read_artifact(path).bias == 0.5


def test_an_artifact_is_told_from_other_files(tmp_path: Path) -> None:
    for name in FILE_NAMES:
        write_artifact(tmp_path / name, small_model())
        assert is_artifact(tmp_path / name)
    np.savez(tmp_path / "rows.npz", values=np.ones(3))
    (tmp_path / "rows.gz").write_bytes(gzip.compress(b"1 2:0.5\n" * 100))
    (tmp_path / "damaged.gz").write_bytes(b"\x1f\x8b\x08")
    (tmp_path / "empty").write_bytes(b"")
    for name in ("rows.npz", "rows.gz", "damaged.gz", "empty"):
        assert not is_artifact(tmp_path / name)


def test_arrays_of_any_piece_are_written_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_model(1000, 3, list(range(0, 1000, 7)), untrained_features="zero")
    write_artifact(tmp_path / "whole", model)
    monkeypatch.setattr("pairloom.model.sagemaker.mxnet_arrays._PIECE_ROWS_BYTES", 100)
    monkeypatch.setattr("pairloom.model.sagemaker.mxnet_array_reader._PIECE_VALUES", 11)
    write_artifact(tmp_path / "pieces", model)
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()
    read = read_artifact(tmp_path / "pieces")
    np.testing.assert_array_equal(read.factors, model.factors * model.trained[:, None])


def test_models_beyond_what_a_plain_zip_can_hold_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 500)
    model = small_model(100, 8)
    write_artifact(tmp_path / "model.tar.gz", model)
    assert_same(read_artifact(tmp_path / "model.tar.gz"), model)


MEASURE = """
import resource, sys
import numpy as np
from pathlib import Path
from pairloom.hyperparameters import resolve
from pairloom.model.sagemaker.artifact import read_artifact, write_artifact
from pairloom.model.sagemaker.model_zip import SageMakerModel

n, k = 1_000_000, 24
settings = resolve({"feature_dim": n, "num_factors": k, "predictor_type": "regressor"})
model = SageMakerModel(settings, 0.0, np.ones(n, "f4"), np.ones((n, k), "f4"), np.ones(n, bool))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
write_artifact(Path(sys.argv[1]), model)
print(peak() - before)
del model
before = peak()
read_artifact(Path(sys.argv[1]))
print(peak() - before)
"""


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF"), reason="measures by resource usage")
def test_large_models_are_written_and_read_without_a_second_copy(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "model_algo-1")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    writing, reading = (int(line) for line in done.stdout.split())
    model_kib = 1_000_000 * 25 * 4 / 1024
    assert writing < model_kib / 3
    # The written model's memory is free again before the reading.
    assert reading < model_kib / 3
