"""Verify finds what checksums alone would let pass, and says where."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from oracle.plain_artifact import sections_of, with_section
from pairloom.model.native import OptimizerState, find_faults
from unit.model.native.models import few_seen, few_trained, small_model

NAN = struct.pack("<f", np.nan)
U32 = struct.Struct("<I").pack


def faults(content: bytes, folder: Path) -> list[str]:
    path = folder / "broken.pairloom"
    path.write_bytes(content)
    return [fault.removeprefix(f"{path}: ") for fault in find_faults(path)]


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    model = few_trained()
    model.feature_names = [f"{feature}" for feature in range(70)]
    model.save(tmp_path / "model.pairloom")
    return (tmp_path / "model.pairloom").read_bytes()


# Rows are 3 factors, padding, linear weight, half square norm, padding, padding.
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (NAN, "section rows, byte 4096: row 0: factor 0 is not finite"),
        (bytes(12) + struct.pack("<f", 1), "byte 4108: row 0: padding is not zero"),
        (bytes(16) + NAN, "byte 4112: row 0: the linear weight is not finite"),
        (struct.pack("<f", 9), "byte 4116: row 0: the half square norm is not that of the factors"),
        (bytes(24) + NAN, "byte 4120: row 0: padding is not finite"),
        (bytes(9 * 32 + 16) + struct.pack("<f", 1), "row 9: the entry of zeros"),
    ],
)
def test_a_broken_row_is_named(content: bytes, change: bytes, message: str, tmp_path: Path) -> None:
    if change.startswith(bytes(9 * 32)):
        offset = sections_of(content)["rows"][0]
        change = content[offset : offset + 9 * 32] + change[9 * 32 :]
    (found,) = faults(with_section(content, "rows", change), tmp_path)
    assert message in found


def test_a_broken_index_is_named(content: bytes, tmp_path: Path) -> None:
    (found,) = faults(with_section(content, "ranks", b"\1"), tmp_path)
    offset = sections_of(content)["ranks"][0]
    assert found == (
        f"section ranks, byte {offset}: 1 trained features before feature 0; the bits give 0"
    )
    found_more = faults(with_section(content, "trained", b"\xff" * 16), tmp_path)
    assert "a bit beyond feature_dim 70 is set" in found_more[0]
    assert "128 bits are set; the header says 9 rows" in found_more[-1]


def test_broken_names_are_named(content: bytes, tmp_path: Path) -> None:
    (found,) = faults(with_section(content, "feature_names", b"[1 "), tmp_path)
    assert "feature_names" in found
    _, length, _ = sections_of(content)["feature_names"]
    (found,) = faults(with_section(content, "feature_names", b'["a"]'.ljust(length)), tmp_path)
    assert found.endswith("feature_names: expected 70 texts")


def test_optimizer_state_that_is_not_finite_is_named(tmp_path: Path) -> None:
    model = small_model()
    model.optimizer_state = OptimizerState({}, ((model.linear_weights, model.factors),))
    model.save(tmp_path / "model.pairloom")
    content = (tmp_path / "model.pairloom").read_bytes()
    changed = with_section(content, "state.factors.0", bytes(8) + NAN)
    offset = sections_of(content)["state.factors.0"][0]
    assert faults(changed, tmp_path) == [f"section state.factors.0, byte {offset + 8}: nan"]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("seen", U32(3) + U32(3), "section seen, byte {}: feature 3 after 3"),
        ("seen", U32(0) * 6 + U32(70), "feature 0 after 0"),
        ("index", U32(2), "section index, byte {}: 0x2 is not what section seen gives"),
        ("trained", b"\xff", "a bit beyond the rows 7 is set"),
    ],
)
def test_broken_features_of_a_growing_table_are_named(
    name: str, change: bytes, message: str, tmp_path: Path
) -> None:
    few_seen().save(tmp_path / "model.pairloom")
    content = (tmp_path / "model.pairloom").read_bytes()
    found = faults(with_section(content, name, change), tmp_path)
    at = sections_of(content)[name][0] + (4 if name == "seen" else 0)
    assert message.format(at) in found[0]


def test_a_feature_beyond_the_width_is_named(tmp_path: Path) -> None:
    few_seen().save(tmp_path / "model.pairloom")
    content = (tmp_path / "model.pairloom").read_bytes()
    seen = b"".join(U32(feature) for feature in (0, 3, 7, 8, 33, 64, 70))
    found = faults(with_section(content, "seen", seen), tmp_path)
    assert found[0] == "section seen: feature 70; feature_dim is 70"
