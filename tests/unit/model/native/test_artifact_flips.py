"""Whatever byte changes: the file is refused, or loads, and nothing that is asked of it crashes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.plain_artifact import sections_of, with_section
from pairloom import Model
from pairloom.errors import DataError, DataFormatError
from pairloom.model.native import OptimizerState, find_faults
from unit.model.native.models import (
    FEATURE_DIM,
    dense,
    few_seen,
    few_trained,
    small_model,
    some_matrix,
    sparse,
)


def with_everything() -> Model:
    model = small_model()
    model.feature_names = [str(feature) for feature in range(FEATURE_DIM)]
    model.fields = np.zeros(FEATURE_DIM, np.int32)
    model.optimizer_state = OptimizerState({"step": 1}, ((model.linear_weights, model.factors),))
    return model


MODELS = {
    "all rows": small_model,
    "trained rows": few_trained,
    "with everything": with_everything,
}
ROWS = (dense(some_matrix()), sparse(some_matrix()))


def use(path: Path) -> tuple[bool, list[str]]:
    """Ask everything of a file; say whether it loaded and what verify finds."""
    faults = find_faults(path)
    try:
        model = Model.load(path)
    except DataFormatError as error:
        return False, faults if faults == [str(error)] else []
    for rows in ROWS:
        with suppress(DataError):  # of damaged numbers, a score that is not finite
            model.score_rows(rows)
    with suppress(DataFormatError):
        list(model.feature_names or ())
    assert model.factors.shape == (FEATURE_DIM, 3)
    assert model.trained.shape == model.linear_weights.shape == (FEATURE_DIM,)
    return True, faults


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_any_flipped_byte_is_refused_or_found_by_verify(
    make: Callable[[], Model], tmp_path: Path
) -> None:
    path = tmp_path / "model.pairloom"
    make().save(path)
    assert find_faults(path) == []
    whole = path.read_bytes()
    header = 128 + 64 * len(sections_of(whole))
    inside = {at for o, n, _ in sections_of(whole).values() for at in range(o, o + n)}
    for at in range(len(whole)):
        if at >= header and at not in inside and at % 16:
            continue  # one gap between sections is as good as another
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF if at % 2 else 1 << (at % 8)
        path.write_bytes(flipped)
        assert find_faults(path), f"byte {at} is not missed"
        if at < header or at % 7 == 0:  # to ask everything takes five times as long
            loads, faults = use(path)
            assert faults, f"byte {at} is not missed by what is asked"
            assert not loads or at >= header


@given(name=st.sampled_from(["trained", "ranks", "rows"]), data=st.data())
@settings(max_examples=300)
def test_damage_that_checksums_do_not_show_crashes_nothing(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pairloom"
        few_trained().save(path)
        whole = path.read_bytes()
        length = sections_of(whole)[name][1]
        damage = data.draw(st.binary(min_size=length, max_size=length))
        path.write_bytes(with_section(whole, name, damage))
        loads, _ = use(path)
        assert loads


def test_a_flipped_byte_of_features_seen_is_found_by_verify(tmp_path: Path) -> None:
    path = tmp_path / "model.pairloom"
    few_seen().save(path)
    whole = path.read_bytes()
    for name in ("seen", "index", "trained"):
        offset, length, _ = sections_of(whole)[name]
        for at in range(offset, offset + length):
            changed = bytearray(whole)
            changed[at] ^= 0xFF
            path.write_bytes(changed)
            loads, faults = use(path)
            assert loads
            assert faults


@given(name=st.sampled_from(["trained", "seen", "index", "rows"]), data=st.data())
@settings(max_examples=40)
def test_damage_to_features_seen_crashes_nothing(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pairloom"
        few_seen().save(path)
        whole = path.read_bytes()
        length = sections_of(whole)[name][1]
        damage = data.draw(st.binary(min_size=length, max_size=length))
        path.write_bytes(with_section(whole, name, damage))
        find_faults(path)
        model = Model.load(path)
        for rows in ROWS:
            with suppress(DataError):
                model.score_rows(rows)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pairloom"
        for start in (b"\x89", b"\x89PLOOM\r\n", b"\x89PLOOM\r\n\1\0\0\0\x0d\x0c\x0b\x0a"):
            path.write_bytes(start + content)
            loads, faults = use(path)
            assert faults
            assert not loads
