"""CSV, Parquet, Arrow files and frames; a plain Python encoder of rows of dicts is the oracle."""

from __future__ import annotations

import csv
import gzip
import io
import logging
import random
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given
from sklearn.utils import murmurhash3_32

from pairloom.batch import RowBatch
from pairloom.errors import DataError, DataFormatError, UserError
from pairloom.formats import encode_frame, read_table
from pairloom.formats.feature_encoding import EncodedColumn, FeatureEncoding

Row = dict[str, Any]

CSV = "label,age,city,user\n1,3.5,Paris,7\n0,,Köln,8\n1,0,,7\n"
FEATURES = ["age", "city=Köln", "city=Paris", "user=7", "user=8"]


def rows_of(batch: RowBatch) -> list[dict[int, float]]:
    """Return each row's nonzero values by feature."""
    if batch.row_offsets is None or batch.feature_ids is None:
        dense = np.asarray(batch.values)
        return [{int(i): float(row[i]) for i in np.flatnonzero(row)} for row in dense]
    values = np.ones(batch.num_nonzeros) if batch.values is None else batch.values
    bounds = zip(batch.row_offsets[:-1], batch.row_offsets[1:], strict=True)
    return [
        dict(zip(batch.feature_ids[a:b].tolist(), values[a:b].tolist(), strict=True))
        for a, b in bounds
    ]


def expected_rows(rows: list[Row], names: list[str]) -> list[dict[int, float]]:
    """Encode rows one value at a time: numbers by name, texts as name=text, lists of them."""
    numbered = {name: position for position, name in enumerate(names)}
    encoded = []
    for row in rows:
        features: dict[int, float] = {}
        for name, value in row.items():
            for one in value if isinstance(value, list) else [value]:
                is_number = isinstance(one, float) and not isinstance(value, list)
                feature = numbered.get(name if is_number else f"{name}={one}")
                if one is not None and one != "" and feature is not None:
                    amount = float(np.float32(one)) if is_number else 1.0
                    features[feature] = features.get(feature, 0) + amount
        encoded.append({feature: value for feature, value in features.items() if value != 0})
    return encoded


def csv_file(text: str = CSV) -> io.BytesIO:
    return io.BytesIO(text.encode())


def test_csv_columns_become_features() -> None:
    batch, encoding = read_table(csv_file(), "csv", label="label", categorical=["user"])
    assert encoding.feature_names() == FEATURES
    assert encoding.feature_dim == batch.feature_dim == 5
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 0, 1]
    assert rows_of(batch) == [{0: 3.5, 2: 1, 3: 1}, {1: 1, 4: 1}, {3: 1}]


def test_columns_of_numbers_alone_make_dense_rows() -> None:
    batch, _ = read_table(csv_file("a,y,b\n1,0,-2\n,1,1e-3\nNA,1,4\n"), "csv", label="y")
    assert batch.is_dense
    np.testing.assert_array_equal(batch.values, np.array([[1, -2], [0, 1e-3], [0, 4]], np.float32))


def test_learned_features_are_used_again(caplog: pytest.LogCaptureFixture) -> None:
    _, encoding = read_table(csv_file(), "csv", label="label", categorical=["user"])
    later = "user,extra,city,age\n8,x,Rome,1\n007,y,Paris,2\n"
    with caplog.at_level(logging.INFO, "pairloom"):
        batch, again = read_table(csv_file(later), "csv", encoding=encoding)
    assert again == encoding
    assert batch.labels is None
    assert rows_of(batch) == [{0: 1, 4: 1}, {0: 2, 2: 1}]
    assert caplog.messages == [
        "<stream>: column city: 1 values, as 'Rome', are new and count nothing",
        "<stream>: column user: 1 values, as '007', are new and count nothing",
    ]


def test_csv_without_a_header_names_columns_by_number() -> None:
    batch, encoding = read_table(csv_file("1,2.5,a\n0,3,b\n"), "csv", label="f0", header=False)
    assert encoding.feature_names() == ["f1", "f2=a", "f2=b"]
    assert rows_of(batch) == [{0: 2.5, 1: 1}, {0: 3, 2: 1}]
    unlabelled, _ = read_table(csv_file("7,b\n"), "csv", header=False, encoding=encoding)
    assert unlabelled.labels is None
    assert rows_of(unlabelled) == [{0: 7, 2: 1}]


def test_compressed_csv_is_read_as_the_plain_one(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(CSV)
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    plain, _ = read_table(tmp_path / "rows.csv", "csv", label="label")
    packed, _ = read_table(tmp_path / "rows.csv.gz", "csv", label="label")
    assert rows_of(plain) == rows_of(packed)


def test_shards_share_one_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("y,c\n1,x\n")
    (tmp_path / "b.csv").write_text("y,c\n0,w\n")
    batch, encoding = read_table(tmp_path, "csv", label="y")
    assert encoding.feature_names() == ["c=w", "c=x"]
    assert rows_of(batch) == [{1: 1}, {0: 1}]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
NUMBERS = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: Any, *, with_lists: bool = True) -> list[Row]:
    lists: dict[str, Any] = {
        "tags": st.none() | st.lists(TEXTS, max_size=3),
        "ids": st.none() | st.lists(st.integers(-(2**62), 2**62), max_size=3),
    }
    row = {"number": NUMBERS, "text": st.none() | TEXTS, "other": NUMBERS}
    return draw(  # type: ignore[no-any-return]
        st.lists(
            st.fixed_dictionaries({**row, **(lists if with_lists else {})}), min_size=1, max_size=8
        )
    )


