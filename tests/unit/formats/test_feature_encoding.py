from __future__ import annotations

import json
import struct
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from sklearn.utils import murmurhash3_32

from pairloom._core import hash_name, hash_rows, hash_texts
from pairloom.errors import DataFormatError
from pairloom.formats.feature_encoding import EncodedColumn, FeatureEncoding

ENCODING = FeatureEncoding(
    columns=(
        EncodedColumn("age", "number"),
        EncodedColumn("city", "category", ("Köln", "Paris")),
        EncodedColumn("empty", "category", ()),
    ),
    label="clicked",
)


def test_features_are_numbered_column_by_column() -> None:
    assert ENCODING.feature_dim == 3
    assert ENCODING.feature_names() == ["age", "city=Köln", "city=Paris"]
    fields = ENCODING.fields()
    assert fields is not None
    assert fields.tolist() == [0, 1, 1]


def test_hashed_features_have_no_names() -> None:
    hashed = FeatureEncoding(columns=(EncodedColumn("city", "category"),), hash_bits=20)
    assert hashed.feature_dim == 2**20
    assert hashed.feature_names() is None
    assert hashed.fields() is None
    assert FeatureEncoding(zero_based=True).feature_dim is None


@pytest.mark.parametrize(
    "encoding",
    [ENCODING, FeatureEncoding(), FeatureEncoding(hash_bits=5, zero_based=False)],
)
def test_json_there_and_back_is_the_same(encoding: FeatureEncoding) -> None:
    text = json.dumps(encoding.to_json())
    assert FeatureEncoding.from_json(json.loads(text)) == encoding


GOOD = ENCODING.to_json()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "it is None; expected a mapping of version, columns"),
        ({}, r"it is \{\}; expected a mapping"),
        ({**GOOD, "more": 1}, ".*expected a mapping of version"),
        ({**GOOD, "version": 2}, "version is 2; expected 1"),
        ({**GOOD, "columns": "age"}, "columns is 'age'; expected list"),
        (
            {**GOOD, "columns": [{"name": "age"}]},
            "a column is .*; expected a mapping of name, kind",
        ),
        (
            {**GOOD, "columns": [{"name": "a", "kind": "date", "values": None}]},
            "kind is 'date'; expected number or category",
        ),
        (
            {**GOOD, "columns": [{"name": "a", "kind": "category", "values": [1]}]},
            "a value is 1; expected str",
        ),
        ({**GOOD, "hash_bits": 31}, "hash_bits is 31; expected 1 to 30"),
        ({**GOOD, "hash_bits": True}, "hash_bits is True; expected int"),
        ({**GOOD, "label": 3}, "label is 3; expected str"),
        ({**GOOD, "zero_based": 0}, "zero_based is 0; expected bool"),
    ],
)
def test_document_that_is_none_is_refused(document: Any, complaint: str) -> None:
    with pytest.raises(DataFormatError, match=f"feature encoding: {complaint}"):
        FeatureEncoding.from_json(document)


@given(st.binary(max_size=40), st.integers(1, 30))
def test_names_are_hashed_as_scikit_learn_does(name: bytes, hash_bits: int) -> None:
    assert hash_name(name, hash_bits) == murmurhash3_32(name, positive=True) % 2**hash_bits


@given(st.text(max_size=9), st.lists(st.text(max_size=9), max_size=9), st.integers(1, 30))
def test_texts_are_hashed_behind_their_columns_name(
    name: str, values: list[str], hash_bits: int
) -> None:
    texts = [value.encode("utf-8", "surrogatepass") for value in values]
    prefix = name.encode("utf-8", "surrogatepass")
    ids = hash_texts(
        prefix,
        np.frombuffer(b"".join(texts), np.uint8),
        np.cumsum([0, *map(len, texts)], dtype=np.int64),
        hash_bits,
    )
    expected = [
        murmurhash3_32(prefix + b"=" + text, positive=True) % 2**hash_bits for text in texts
    ]
    assert ids.tolist() == expected


def test_vectors_of_the_documentation() -> None:
    assert hash_name(b"age", 30) == 717653329
    assert hash_name(b"city=Paris", 20) == 385935
    assert hash_name("city=Köln".encode(), 20) == 1010142
    _, ids, _ = hash_rows(np.array([0, 2]), np.array([7, 12345678901234]), None, 20)
    assert ids.tolist() == [7, 876855]


@st.composite
def id_rows(draw: Any) -> list[list[tuple[int, float]]]:
    ids = st.integers(0, draw(st.sampled_from([3, 2**31 - 1, 2**63 - 1])))
    entry = st.tuples(ids, st.integers(-9, 9).map(float))
    return draw(st.lists(st.lists(entry, max_size=6), min_size=1, max_size=6))  # type: ignore[no-any-return]


@given(id_rows(), st.integers(1, 30), st.booleans())
def test_ids_beyond_the_bits_are_hashed_and_equal_ones_added(
    rows: list[list[tuple[int, float]]], hash_bits: int, has_values: bool
) -> None:
    entries = [entry for row in rows for entry in row]
    offsets, ids, values = hash_rows(
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([feature for feature, _ in entries], np.int64),
        np.array([value for _, value in entries], np.float32) if has_values else None,
        hash_bits,
    )
    for number, row in enumerate(rows):
        expected: dict[int, float] = {}
        for feature, value in row:
            hashed = feature
            if feature >= 2**hash_bits:
                packed = struct.pack("<q", feature)
                hashed = murmurhash3_32(packed, positive=True) % 2**hash_bits
            expected[hashed] = expected.get(hashed, 0) + (value if has_values else 1)
        part = slice(offsets[number], offsets[number + 1])
        assert dict(zip(ids[part].tolist(), values[part].tolist(), strict=True)) == expected
        assert ids[part].tolist() == sorted(expected)
