from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.hyperparameters import resolve
from pairloom.model import Model

WIDTH = 60


def model_of(num_factors: int, *, trained: bool = True, **settings: object) -> Model:
    random = np.random.default_rng(num_factors)
    given_settings = {"feature_dim": WIDTH, "num_factors": num_factors, **settings}
    return Model.from_parameters(
        resolve({"predictor_type": "regressor", **given_settings}),
        bias=0.5,
        linear_weights=random.normal(size=WIDTH).astype(np.float32),
        factors=random.normal(size=(WIDTH, num_factors)).astype(np.float32),
        trained=None if trained else random.random(WIDTH) < 0.3,
    )


def sparse(matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> RowBatch:
    kept = matrix != 0
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    return RowBatch(
        matrix.shape[1],
        row_offsets=offsets,
        feature_ids=np.nonzero(kept)[1].astype(np.int32),
        values=matrix[kept].astype(np.float32),
    )


def dense(matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> RowBatch:
    return RowBatch(matrix.shape[1], values=np.ascontiguousarray(matrix, np.float32))


def formula(
    model: Model, rows: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The definition, pair by pair, in float64."""
    w, v = model.linear_weights.astype(float), model.factors.astype(float)
    scores = model.bias + rows.astype(float) @ w
    for i in range(rows.shape[1]):
        for j in range(i):
            scores += (v[i] @ v[j]) * rows[:, i] * rows[:, j]
    return np.asarray(scores)


def split_rows(seed: int, num_candidates: int) -> tuple[np.ndarray, np.ndarray]:
    """A context and candidates whose features are apart, in an order that mixes both."""
    random = np.random.default_rng(seed)
    of_context = random.random(WIDTH) < 0.5
    context = np.where(of_context, random.normal(size=WIDTH), 0).astype(np.float32)
    held = ~of_context & (random.random((num_candidates, WIDTH)) < 0.2)
    return context[None], np.where(held, random.normal(size=held.shape), 0).astype(np.float32)


@pytest.mark.parametrize("num_factors", [1, 3, 8, 16, 33, 64])
@pytest.mark.parametrize("form", [sparse, dense])
def test_candidates_score_as_rows_that_hold_both(num_factors: int, form: object) -> None:
    model = model_of(num_factors)
    context, candidates = split_rows(num_factors, 50)
    ranked = model.rank(form(context), sparse(candidates), 50)  # type: ignore[operator]
    expected = formula(model, context + candidates)
    assert ranked.scores.dtype == np.float32
    np.testing.assert_allclose(ranked.scores, expected[ranked.candidates], rtol=1e-4, atol=1e-4)
    assert list(ranked.candidates) == list(np.argsort(-expected, kind="stable"))


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 40))
def test_the_highest_are_those_of_all_candidates(seed: int, count: int, num: int) -> None:
    model = model_of(4)
    context, candidates = split_rows(seed, num)
    all_of_them = model.rank(sparse(context), sparse(candidates), num)
    some = model.rank(sparse(context), dense(candidates), count)
    assert len(some.candidates) == min(count, num)
    assert list(some.candidates) == list(all_of_them.candidates[:count])
    assert list(some.scores) == list(all_of_them.scores[:count])


def test_stored_and_kept_models_rank_alike(tmp_path: Path) -> None:
    for untrained in ("zero", "initial"):
        model = model_of(8, trained=False, untrained_features=untrained)
        model.save(tmp_path / "model.pairloom")
        context, candidates = split_rows(1, 40)
        kept = model.rank(sparse(context), sparse(candidates), 40)
        stored = Model.load(tmp_path / "model.pairloom").rank(
            sparse(context), sparse(candidates), 40
        )
        assert kept.scores.tobytes() == stored.scores.tobytes()
        assert list(kept.candidates) == list(stored.candidates)
        scores = model.score_rows(dense(context + candidates))[kept.candidates]
        np.testing.assert_allclose(kept.scores, scores, rtol=1e-5, atol=1e-5)


def test_the_answer_does_not_depend_on_threads() -> None:
    model = model_of(16)
    context, candidates = split_rows(2, 5000)
    answers = {
        model.rank(sparse(context), sparse(candidates), 100, num_threads=n).scores.tobytes()
        for n in (1, 2, 3)
    }
    assert len(answers) == 1


def test_equal_scores_are_ranked_by_row_number() -> None:
    context, candidates = split_rows(3, 1)
    ranked = model_of(4).rank(sparse(context), sparse(np.repeat(candidates, 9, axis=0)), 5)
    assert list(ranked.candidates) == [0, 1, 2, 3, 4]


def test_a_context_or_a_candidate_may_hold_nothing() -> None:
    model = model_of(4)
    nothing = np.zeros((1, WIDTH), np.float32)
    ranked = model.rank(sparse(nothing), sparse(nothing))
    assert list(ranked.scores) == [model.bias]


def test_a_feature_of_the_context_in_a_candidate_is_refused_by_name() -> None:
    context, candidates = split_rows(4, 3)
    shared = int(np.flatnonzero(context[0])[1])
    candidates[2, shared] = 1
    message = f"candidate 2 holds feature {shared}, which the context holds too"
    with pytest.raises(DataError, match=message):
        model_of(4).rank(sparse(context), sparse(candidates))


def test_values_of_an_overlap_are_added_when_asked_for() -> None:
    model = model_of(6)
    context, candidates = split_rows(9, 20)
    held = np.flatnonzero(context[0])
    candidates[3, held[:4]] = [0.5, -2, 1, 3]
    candidates[7, held] = 1
    ranked = model.rank(sparse(context), sparse(candidates), 20, overlap="add")
    expected = formula(model, context + candidates)
    np.testing.assert_allclose(ranked.scores, expected[ranked.candidates], rtol=1e-4, atol=1e-4)


def test_an_explicit_zero_of_the_contexts_feature_is_no_overlap() -> None:
    context, candidates = split_rows(5, 3)
    ranked = model_of(4).rank(dense(context), dense(candidates))
    assert len(ranked.candidates) == 3


def test_scores_beyond_float32_are_refused_by_name() -> None:
    context, candidates = split_rows(6, 2)
    candidates[1] *= np.float32(1e25)
    with pytest.raises(DataError, match=r"candidate 1 has the score .*scale them"):
        model_of(4).rank(sparse(context), sparse(candidates))


@pytest.mark.parametrize("count", [0, -1])
def test_a_ranking_needs_one_context_and_a_count(count: int) -> None:
    context, candidates = split_rows(7, 2)
    with pytest.raises(DataError, match="expected one row and a count from 1"):
        model_of(4).rank(sparse(context), sparse(candidates), count)
    with pytest.raises(DataError, match="expected one row and a count from 1"):
        model_of(4).rank(sparse(candidates), sparse(candidates))


def test_rows_wider_than_the_model_are_refused() -> None:
    context, _ = split_rows(8, 2)
    wide = np.zeros((1, WIDTH + 1), np.float32)
    with pytest.raises(DataError, match=f"{WIDTH + 1} features wide"):
        model_of(4).rank(sparse(context), dense(wide))
