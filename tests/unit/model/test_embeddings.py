"""Inner products of embeddings differ from scores by what does not depend on the item."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pairloom import Model
from pairloom.errors import DataError
from unit.model.native.models import (
    FEATURE_DIM,
    dense,
    few_trained,
    small_model,
    some_matrix,
    sparse,
)


@pytest.mark.parametrize("make", [small_model, few_trained])
@pytest.mark.parametrize("form", [dense, sparse])
def test_inner_product_and_the_rows_own_score_are_the_score_with_the_item(
    make: object, form: object, tmp_path: Path
) -> None:
    trained: Model = make()  # type: ignore[operator]
    trained.save(tmp_path / "model.pairloom")
    items = np.arange(50, FEATURE_DIM)
    users = some_matrix()
    users[:, items] = 0
    for model in (trained, Model.load(tmp_path / "model.pairloom")):
        products = model.row_embeddings(form(users)) @ model.embeddings(items).T  # type: ignore[operator]
        own = model.score_rows(form(users))  # type: ignore[operator]
        for column, item in enumerate(items):
            with_item = users.copy()
            with_item[:, item] = 1
            found = products[:, column] + own
            np.testing.assert_allclose(found, model.score_rows(dense(with_item)), atol=2e-4)


def test_item_vectors_are_factors_beside_linear_weights() -> None:
    model = small_model()
    expected = np.column_stack([model.factors, model.linear_weights])
    np.testing.assert_array_equal(model.embeddings(), expected)
    np.testing.assert_array_equal(model.embeddings([7, 3, 7]), expected[[7, 3, 7]])
    assert model.embeddings([]).shape == (0, 4)


def test_a_row_of_one_user_has_the_users_factors_and_one() -> None:
    model = small_model()
    users = np.eye(3, FEATURE_DIM, dtype=np.float32)
    expected = np.column_stack([model.factors[:3], np.ones(3)]).astype(np.float32)
    np.testing.assert_array_equal(model.row_embeddings(dense(users)), expected)
    np.testing.assert_array_equal(model.row_embeddings(sparse(users)), expected)


def test_features_that_are_not_there_are_refused() -> None:
    for wrong in ([70], [-1]):
        with pytest.raises(DataError, match="is not in the model, whose feature_dim is 70"):
            small_model().embeddings(wrong)
    with pytest.raises(DataError, match="expected ids"):
        small_model().embeddings([0.5])
    with pytest.raises(DataError, match="is not in the model"):
        small_model().row_embeddings(dense(some_matrix(80)))