SCHEMA = pa.schema(
    {
        "number": pa.float32(),
        "text": pa.string(),
        "other": pa.float64(),
        "tags": pa.list_(pa.string()),
        "ids": pa.large_list(pa.int64()),
    }
)


@given(tables(), st.sampled_from(["parquet", "arrow", "pyarrow", "polars", "dictionary", "slice"]))
def test_rows_are_those_of_the_oracle(rows: list[Row], way: str) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    target = io.BytesIO()
    if way == "parquet":
        pyarrow.parquet.write_table(table, target, row_group_size=2)
    elif way == "arrow":
        pyarrow.feather.write_feather(table, target, chunksize=2)
    elif way == "dictionary":
        texts = table["text"].dictionary_encode()
        table = table.set_column(1, "text", texts)
    elif way == "slice":
        table = pa.concat_tables([table, table]).slice(len(rows))
    if target.getvalue():
        target.seek(0)
        batch, encoding = read_table(target, way)  # type: ignore[arg-type]
    else:
        batch, encoding = encode_frame(pl.from_arrow(table) if way == "polars" else table)
    names = encoding.feature_names()
    assert names is not None
    assert names == sorted(set(names), key=names.index)
    assert rows_of(batch) == expected_rows(rows, names)
    for column in ("text", "tags", "ids"):
        held = {
            str(one)
            for row in rows
            for one in (row[column] if isinstance(row[column], list) else [row[column]])
            if one is not None and one != ""
        }
        assert {n for n in names if n.startswith(f"{column}=")} == {f"{column}={o}" for o in held}
    RowBatch.checked(batch)


@given(tables(with_lists=False))
def test_csv_rows_are_those_of_the_oracle(rows: list[Row]) -> None:
    rows = [{**row, "text": f"t{row['text']}"} for row in rows]  # so that it is text, not numbers
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(rows[0]), quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows(rows)
    batch, encoding = read_table(csv_file(target.getvalue()), "csv")
    names = encoding.feature_names()
    assert names is not None
    assert rows_of(batch) == expected_rows(rows, names)


@given(tables(), st.integers(1, 30))
def test_hashed_rows_are_those_of_the_oracle(rows: list[Row], hash_bits: int) -> None:
    batch, encoding = encode_frame(pa.Table.from_pylist(rows, SCHEMA), hash_bits=hash_bits)
    assert encoding.feature_dim == batch.feature_dim == 2**hash_bits
    for row, found in zip(rows, rows_of(batch), strict=True):
        expected: dict[int, np.float32] = {}
        for name, value in row.items():
            for one in value if isinstance(value, list) else [value]:
                if one is None or one == "" or (isinstance(one, float) and one == 0):
                    continue
                text = name if isinstance(one, float) else f"{name}={one}"
                feature = murmurhash3_32(text.encode(), positive=True) % 2**hash_bits
                amount = np.float32(one if isinstance(one, float) else 1)
                expected[feature] = expected.get(feature, np.float32(0)) + amount
        assert found.keys() == expected.keys()
        for feature, value in found.items():
            assert value == pytest.approx(float(expected[feature]), rel=1e-6, abs=1e-30)


FRAME = {"number": [1.5, None, 0.0], "text": ["b", "a", None], "count": [3, 0, 5]}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(FRAME),
        pd.DataFrame(FRAME).astype({"text": "category"}),
        pd.DataFrame(FRAME).convert_dtypes(),
        pd.DataFrame(FRAME, index=[9, 8, 7]),
        pl.DataFrame(FRAME),
        pl.DataFrame(FRAME, schema_overrides={"text": pl.Categorical}),
        pa.table(FRAME),
    ],
)
def test_frames_of_every_library_make_the_same_rows(frame: Any) -> None:
    batch, encoding = encode_frame(frame)
    assert encoding.feature_names() == ["number", "text=a", "text=b", "count"]
    assert rows_of(batch) == [{0: 1.5, 2: 1, 3: 3}, {1: 1}, {3: 5}]


def test_whole_numbers_are_categories_when_told_and_may_be_missing() -> None:
    for frame in (pd.DataFrame({"user": [7, None, 12]}), pl.DataFrame({"user": [7, None, 12]})):
        batch, encoding = encode_frame(frame, categorical=["user"])
        assert encoding.feature_names() == ["user=12", "user=7"]
        assert rows_of(batch) == [{1: 1}, {}, {0: 1}]


