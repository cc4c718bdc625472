"""The strongest interactions are those that comparing all pairs finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairloom import Model
from pairloom.errors import DataError
from pairloom.hyperparameters import resolve

Factors = npt.NDArray[np.float32]


def model_of(
    factors: Factors, trained: npt.NDArray[np.bool_] | None = None, **more: object
) -> Model:
    feature_dim, num_factors = factors.shape
    shape = {"feature_dim": feature_dim, "num_factors": num_factors}
    return Model.from_parameters(
        resolve({**shape, "predictor_type": "regressor", **more}),
        bias=0.0,
        linear_weights=np.zeros(feature_dim, np.float32),
        factors=np.ascontiguousarray(factors, np.float32),
        trained=trained,
    )


def by_all_pairs(
    factors: Factors, count: int, fields: npt.NDArray[np.int32] | None = None
) -> list[tuple[int, int]]:
    """Compare all pairs, each product summed in double from the first factor to the last."""
    products = np.zeros((len(factors), len(factors)))
    for column in factors.T.astype(np.float64):
        products += np.outer(column, column)
    first, second = np.triu_indices(len(factors), 1)
    strengths = np.abs(products[first, second])
    allowed = strengths > 0
    if fields is not None:
        allowed &= fields[first] != fields[second]
    order = np.argsort(-strengths, kind="stable")
    order = order[allowed[order]][:count]
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


def pairs(model: Model, count: int, **more: object) -> list[tuple[int, int]]:
    return [(first, second) for first, second, _ in model.top_interactions(count, **more)]  # type: ignore[arg-type]


def normal(num_features: int, num_factors: int) -> Factors:
    random = np.random.default_rng(num_features)
    return random.normal(size=(num_features, num_factors)).astype(np.float32)


def heavy_tailed(num_features: int, num_factors: int) -> Factors:
    random = np.random.default_rng(1)
    norms = random.lognormal(0, 1.5, (num_features, 1))
    return (normal(num_features, num_factors) * norms).astype(np.float32)


def of_equal_norms(num_features: int, num_factors: int) -> Factors:
    vectors = normal(num_features, num_factors)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def integers(num_features: int, num_factors: int) -> Factors:
    """Return vectors of which many are equal, opposite or zero, so that most products tie."""
    random = np.random.default_rng(2)
    return random.integers(-1, 2, (num_features, num_factors)).astype(np.float32)


def far_apart_in_size(num_features: int, num_factors: int) -> Factors:
    random = np.random.default_rng(3)
    sizes = 10.0 ** random.integers(-30, 18, (num_features, 1))
    return (normal(num_features, num_factors) * sizes).astype(np.float32)


@pytest.mark.parametrize("count", [1, 37, 400])
@pytest.mark.parametrize(
    "make", [normal, heavy_tailed, of_equal_norms, integers, far_apart_in_size]
)
@pytest.mark.parametrize(("num_features", "num_factors"), [(700, 8), (1500, 3), (300, 21), (90, 1)])
def test_pairs_are_those_of_comparing_all(
    make: object, num_features: int, num_factors: int, count: int
) -> None:
    factors = make(num_features, num_factors)  # type: ignore[operator]
    fields = (np.arange(num_features) % 5).astype(np.int32)
    model = model_of(factors)
    assert pairs(model, count) == by_all_pairs(factors, count)
    assert pairs(model, count, fields=fields) == by_all_pairs(factors, count, fields)


NUMBERS = st.floats(-(2.0**60), 2.0**60, width=32)


@given(
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=90),
    st.integers(1, 30),
    st.integers(1, 4),
)
@settings(max_examples=300)
def test_any_small_model_is_searched_exactly(
    vectors: list[list[float]], count: int, num_fields: int
) -> None:
    factors = np.array(vectors, np.float32)
    fields = (np.arange(len(factors)) % num_fields).astype(np.int32)
    assert pairs(model_of(factors), count, fields=fields) == by_all_pairs(factors, count, fields)


def test_the_answer_is_the_same_at_any_number_of_threads() -> None:
    for make in (heavy_tailed, integers):
        model = model_of(make(4000, 4))
        expected = model.top_interactions(100, num_threads=1)
        for num_threads in (2, 3, 7):
            assert model.top_interactions(100, num_threads=num_threads) == expected


def test_products_are_those_of_the_factors() -> None:
    factors = normal(400, 8)
    for first, second, product in model_of(factors).top_interactions(20):
        expected = factors[first].astype(np.float64) @ factors[second].astype(np.float64)
        assert product == pytest.approx(expected, rel=1e-14)


def test_fields_of_the_model_are_taken_and_survive_its_file(tmp_path: Path) -> None:
    factors = normal(200, 4)
    fields = (np.arange(200) // 50).astype(np.int32)
    model = model_of(factors)
    model.fields = fields
    assert pairs(model, 30) == by_all_pairs(factors, 30, fields)
    model.save(tmp_path / "model.pairloom")
    assert pairs(Model.load(tmp_path / "model.pairloom"), 30) == by_all_pairs(factors, 30, fields)


def test_untrained_features_that_count_nothing_are_left_out(tmp_path: Path) -> None:
    factors, trained = normal(200, 4), np.arange(200) % 3 == 0
    counted = np.where(trained[:, None], factors, 0).astype(np.float32)
    model = model_of(factors, trained, untrained_features="zero")
    assert pairs(model, 30) == by_all_pairs(counted, 30)
    model.save(tmp_path / "model.pairloom")
    assert pairs(Model.load(tmp_path / "model.pairloom"), 30) == by_all_pairs(counted, 30)
    assert pairs(model_of(factors, trained), 30) == by_all_pairs(factors, 30)


def test_a_million_equal_vectors_are_no_work() -> None:
    model = model_of(np.ones((1_000_000, 4), np.float32))
    assert pairs(model, 3) == [(0, 1), (0, 2), (0, 3)]
    fields = np.repeat(np.arange(2), 500_000)
    assert pairs(model, 2, fields=fields) == [(0, 500_000), (0, 500_001)]


def test_models_without_pairs_have_no_interactions() -> None:
    assert model_of(normal(1, 3)).top_interactions(5) == []
    assert model_of(np.zeros((9, 3), np.float32)).top_interactions(5) == []
    assert pairs(model_of(normal(3, 3)), 50) == by_all_pairs(normal(3, 3), 50)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"count": 0}, "count is 0; must be at least 1"),
        ({"fields": [0, 1]}, r"fields are int64 of shape \(2,\); expected one integer per feature"),
        ({"fields": [0.5] * 5}, "fields are float64"),
        ({"fields": [0, 1, 2, 3, -1]}, "fields run from -1 to 3"),
        ({"fields": [0, 1, 2, 3, 2**40]}, "must be from 0"),
    ],
)
def test_questions_that_make_no_sense_are_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        model_of(normal(5, 2)).top_interactions(**more)  # type: ignore[arg-type]


def test_factors_that_are_not_finite_are_refused() -> None:
    factors = normal(5, 2)
    factors[3, 1] = np.nan
    with pytest.raises(DataError, match="factor 1 of vector 3 is not finite"):
        model_of(factors).top_interactions()
