"""Scored rows of a run: small, exact, and refused when damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairloom.errors import DataFormatError
from pairloom.reports.scored_rows import ScoredRows, read_scored_rows, write_scored_rows

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.normal(size=1000).astype(np.float32)
BINARY = ScoredRows(RANDOM.integers(0, 2, 1000).astype(np.float32), SCORES)
REAL = ScoredRows(RANDOM.normal(size=1000).astype(np.float32), SCORES)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    write_scored_rows(tmp_path / "scores.npz", {"test": BINARY, "validation": REAL})

    parts = read_scored_rows(tmp_path / "scores.npz")

    assert list(parts) == ["validation", "test"]
    for part, rows in (("validation", REAL), ("test", BINARY)):
        np.testing.assert_array_equal(parts[part].labels, rows.labels)
        np.testing.assert_array_equal(parts[part].scores, rows.scores)
        assert parts[part].labels.dtype == np.float32


def test_binary_labels_take_a_byte_and_same_rows_give_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_scored_rows(tmp_path / name, {"test": BINARY})

    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.npz").stat().st_size < 5 * 1000 + 700


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"test_labels": np.zeros(2, np.uint8)}, "holds test_labels; expected"),
        ({"rows": np.zeros(2, np.uint8)}, "holds rows; expected"),
        (
            {"test_labels": np.zeros(2, np.uint8), "test_scores": np.zeros(3, np.float32)},
            r"test_scores is float32 of shape \(3,\)",
        ),
        (
            {"test_labels": np.zeros(2, np.int64), "test_scores": np.zeros(2, np.float32)},
            "test_labels is int64",
        ),
        (
            {"test_labels": np.zeros(2, np.uint8), "test_scores": np.full(2, np.nan, np.float32)},
            "test_scores holds what is not finite",
        ),
        (
            {"test_labels": np.array([None, {}]), "test_scores": np.zeros(2, np.float32)},
            "not a readable NumPy file",
        ),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "scores.npz", **arrays)

    with pytest.raises(DataFormatError, match=said):
        read_scored_rows(tmp_path / "scores.npz")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    write_scored_rows(path, {"test": BINARY})
    whole = path.read_bytes()

    for damaged in (
        b"",
        b"not a zip",
        whole[:100],
        whole[:-30],
        whole[:2000] + b"?" + whole[2001:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataFormatError, match=r"scores\.npz"):
            read_scored_rows(path)
