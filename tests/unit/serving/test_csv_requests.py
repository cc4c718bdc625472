"""CSV and hashed features: requests mean what the same rows in files mean."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, UserError
from pairloom.formats import read_table, write_recordio
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.table_encoding import hash_batch
from pairloom.model.encoding import with_encoding
from pairloom.serving import Predictor
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO
from unit.model.native.models import small_model
from unit.serving.bodies import model

TABLE = b"label,city,price\n1,Oslo,2.5\n0,Rome,-1\n1,Oslo,0.5\n"


def table_model() -> Model:
    """Return a model that knows a table's columns."""
    _, encoding = read_table(io.BytesIO(TABLE), "csv", label="label")
    return with_encoding(model(feature_dim=encoding.feature_dim or 0), encoding)


def hashing_model() -> Model:
    hashed = small_model(feature_dim=8, trained=8, hash_bits=3)
    return with_encoding(hashed, FeatureEncoding(hash_bits=3))


def scores(machine: Model, body: bytes, content_type: str) -> list[float]:
    answer = Predictor(machine).invoke(body, content_type, JSON)
    return [prediction["score"] for prediction in json.loads(answer.body)["predictions"]]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (CSV, b"Oslo,2.5\nRome,-1\n"),
        (CSV, b"city,price\nOslo,2.5\nRome,-1"),
        (CSV, b"price,label,city\n2.5,7,Oslo\n-1,8,Rome\n"),
        ("text/csv; header=present", b"price,city\r\n2.5,Oslo\r\n-1,Rome\r\n"),
        ("text/csv; header=absent", b"Oslo,2.5\nRome,-1\n"),
    ],
)
def test_columns_mean_what_they_meant_in_training(content_type: str, body: bytes) -> None:
    machine = table_model()
    rows = RowBatch(3, values=np.array([[1, 0, 2.5], [0, 1, -1]], np.float32))
    assert machine.feature_names == ["city=Oslo", "city=Rome", "price"]
    assert scores(machine, body, content_type) == machine.predict_rows(rows).tolist()


def test_a_wrong_column_is_named() -> None:
    with pytest.raises(UserError, match=r"body: line 1, column price: .*'dear'"):
        Predictor(table_model()).invoke(b"Oslo,dear\n", CSV, None)
    with pytest.raises(UserError, match="body"):
        Predictor(table_model()).invoke(b"Oslo\n", "text/csv; header=absent", None)
    with pytest.raises(UserError, match="header=maybe; expected present or absent"):
        Predictor(table_model()).invoke(b"Oslo,1\n", "text/csv; header=maybe", None)


def test_numbers_may_have_a_header_when_it_is_told() -> None:
    body = b"a,b,c,d\n1,2,3,4\n"
    with pytest.raises(DataFormatError, match='line 1, column 1 is "a", expected a number'):
        Predictor(model()).invoke(body, CSV, None)
    assert scores(model(), body, "text/csv; header=present") == scores(model(), b"1,2,3,4", CSV)


def test_ids_of_any_size_are_hashed_for_a_model_that_hashes() -> None:
    machine = hashing_model()
    keys, values = [[9, 2**40, 3], [1, 5]], [[1.0, 2.0, 3.0], [4.0, 5.0]]
    rows = RowBatch(
        2**62,
        row_offsets=np.array([0, 3, 5]),
        feature_ids=np.concatenate(keys).astype(np.int64),
        values=np.concatenate(values).astype(np.float32),
    )
    expected = machine.predict_rows(hash_batch(rows, 3)).tolist()
    tensors = [{"keys": k, "values": v} for k, v in zip(keys, values, strict=True)]
    instances = [{"data": {"features": tensor}} for tensor in tensors]
    assert scores(machine, json.dumps({"instances": instances}).encode(), JSON) == expected
    lines = "\n".join(map(json.dumps, instances)).encode()
    assert scores(machine, lines, JSON_LINES) == expected


def test_dense_rows_of_any_width_are_hashed_alike_in_every_format() -> None:
    machine = hashing_model()
    values = np.random.default_rng(0).normal(size=(3, 30)).astype(np.float32)
    file = io.BytesIO()
    write_recordio(file, values)
    body = json.dumps({"instances": [{"features": row} for row in values.tolist()]}).encode()
    text = "\n".join(",".join(map(repr, row)) for row in values.tolist()).encode()
    expected = scores(machine, file.getvalue(), RECORDIO)
    assert scores(machine, body, JSON) == expected
    assert scores(machine, text, CSV) == expected
