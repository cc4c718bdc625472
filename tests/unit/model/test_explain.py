"""An explanation's terms are the formula's, and their sum is the score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oracle.reference_machine import Parameters, score
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from unit.model.native.models import dense, few_trained, small_model, some_matrix, sparse


def parameters_of(model: Model) -> Parameters:
    counted = model.trained | (model.untrained_features == "initial")
    return Parameters(
        np.float64(model.bias),  # type: ignore[arg-type]
        np.where(counted, model.linear_weights, 0).astype(np.float64),
        np.where(counted[:, None], model.factors, 0).astype(np.float64),
    )


@pytest.mark.parametrize("make", [small_model, few_trained])
@pytest.mark.parametrize("form", [dense, sparse])
def test_terms_sum_to_the_score(make: object, form: object, tmp_path: Path) -> None:
    model: Model = make()  # type: ignore[operator]
    model.save(tmp_path / "model.pairloom")
    matrix = some_matrix()
    rows: RowBatch = form(matrix)  # type: ignore[operator]
    exact = score(parameters_of(model), matrix.astype(np.float64))
    for asked in (model, Model.load(tmp_path / "model.pairloom")):
        scores = asked.score_rows(rows)
        for row in range(len(matrix)):
            explained = asked.explain(rows, row)
            assert explained.score == pytest.approx(exact[row], rel=1e-12, abs=1e-12)
            size = np.abs(explained.pairs).sum() + np.abs(explained.linear).sum()
            assert abs(explained.score - scores[row]) < 1e-6 * (1 + size)


def test_each_term_is_the_formulas() -> None:
    model, matrix = small_model(), some_matrix()
    explained = model.explain(dense(matrix), 3)
    assert explained.bias == model.bias
    assert explained.features.tolist() == np.flatnonzero(matrix[3]).tolist()
    w, v = model.linear_weights.astype(np.float64), model.factors.astype(np.float64)
    for i, feature in enumerate(explained.features):
        x = float(matrix[3, feature])
        assert explained.values[i] == x
        assert explained.linear[i] == pytest.approx(w[feature] * x, rel=1e-15)
        for j, other in enumerate(explained.features):
            expected = v[feature] @ v[other] * x * float(matrix[3, other]) if i < j else 0
            assert explained.pairs[i, j] == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_strongest_terms_come_first_and_name_their_features() -> None:
    model = small_model()
    model.feature_names = [f"name {feature}" for feature in range(70)]
    explained = model.explain(sparse(some_matrix()), 1)
    n = len(explained.features)
    terms = explained.strongest(10_000)
    assert len(terms) == n + n * (n - 1) // 2
    sizes = [abs(term.contribution) for term in terms]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(term.contribution for term in terms) == pytest.approx(
        explained.score - explained.bias, abs=1e-9
    )
    assert {len(term.features) for term in terms} == {1, 2}
    assert explained.feature_names == [f"name {feature}" for feature in explained.features]
    assert terms[:3] == explained.strongest(3)


def test_stored_zeros_and_rows_without_values_are_explained() -> None:
    model = small_model()
    rows = RowBatch(
        70,
        row_offsets=np.array([0, 0, 3], np.int64),
        feature_ids=np.array([2, 5, 9], np.int32),
    )
    pair = RowBatch(70, row_offsets=np.array([0, 2], np.int64), feature_ids=rows.feature_ids[:2])  # type: ignore[index]
    assert {term.features for term in model.explain(pair).strongest()} == {(2,), (5,), (2, 5)}
    assert model.explain(rows, 0).score == model.bias
    assert model.explain(rows, 0).strongest() == []
    assert model.explain(rows, 1).features.tolist() == [2, 5, 9]
    assert len(model.explain(rows, 1).strongest()) == 6
    with_zero = RowBatch(
        70,
        row_offsets=rows.row_offsets,
        feature_ids=rows.feature_ids,
        values=np.array([1, 0, 1], np.float32),
    )
    assert model.explain(with_zero, 1).features.tolist() == [2, 9]


def test_rows_that_are_not_there_or_too_wide_are_refused() -> None:
    with pytest.raises(DataError, match="row 12 is asked for; there are rows 0 to 11"):
        small_model().explain(dense(some_matrix()), 12)
    with pytest.raises(DataError, match="rows are 80 features wide"):
        small_model().explain(dense(some_matrix(80)))
