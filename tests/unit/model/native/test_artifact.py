"""What is saved comes back, to the byte, and another reader finds the same in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.plain_artifact import read_plain, sections_of
from oracle.reference_machine import Parameters, score
from pairloom import Model
from pairloom.errors import DataError
from pairloom.model.native import OptimizerState
from unit.model.native.models import (
    FEATURE_DIM,
    dense,
    few_seen,
    few_trained,
    small_model,
    some_matrix,
    sparse,
)


def saved(model: Model, folder: Path) -> Path:
    model.save(folder / "model.pairloom")
    return folder / "model.pairloom"


@pytest.mark.parametrize("make", [small_model, few_trained, few_seen])
def test_a_loaded_model_scores_to_the_same_bytes(make: Callable[[], Model], tmp_path: Path) -> None:
    model = make()
    loaded = Model.load(saved(model, tmp_path))
    for matrix in (some_matrix(), some_matrix(FEATURE_DIM - 7)):
        for rows in (dense(matrix), sparse(matrix), sparse(matrix, np.int64)):
            expected = model.score_rows(rows)
            assert loaded.score_rows(rows).tobytes() == expected.tobytes()
            assert loaded.score_rows(rows, num_threads=2).tobytes() == expected.tobytes()


@given(
    feature_dim=st.integers(1, 200),
    num_factors=st.integers(1, 21),
    share=st.floats(0, 1),
    policy=st.sampled_from(["initial", "zero"]),
)
def test_a_plain_reader_finds_the_parameters_and_the_formula_the_scores(
    feature_dim: int,
    num_factors: int,
    share: float,
    policy: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model = small_model(
        trained=int(share * feature_dim),
        feature_dim=feature_dim,
        num_factors=num_factors,
        untrained_features=policy,
    )
    path = saved(model, tmp_path_factory.mktemp("plain"))

    plain, counted = read_plain(path), model.trained | (policy == "initial")
    assert plain.bias == model.bias
    np.testing.assert_array_equal(plain.trained, model.trained)
    np.testing.assert_array_equal(plain.factors[model.trained], model.factors[model.trained])
    assert plain.metadata["hyperparameters"] == model.hyperparameters.to_dict()
    matrix = some_matrix(feature_dim)
    parameters = Parameters(
        np.float64(plain.bias),  # type: ignore[arg-type]
        np.where(counted, plain.linear_weights, 0).astype(np.float64),
        np.where(counted[:, None], plain.factors, 0).astype(np.float64),
    )
    expected = score(parameters, matrix.astype(np.float64))
    found = Model.load(path).score_rows(dense(matrix))
    # Terms cancel: what float32 may lose is a share of their magnitudes, not of the score.
    sums = np.abs(matrix.astype(np.float64)) @ np.abs(parameters.factors)
    linear = np.abs(matrix.astype(np.float64)) @ np.abs(parameters.linear)
    magnitude = 1 + linear + (sums**2).sum(axis=1)
    np.testing.assert_array_less(np.abs(found - expected), 2e-6 * magnitude)


def test_features_of_a_growing_table_are_stored_alone(tmp_path: Path) -> None:
    model = few_seen()
    plain = read_plain(saved(model, tmp_path))
    assert len(plain.sections["rows"]) == 8 * 4 * 8
    assert np.frombuffer(plain.sections["seen"], "<u4").tolist() == [0, 3, 7, 8, 33, 64, 69]
    np.testing.assert_array_equal(plain.trained, model.trained)
    seen = model.stored_features
    np.testing.assert_array_equal(plain.factors[seen], model.factors[seen])
    np.testing.assert_array_equal(plain.linear_weights[seen], model.linear_weights[seen])
    groups = {name: plain.metadata["initial_parameters"][name] for name in ("linear", "factors")}
    assert groups == {"linear": ["normal", 0.01], "factors": ["normal", 1]}


def test_rows_of_untrained_features_are_left_out_where_few_are_trained(tmp_path: Path) -> None:
    few = Model.load(saved(few_trained(), tmp_path))
    assert few.leaves_untrained_out
    assert not few.factors[~few.trained].any()
    assert len(read_plain(tmp_path / "model.pairloom").sections["rows"]) == 10 * 4 * 8
    for most in (
        small_model(trained=9),
        small_model(trained=FEATURE_DIM // 2 + 1, untrained_features="zero"),
    ):
        assert not Model.load(saved(most, tmp_path)).leaves_untrained_out


def test_what_goes_with_a_model_comes_back(tmp_path: Path) -> None:
    plain = small_model()
    names = [f"f{feature} ä" for feature in range(FEATURE_DIM)]
    fields = np.arange(FEATURE_DIM, dtype=np.int32) // 10
    slots = tuple((plain.linear_weights * s, plain.factors * s) for s in (2, 3))
    model = Model(
        plain.table,
        plain.hyperparameters,
        feature_names=names,
        fields=fields,
        metadata={"training": {"rows": 3}},
        optimizer_state=OptimizerState({"step_count": 7}, slots),
    )
    loaded = Model.load(saved(model, tmp_path))
    assert list(loaded.feature_names or ()) == names
    assert loaded.feature_names is not None
    assert (loaded.feature_names[3], loaded.feature_names[-2:]) == (names[3], names[-2:])
    np.testing.assert_array_equal(loaded.fields, fields)
    assert loaded.metadata == {"training": {"rows": 3}}
    assert loaded.hyperparameters == model.hyperparameters
    assert loaded.optimizer_state is not None
    assert loaded.optimizer_state.progress == {"step_count": 7}
    for found, expected in zip(loaded.optimizer_state.slots, slots, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    again = tmp_path / "again.pairloom"
    loaded.save(again)
    assert again.read_bytes() == (tmp_path / "model.pairloom").read_bytes()


def test_names_and_fields_pass_through_the_artifact_of_sagemaker(tmp_path: Path) -> None:
    model = few_trained()
    model.feature_names = [str(feature) for feature in range(FEATURE_DIM)]
    model.fields = np.zeros(FEATURE_DIM, np.int32)
    model.metadata["training"] = {"rows": 3}
    for name in ("model.tar.gz", "model_algo-1"):
        model.save(tmp_path / name)
        loaded = Model.load(tmp_path / name)
        assert list(loaded.feature_names or ()) == model.feature_names
        np.testing.assert_array_equal(loaded.fields, model.fields)
        assert loaded.metadata == model.metadata
        rows = dense(some_matrix())
        assert loaded.score_rows(rows).tobytes() == model.score_rows(rows).tobytes()


def test_names_of_another_number_than_features_are_refused() -> None:
    model = small_model()
    with pytest.raises(DataError, match="feature_names: 2 given; feature_dim is 70"):
        Model(model.table, model.hyperparameters, feature_names=["a", "b"])


def test_a_loaded_model_can_be_saved_over_its_own_file(tmp_path: Path) -> None:
    path = saved(small_model(), tmp_path)
    before, loaded = path.read_bytes(), Model.load(path)
    loaded.save(path)
    assert path.read_bytes() == before
    assert loaded.score_rows(dense(some_matrix())).tobytes() == (
        small_model().score_rows(dense(some_matrix())).tobytes()
    )


def test_rows_begin_at_a_page_and_all_sections_at_a_cache_line(tmp_path: Path) -> None:
    for model in (small_model(), few_trained()):
        sections = sections_of(saved(model, tmp_path).read_bytes())
        assert sections["rows"][0] % 4096 == 0
        assert all(offset % 64 == 0 for offset, _, _ in sections.values())


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = saved(small_model(), tmp_path)
    before = path.read_bytes()
    broken = small_model()
    broken.metadata["training"] = object()
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