def test_dictionary_may_be_a_part_of_another_array() -> None:
    texts = pa.array(["skipped", "b", "a"], pa.large_string()).slice(1)
    column = pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1]), texts)
    batch, encoding = encode_frame(pa.table({"c": column}))
    assert encoding.feature_names() == ["c=a", "c=b"]
    assert rows_of(batch) == [{0: 1}, {1: 1}, {}, {0: 1}]


def test_unused_categories_make_no_feature() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["x"], categories=["w", "x", "y"])})
    assert encode_frame(frame)[1].feature_names() == ["c=x"]


ENCODING = FeatureEncoding(
    columns=(EncodedColumn("age", "number"), EncodedColumn("city", "category", ("Köln",))),
    label="y",
)


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("y,a\n1,2\n3\n", {}, r"line 3: Expected 2 columns, got 1: 3"),
        ("age,city\n1,a\nx,b\n", {"encoding": ENCODING}, "line 3, column age: invalid value 'x'"),
        ("y,a\n1,2\n?,2\n", {"label": "y"}, "line 3, column y: invalid value '\\?'; expected a n"),
        ("", {}, "Empty CSV file"),
        ("a,a\n1,2\n", {}, "line 1: two columns are named a; expected different names"),
    ],
)
def test_csv_that_is_none_is_refused_with_its_line(
    text: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DataFormatError, match=f"<stream>: {complaint}"):
        read_table(csv_file(text), "csv", **options)


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("a,b\n1,2\n", {"label": "y"}, "no label column y; it has a, b"),
        ("y,a\n1,2\n,3\n", {"label": "y"}, "row 1, column y: the label is missing; expected a fin"),
        ("y,a\n1,2\n1,1e39\n", {"label": "y"}, "row 1, column a: inf; expected a finite float32"),
        ("y,a\n1,2\n", {"categorical": ["b"]}, "no column b to take as a category"),
        ("y\n1\n", {"label": "y"}, "its columns make 0 features; expected 1 to"),
        ("y,age\n1,2\n", {"encoding": ENCODING}, "no column city; it has y, age"),
    ],
)
def test_table_that_makes_no_rows_is_refused(
    text: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DataError, match=f"<stream>: {complaint}"):
        read_table(csv_file(text), "csv", **options)


@pytest.mark.parametrize(
    ("frame", "options", "complaint"),
    [
        (
            {"when": pa.array([1], pa.timestamp("s"))},
            {},
            "column when is timestamp.*; expected num",
        ),
        ({"v": [[0.5, 1.5]]}, {}, "column v: a category holds 0.5; expected whole numbers or text"),
        ({"c": [0.5]}, {"categorical": ["c"]}, "a category holds 0.5; expected whole numbers"),
        ({"age": ["x"], "city": ["y"]}, {"encoding": ENCODING}, "age is string; expected numbers"),
        (
            {"age": [["x"]], "city": ["y"]},
            {"encoding": ENCODING},
            "age is a category; expected a n",
        ),
        ({"b": [b"x"]}, {}, "column b is binary; expected numbers, text, or lists of"),
        ({"s": [{"x": 1}]}, {}, "column s"),
    ],
)
def test_frame_column_that_makes_no_feature_is_refused(
    frame: dict[str, Any], options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        encode_frame(pa.table(frame), **options)


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(DataError, match="the frame's columns cannot be taken"):
        encode_frame(object())


def test_a_whole_category_of_a_category_column_may_be_a_number_later() -> None:
    _, encoding = encode_frame(pl.DataFrame({"user": ["7", "8"]}))
    batch, _ = encode_frame(pl.DataFrame({"user": [8, 9]}), encoding=encoding)
    assert rows_of(batch) == [{1: 1}, {}]


@pytest.mark.parametrize("table_format", ["csv", "parquet", "arrow"])
def test_damaged_files_never_crash(table_format: Any, tmp_path: Path) -> None:
    rows = [
        {"number": n / 2, "text": f"t{n % 7}", "other": 1.0, "tags": [f"g{n}"], "ids": [n, n + 1]}
        for n in range(50)
    ]
    table = pa.Table.from_pylist(rows, SCHEMA)
    target = io.BytesIO()
    if table_format == "parquet":
        pyarrow.parquet.write_table(table, target)
    elif table_format == "arrow":
        pyarrow.feather.write_feather(table, target)
    else:
        target.write(CSV.encode() * 3)
    content, chance = target.getvalue(), random.Random(1)
    path = tmp_path / "damaged"
    for number in range(400):
        damaged = bytearray(content)
        if number % 4 == 0:
            del damaged[chance.randrange(len(damaged)) :]
        for _ in range(chance.randrange(1, 5)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            batch, _ = read_table(path, table_format)
            batch.checked()
        except UserError as error:
            complaint = str(error)  # some damage makes other rows instead
            assert complaint.startswith(str(path))
            assert "\n" not in complaint
