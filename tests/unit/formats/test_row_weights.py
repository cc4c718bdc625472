"""Row weights from a named feature: of recordio-protobuf by Google's library, and of tables."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.aialgs_record import Record, file_of, frame, messages_of, record_of
from pairloom.batch import RowBatch
from pairloom.cli import main
from pairloom.data import FileOptions, RowFiles
from pairloom.errors import DataError, DataFormatError, HyperparameterError, UserError
from pairloom.formats import read_recordio, read_table, write_recordio
from pairloom.formats.array_files import read_array_file, write_array_file
from pairloom.formats.libsvm import write_libsvm
from pairloom.hyperparameters import resolve
from pairloom.model import Model

TENSORS = ("float32_tensor", "float64_tensor", "int32_tensor")


def weighted(
    weights: list[Any], tensor: str = "float32_tensor", name: str = "w", **record: Any
) -> bytes:
    """Return a file with a record for each weight; None: without."""
    records = []
    for number, weight in enumerate(weights):
        row = record_of([number, 1], number % 2, **record)
        if weight is not None:
            getattr(row.features[name], tensor).values.append(weight)
        records.append(row)
    return file_of(records)


def read(content: bytes, weight_feature: str | None = "w", **options: Any) -> RowBatch:
    return read_recordio(io.BytesIO(content), weight_feature=weight_feature, **options)


@given(
    weights=st.lists(st.integers(0, 2**20), min_size=1, max_size=20),
    tensor=st.sampled_from(TENSORS),
    name=st.text(min_size=1, max_size=20).filter(lambda name: name != "values"),
    is_sparse=st.booleans(),
)
def test_weights_written_by_protobuf_are_read(
    weights: list[int], tensor: str, name: str, *, is_sparse: bool
) -> None:
    sparse: dict[str, Any] = {"keys": [3, 5], "shape": [9]} if is_sparse else {}
    content = weighted(weights, tensor, name, **sparse)
    rows = read(content, name)
    plain = read(weighted([None] * len(weights), **sparse), None)
    assert rows.weights is not None
    assert rows.weights.dtype == np.float32
    assert rows.weights.tolist() == weights
    for array in ("row_offsets", "feature_ids", "values", "labels"):
        np.testing.assert_array_equal(getattr(rows, array), getattr(plain, array))


def test_map_entries_may_come_in_any_order_and_the_last_of_a_name_counts() -> None:
    record = Record()
    record.label["values"].float32_tensor.values.append(1)
    parts = []
    for name, value in (("w", 3.0), ("values", 7.0), ("w", 0.25)):
        part = Record()
        part.features[name].float32_tensor.values.append(value)
        parts.append(part.SerializeToString())
    rows = read(frame(b"".join([*parts, record.SerializeToString()])))
    assert rows.weights is not None
    assert rows.weights.tolist() == [0.25]
    assert np.asarray(rows.values).tolist() == [[7]]


@pytest.mark.parametrize("hash_bits", [None, 4])
def test_weights_stand_beside_hashed_rows_too(hash_bits: int | None) -> None:
    rows = read(weighted([1, 0, 2.5]), hash_bits=hash_bits)
    assert rows.weights is not None
    assert rows.weights.tolist() == [1, 0, 2.5]


def two_weights() -> bytes:
    record = record_of([1, 2], 1)
    record.features["w"].float32_tensor.values.extend([1, 2])
    return file_of([record])


def weight_with_key() -> bytes:
    record = record_of([1, 2], 1)
    record.features["w"].float32_tensor.values.append(1)
    record.features["w"].float32_tensor.keys.append(0)
    return file_of([record])


def weight_of_bytes() -> bytes:
    record = record_of([1, 2], 1)
    record.features["w"].bytes.value.append(b"x")
    return file_of([record])


REFUSED = {
    "missing": (weighted([1, None]), "record 1: no weight; expected features[\"w\"]"),
    "missing in the first": (weighted([None, 1]), "record 0: no weight; expected features[\"w\"]"),
    "negative": (weighted([1, 2, -0.5]), "record 2: features[\"w\"]: weight -0.5; expected a fin"),
    "negative int": (weighted([-1], "int32_tensor"), "features[\"w\"]: weight -1; expected a fini"),
    "nan": (weighted([math.nan]), "record 0: features[\"w\"]: weight nan; expected a finite"),
    "infinite": (weighted([math.inf]), "weight inf; expected a finite float32 number of at"),
    "beyond float32": (weighted([1e300], "float64_tensor"), "weight inf; expected a finite"),
    "two": (two_weights(), "features[\"w\"]: 2 values and 0 keys; expected one value and no key"),
    "key": (weight_with_key(), "features[\"w\"]: 1 values and 1 keys; expected one value and no"),
    "bytes": (weight_of_bytes(), "features[\"w\"] holds bytes; expected a Float32, Float64 or"),
    "another name": (weighted([1], name="v"), "features[\"v\"]; expected no name but \"values\""),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_reader_raises_when_a_weight_cannot_be_one(case: str) -> None:
    content, message = REFUSED[case]
    with pytest.raises(DataFormatError, match=r"byte \d+, record \d+: ") as error:
        read(content)
    assert message in str(error.value)


def test_weights_are_refused_unless_asked_for() -> None:
    with pytest.raises(DataFormatError, match=r'features\["w"\]; expected no name but "values"'):
        read(weighted([1]), None)
    with pytest.raises(DataError, match="weight_feature 'values'"):
        read(weighted([1]), "values")


def test_weights_that_may_be_missing_are_all_there_or_none() -> None:
    assert read(weighted([None, None]), require_weights=False).weights is None
    present = read(weighted([2, 3]), require_weights=False).weights
    assert present is not None
    assert present.tolist() == [2, 3]
    with pytest.raises(DataFormatError, match=r"record 1: no weight; .* as in the records before"):
        read(weighted([1, None]), require_weights=False)
    with pytest.raises(DataFormatError, match=r"record 1: .* expected none as in the records bef"):
        read(weighted([None, 1]), require_weights=False)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_weights_that_we_write_are_read_by_protobuf_and_by_us(*, is_sparse: bool) -> None:
    sparse: dict[str, Any] = {"keys": [3, 5], "shape": [9]} if is_sparse else {}
    rows = read(weighted([1, 0, 2.5], **sparse))
    file = io.BytesIO()
    write_recordio(file, rows, weight_feature="a name")
    for message, weight in zip(messages_of(file.getvalue()), (1, 0, 2.5), strict=True):
        assert sorted(message.features) == ["a name", "values"]
        assert list(message.features["a name"].float32_tensor.values) == [weight]
    again = read(file.getvalue(), "a name")
    for array in ("row_offsets", "feature_ids", "values", "labels", "weights"):
        np.testing.assert_array_equal(getattr(again, array), getattr(rows, array))


def test_weights_are_not_written_without_a_name_or_below_zero() -> None:
    rows = read(weighted([1, 2]))
    with pytest.raises(DataError, match="row weights; recordio-protobuf without a weight_feature"):
        write_recordio(io.BytesIO(), rows)
    with pytest.raises(DataError, match="weight_feature 'values'"):
        write_recordio(io.BytesIO(), rows, weight_feature="values")
    negative = replace(rows, weights=np.array([0, -2], np.float32))
    with pytest.raises(DataError, match=r"row 1: weight -2; expected at least 0"):
        write_recordio(io.BytesIO(), negative, weight_feature="w")
    plain, named = io.BytesIO(), io.BytesIO()
    unweighted = replace(rows, weights=None)
    write_recordio(plain, unweighted)
    write_recordio(named, unweighted, weight_feature="w")
    assert plain.getvalue() == named.getvalue()


CSV = "label,w,a,city\n1,0.5,1,x\n0,2,0,y\n1,0,3,x\n"


def table_file(tmp_path: Path, file_format: str) -> Path:
    path = tmp_path / f"rows.{file_format}"
    path.write_text(CSV)
    table = pyarrow.csv.read_csv(io.BytesIO(CSV.encode()))
    if file_format == "parquet":
        pyarrow.parquet.write_table(table, path)
    elif file_format == "arrow":
        pyarrow.feather.write_feather(table, path)
    return path


@pytest.mark.parametrize("file_format", ["csv", "parquet", "arrow"])
def test_column_of_weights_is_no_feature(file_format: str, tmp_path: Path) -> None:
    path = table_file(tmp_path, file_format)
    files = RowFiles(FileOptions(weight_feature="w"), learns=True)
    rows = files.read_labelled(path, None, "regressor")
    assert rows.weights is not None
    assert rows.weights.tolist() == [0.5, 2, 0]
    assert files.encoding.feature_names() == ["a", "city=x", "city=y"]
    again = files.read_labelled(path, 3, "regressor")
    assert again.weights is not None
    assert again.weights.tolist() == [0.5, 2, 0]
    scoring = RowFiles(FileOptions(weight_feature="w"), files.encoding)
    (tmp_path / "later.csv").write_text("city,a\ny,2\n")
    assert scoring.read_to_score(tmp_path / "later.csv", 3).weights is None
    with pytest.raises(DataError, match="no column w of row weights; it has city, a"):
        read_table(tmp_path / "later.csv", "csv", encoding=files.encoding, weight_feature="w")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,w,a\n1,1,1\n0,,2\n", "rows.csv: row 1, column w: the weight is missing; expected"),
        ("label,w,a\n1,-1,1\n", "rows.csv: row 0, column w: the weight is -1; expected a finite"),
        ("label,w,a\n1,inf,1\n", "rows.csv: row 0, column w: the weight is inf; expected"),
        ("label,w,a\n1,heavy,1\n", "rows.csv: line 2, column w: "),
    ],
)
def test_column_that_cannot_be_weights_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises((DataError, DataFormatError), match=re.escape(message)):
        read_table(tmp_path / "rows.csv", "csv", label="label", weight_feature="w")


def test_label_and_weight_cannot_be_one_column(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(CSV)
    with pytest.raises(DataError, match="column label cannot hold both labels and weights"):
        read_table(tmp_path / "rows.csv", "csv", label="label", weight_feature="label")


def test_column_of_weights_has_a_place_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,5,0.5\n0,6,2\n")
    options = FileOptions(header=False, weight_feature="f2")
    rows = RowFiles(options, learns=True).read_labelled(tmp_path / "rows.csv", 1, "regressor")
    assert rows.weights is not None
    assert rows.weights.tolist() == [0.5, 2]


def test_formats_without_named_features_are_refused(tmp_path: Path) -> None:
    rows = read(weighted([1, 2]))
    write_libsvm(tmp_path / "rows.svm", replace(rows, weights=None))
    write_array_file(tmp_path / "rows.npz", rows)
    files = RowFiles(FileOptions(weight_feature="w"))
    with pytest.raises(UserError, match="libsvm text has no feature w of row weights, as only"):
        files.read_labelled(tmp_path / "rows.svm", 2, "regressor")
    with pytest.raises(UserError, match=r"a NumPy file has no feature w .* array `weights` of a"):
        files.read_labelled(tmp_path / "rows.npz", 2, "regressor")
    assert files.read_to_score(tmp_path / "rows.svm", 2).num_rows == 2
    optional = RowFiles(FileOptions(weight_feature="w", weights_required=False))
    assert optional.read_labelled(tmp_path / "rows.svm", 2, "regressor").weights is None


def test_name_of_weights_is_a_hyperparameter_that_is_not_empty() -> None:
    given = {"feature_dim": 1, "num_factors": 1, "predictor_type": "regressor"}
    assert resolve(given).weight_feature is None
    assert resolve({**given, "weight_feature": "w"}).weight_feature == "w"
    with pytest.raises(HyperparameterError, match="weight_feature: '' is refused; must be text"):
        resolve({**given, "weight_feature": ""})


def test_program_trains_and_measures_with_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(200, 2)).astype(np.float32)
    labels = (values[:, 0] > 0).astype(np.float32)
    weights = random.integers(0, 4, 200).astype(np.float32)
    records = []
    for row, label, weight in zip(values.tolist(), labels.tolist(), weights.tolist(), strict=True):
        record = record_of(row, label)
        record.features["w"].float32_tensor.values.append(weight)
        records.append(record)
    (tmp_path / "rows.pbr").write_bytes(file_of(records))
    rows = RowBatch(2, values=values, labels=labels, weights=weights)
    write_array_file(tmp_path / "rows.npz", rows)
    shape = ["--num-factors", "2", "--predictor-type", "binary_classifier", "--epochs", "3",
             "--mini-batch-size", "20", "--linear-lr", "0.1", "--quiet"]  # fmt: skip
    said = {}
    for name, extra in (("rows.pbr", ["--weight-feature", "w"]), ("rows.npz", [])):
        run, data = str(tmp_path / f"run-{name}"), str(tmp_path / name)
        train = ["train", "--train", data, "--test", data, "--output", run]
        assert main([*train, *shape, *extra]) == 0
        tested = capsys.readouterr().out
        assert main(["evaluate", "--model", run, "--data", data, "--json"]) == 0
        said[name] = (tested, json.loads(capsys.readouterr().out)["metrics"])
        assert main(["predict", "--model", run, "--data", data]) == 0
        assert capsys.readouterr().out.count("\n") == 200
    assert said["rows.pbr"] == said["rows.npz"]
    one, other = (Model.load(tmp_path / f"run-{name}/model.pairloom") for name in said)
    assert one.factors.tobytes() == other.factors.tobytes()
    assert main(["convert", str(tmp_path / "rows.pbr"), str(tmp_path / "again.npz"),
                 "--weight-feature", "w", "--quiet"]) == 0  # fmt: skip
    again = read_array_file(tmp_path / "again.npz").weights
    np.testing.assert_array_equal(again, weights)
    back = ["convert", str(tmp_path / "again.npz"), str(tmp_path / "back.pbr"), "--quiet"]
    assert main(back) == 2
    assert "holds row weights under a name; --weight-feature says it" in capsys.readouterr().err
    assert main([*back, "--weight-feature", "w"]) == 0
    assert (tmp_path / "back.pbr").stat().st_size == (tmp_path / "rows.pbr").stat().st_size
    assert main(["train", "--train", str(tmp_path / "rows.npz"), "--output", str(tmp_path / "x"),
                 *shape, "--weight-feature", "w"]) == 2  # fmt: skip
    assert "a NumPy file has no feature w of row weights" in capsys.readouterr().err
