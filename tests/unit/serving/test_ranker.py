from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.errors import UserError
from pairloom.serving.errors import NotAcceptableError, UnsupportedContentTypeError
from pairloom.serving.ranker import Ranker
from unit.model.native.models import small_model

WIDTH = 70


def tensor(values: dict[int, float]) -> dict[str, Any]:
    return {"data": {"features": {"keys": list(values), "values": list(values.values())}}}


def dense(values: dict[int, float]) -> list[float]:
    return [values.get(feature, 0.0) for feature in range(WIDTH)]


def rank(model: Model, body: object, **headers: str | None) -> list[dict[str, Any]]:
    told = {"content_type": "application/json", "accept": None, **headers}
    answer = Ranker(model).rank(json.dumps(body).encode(), told["content_type"], told["accept"])
    assert answer.content_type == "application/json"
    ranking: list[dict[str, Any]] = json.loads(answer.body)["ranking"]
    return ranking


def scores_of(model: Model, rows: list[dict[int, float]]) -> list[float]:
    batch = RowBatch(WIDTH, values=np.array([dense(row) for row in rows], np.float32))
    return [float(score) for score in model.predict_rows(batch)]


@pytest.mark.parametrize("predictor_type", ["regressor", "binary_classifier"])
@given(data=st.data())
def test_ranking_is_that_of_the_merged_rows(predictor_type: str, data: st.DataObject) -> None:
    model = small_model(predictor_type=predictor_type)
    values = st.sampled_from([-1.5, 0.5, 1.0, 2.0])
    context = data.draw(st.dictionaries(st.integers(0, 30), values, max_size=6))
    candidates = data.draw(
        st.lists(st.dictionaries(st.integers(31, 69), values, max_size=4), min_size=1, max_size=9)
    )
    form = data.draw(st.sampled_from([tensor, lambda row: {"features": dense(row)}]))
    count = data.draw(st.integers(1, 12))
    body = {"context": form(context), "candidates": [form(row) for row in candidates]}
    ranking = rank(model, {**body, "count": count})
    scores = scores_of(model, [{**context, **row} for row in candidates])
    assert len(ranking) == min(count, len(candidates))
    for line in ranking:
        assert line["score"] == pytest.approx(scores[line["candidate"]], rel=1e-4, abs=1e-4)
        assert line.get("predicted_label") == (
            None if predictor_type == "regressor" else int(line["score"] >= 0.5)
        )
    best = sorted(scores, reverse=True)[: len(ranking)]
    assert [line["score"] for line in ranking] == pytest.approx(best, rel=1e-4, abs=1e-4)


def test_an_array_of_ids_stands_for_features_that_are_one() -> None:
    model = small_model()
    by_ids = rank(model, {"context": [3, 1], "candidates": [[40], [50, 60], []]})
    named = [tensor(dict.fromkeys(ids, 1.0)) for ids in ([40], [50, 60], [])]
    assert by_ids == rank(model, {"context": tensor({1: 1.0, 3: 1.0}), "candidates": named})


def test_ten_are_returned_when_no_count_is_told() -> None:
    assert len(rank(small_model(), {"context": [1], "candidates": [[40]] * 15})) == 10


def test_equal_scores_come_in_the_order_of_the_request() -> None:
    ranking = rank(small_model(), {"context": [1], "candidates": [[40]] * 4})
    assert [line["candidate"] for line in ranking] == [0, 1, 2, 3]


def test_a_model_that_hashes_adds_what_two_features_share() -> None:
    model = small_model(feature_dim=8, trained=8, hash_bits=3)
    ranking = rank(model, {"context": list(range(20)), "candidates": [[10**12, 7], [5]]})
    assert len(ranking) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body is an array, expected an object"),
        ({"candidates": [[1]]}, 'the body has no member "context"'),
        ({"context": [1]}, 'the body has no member "candidates"'),
        ({"context": [1], "candidates": []}, "candidates is empty"),
        ({"context": [1], "candidates": 3}, "candidates is 3, expected an array"),
        ({"context": 3, "candidates": [[1]]}, "context is 3, expected an object"),
        ({"context": [70], "candidates": [[1]]}, r"context\[0\] is 70, expected a key below 70"),
        ({"context": [1], "candidates": [[2], [3, 99]]}, r"candidates\[1\]\[1\] is 99, expected"),
        ({"context": [1], "candidates": [[2, 2]]}, r"candidates\[0\] holds 2 twice"),
        ({"context": [1], "candidates": [[2], [-1]]}, r"candidates\[1\]\[0\] is"),
        ({"context": [1], "candidates": [[2.5]]}, r"candidates\[0\]\[0\] is"),
        ({"context": [1], "candidates": [["2"]]}, r"candidates\[0\]\[0\] is \"2\", expected"),
        ({"context": [1], "candidates": [{"features": [1]}]}, "has 1 values, expected 70"),
        ({"context": [1], "candidates": [[2], [1]]}, "candidate 1 holds feature 1, which"),
        ({"context": [1], "candidates": [[2]], "count": 0}, "count is .* whole number from 1"),
        ({"context": [1], "candidates": [[2]], "count": 1.5}, "count is .* whole number from 1"),
        ({"context": [1], "candidates": [[2]], "count": None}, "count is .* whole number from 1"),
        ({"context": [1], "candidates": [[2]], "top": 3}, 'has a member "top", expected context'),
    ],
)
def test_bodies_that_break_a_rule_are_refused_by_name(body: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        rank(small_model(), body)


@pytest.mark.parametrize("count", ["01", "99999999999999999999", "-1", "1e3", "", "1]"])
def test_counts_that_are_no_numbers_are_refused(count: str) -> None:
    body = f'{{"context": [1], "candidates": [[2]], "count": {count}}}'.encode()
    with pytest.raises(UserError):
        Ranker(small_model()).rank(body, None, None)


def test_only_json_is_taken_and_given() -> None:
    body = {"context": [1], "candidates": [[2]]}
    with pytest.raises(UnsupportedContentTypeError):
        rank(small_model(), body, content_type="application/jsonlines")
    with pytest.raises(NotAcceptableError):
        rank(small_model(), body, accept="text/csv")
