"""Text that the reader takes, and what it says of it; scikit-learn's reader is the oracle."""

from __future__ import annotations

import gzip
import io
import logging
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_svmlight_file

from pairloom.batch import RowBatch
from pairloom.errors import DataError, DataFormatError
from pairloom.formats import read_libsvm

EDGES = b"""# a head line

+1 1:0.5 3:1e-3 # tail 4:4
-2.5e0\t2:-1.25 \t 4:.5\r
0
1 qid:12 1:1 2:1
"""


def read(text: bytes, **options: object) -> RowBatch:
    return read_libsvm(io.BytesIO(text), **options)  # type: ignore[arg-type]


def values_of(batch: RowBatch) -> list[float]:
    return [1.0] * batch.num_nonzeros if batch.values is None else batch.values.tolist()


def assert_like_scikit_learn(text: bytes, batch: RowBatch, zero_based: bool | str) -> None:
    matrix, labels = load_svmlight_file(io.BytesIO(text), zero_based=zero_based, dtype=np.float32)
    np.testing.assert_array_equal(batch.row_offsets, matrix.indptr)
    np.testing.assert_array_equal(batch.feature_ids, matrix.indices)
    np.testing.assert_array_equal(values_of(batch), matrix.data)
    np.testing.assert_array_equal(batch.labels, labels.astype(np.float32))
    assert batch.feature_dim == matrix.shape[1]


def test_edges_of_the_format_are_read_as_scikit_learn_does() -> None:
    assert_like_scikit_learn(EDGES, read(EDGES), "auto")


@pytest.mark.parametrize("name", ["a9a.gz", "a9a.t.gz"])
def test_adult_rows_are_read_as_scikit_learn_does(repository: Path, name: str) -> None:
    text = gzip.decompress((repository / "tests/data/a9a" / name).read_bytes())
    batch = read(text)
    assert batch.values is None, "all values are 1"
    assert_like_scikit_learn(text, batch, "auto")


def test_last_line_may_lack_its_line_feed() -> None:
    assert read(b"1 1:2\n0 2:3").labels.tolist() == [1, 0]  # type: ignore[union-attr]


def test_pieces_of_the_file_do_not_matter(tmp_path: Path) -> None:
    line = b"1 " + b" ".join(b"%d:0.%d" % (n, n) for n in range(1, 100_000)) + b"\n"
    path = tmp_path / "long.libsvm"
    path.write_bytes(line * 3)  # lines longer than one read
    batch = read_libsvm(path)
    assert batch.num_rows == 3
    assert_like_scikit_learn(line * 3, batch, zero_based=False)


@pytest.mark.parametrize(
    ("text", "ids", "base"),
    [(b"1 1:1\n1 3:1\n", [0, 2], 1), (b"1 1:1\n1 0:1\n", [1, 0], 0)],
)
def test_ids_count_from_zero_when_any_is_zero_and_it_is_logged(
    text: bytes, ids: list[int], base: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "pairloom"):
        batch = read(text)
    assert batch.feature_ids.tolist() == ids  # type: ignore[union-attr]
    assert caplog.messages == [f"<stream>: feature ids count from {base}"]
    assert_like_scikit_learn(text, batch, "auto")


@pytest.mark.parametrize("zero_based", [True, False])
def test_ids_count_as_told_without_a_word(
    zero_based: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "pairloom"):
        batch = read(b"1 1:1 5:2\n", zero_based=zero_based)
    assert batch.feature_ids.tolist() == ([1, 5] if zero_based else [0, 4])  # type: ignore[union-attr]
    assert caplog.messages == []


def test_labels_minus_one_and_one_of_a_classifier_are_mapped_and_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "pairloom"):
        batch = read(b"-1 1:1\n+1 1:1\n-1 2:1\n", predictor_type="binary_classifier")
    assert batch.labels.tolist() == [0, 1, 0]  # type: ignore[union-attr]
    assert caplog.messages[1:] == ["<stream>: labels -1 and 1 are taken as 0 and 1"]
    assert read(b"-1 1:1\n1 1:1\n").labels.tolist() == [-1, 1]  # type: ignore[union-attr]


def test_queries_are_passed_over_and_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pairloom"):
        batch = read(b"1 qid:1 1:1\n0 qid:2 1:1\n1 1:1\n")
    assert batch.num_nonzeros == 3
    assert caplog.messages[1:] == ["<stream>: the qid of 2 lines is passed over"]


def test_ids_beyond_32_bits_are_kept() -> None:
    batch = read(b"1 7:1 9223372036854775807:1\n")
    assert batch.feature_ids is not None
    assert batch.feature_ids.dtype == np.int64
    assert batch.feature_ids.tolist() == [6, 2**63 - 2]
    assert batch.feature_dim == 2**63 - 1


def test_rows_to_score_may_lack_labels() -> None:
    batch = read(b"1:1 2:3\n3:1\n", require_labels=False)
    assert batch.labels is None
    assert batch.feature_ids.tolist() == [0, 1, 2]  # type: ignore[union-attr]


def test_folder_is_read_shard_by_shard(tmp_path: Path) -> None:
    (tmp_path / "b.libsvm").write_text("2 2:1\n")
    (tmp_path / "a.libsvm").write_text("1 1:1\n")
    (tmp_path / "_SUCCESS").write_text("")
    batch = read_libsvm(tmp_path)
    assert batch.labels.tolist() == [1, 2]  # type: ignore[union-attr]


REFUSED: dict[str, tuple[bytes, dict[str, object], str]] = {
    "unsorted": (b"1 3:1 2:1", {}, "line 1, column 7: feature id 2 after 3; expected ascending"),
    "twice": (b"1 3:1 3:1", {}, "line 1, column 7: feature id 3 after 3; expected ascending ids"),
    "no-colon": (b"1 3", {}, 'line 1, column 3: "3"; expected id:value'),
    "no-value": (b"1 3:", {}, 'line 1, column 5: value ""; expected a decimal number'),
    "negative-id": (b"1 -3:1", {}, 'line 1, column 3: "-3:1"; expected id:value'),
    "name": (b"1 age:3", {}, 'line 1, column 3: "age:3"; expected id:value'),
    "not-a-number": (b"1 1:nan", {}, 'column 5: value "nan"; expected a decimal number'),
    "infinite": (b"1 1:-inf", {}, 'value "-inf"; expected a decimal number'),
    "hexadecimal": (b"1 1:0x1", {}, 'value "0x1"; expected a decimal number'),
    "too-large": (b"1 1:1e39", {}, 'value "1e39"; expected a float32 number'),
    "label-word": (b"yes 1:1", {}, 'line 1, column 1: label "yes"; expected a decimal number'),
    "labels": (b"1,2 1:1", {}, 'label "1,2"; expected a decimal number'),
    "no-label": (b"1 1:1\n2:1", {}, "line 2, column 1: no label; expected one before the features"),
    "some-labels": (
        b"1 1:1\n2:1",
        {"require_labels": False},
        "line 2, column 1: no label; expected one as in the lines before",
    ),
    "a-label-later": (
        b"2:1\n1 1:1",
        {"require_labels": False},
        "line 2, column 1: a label; expected none as in the lines before",
    ),
    "query": (b"1 qid:x 1:1", {}, 'column 3: "qid:x"; expected qid:number'),
    "late-query": (b"1 1:1 qid:3", {}, 'column 7: "qid:3"; expected id:value'),
    "id-beyond-64-bits": (b"1 9223372036854775808:1", {}, "expected at most 9223372036854775807"),
    "out-of-range": (b"1 1:1\n1 2:1 4:1", {"feature_dim": 3}, "line 2, column 7: feature id 4"),
    "zero-when-from-one": (
        b"1 0:1",
        {"zero_based": False},
        "line 1, column 3: feature id 0; expected ids from 1, as zero_based is false",
    ),
    "zero-after-the-last-id": (
        b"1 3:1\n1 0:1",
        {"feature_dim": 3},
        "line 1, column 3: feature id 3; expected 0 to 2, as line 2 of <stream> holds the",
    ),
    "third-label": (
        b"1 1:1\n2 1:1",
        {"predictor_type": "binary_classifier"},
        r"line 2, column 1: label 2; expected 0 or 1 \(or -1 or 1\) for a binary classifier",
    ),
    "mixed-labels": (
        b"-1 1:1\n0 1:1",
        {"predictor_type": "binary_classifier"},
        "line 2, column 1: label 0 after a label -1; expected -1 or 1 as in the lines before",
    ),
    "binary": (b"\x00\xff 1:1", {}, r'label "\\x00\\xff"; expected a decimal number'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_reader_raises_with_file_line_and_column_when(name: str) -> None:
    text, options, complaint = REFUSED[name]
    with pytest.raises(DataFormatError, match=complaint) as error:
        read(text, **options)
    assert str(error.value).startswith("<stream>: line ")
    assert "\n" not in str(error.value)


def test_reader_raises_when_there_is_nothing_to_read() -> None:
    with pytest.raises(DataError, match="no row in <stream>"):
        read(b"# only a comment\n")
    with pytest.raises(DataError, match="no feature, so that the width must be given"):
        read(b"1\n0\n")
    assert read(b"1\n0\n", feature_dim=3).num_nonzeros == 0
    with pytest.raises(DataError, match="feature_dim 0; expected 1 to"):
        read(b"1 1:1\n", feature_dim=0)
