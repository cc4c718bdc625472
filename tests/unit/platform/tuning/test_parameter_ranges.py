from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.platform.tuning.parameter_ranges import CategoricalRange, NumericRange, Scaling

PLACES = np.linspace(0, 1, 4001)


def numbers(one: NumericRange) -> list[float]:
    return [float(one.text_at(float(place))) for place in PLACES]


@given(
    low=st.floats(1e-8, 1.0),
    ratio=st.floats(1.0, 1e6),
    scaling=st.sampled_from(["Linear", "Logarithmic"]),
    place=st.floats(0, 1),
)
def test_value_lies_in_the_range_and_leads_back_to_its_place(
    low: float, ratio: float, scaling: Scaling, place: float
) -> None:
    one = NumericRange("lr", low, low * ratio, scaling, is_integer=False)
    text = one.text_at(place)
    assert low <= float(text) <= low * ratio
    back = one.place_of(text)
    assert back is not None
    assert float(one.text_at(back)) == pytest.approx(float(text), rel=1e-9)
    if ratio > 1.01:
        assert back == pytest.approx(place, abs=1e-6)


@given(
    low=st.integers(1, 1000),
    width=st.integers(0, 50),
    scaling=st.sampled_from(["Linear", "Logarithmic"]),
)
def test_every_whole_number_is_within_reach_and_leads_back(
    low: int, width: int, scaling: Scaling
) -> None:
    one = NumericRange("epochs", low, low + width, scaling, is_integer=True)
    assert {one.text_at(float(place)) for place in PLACES} == {
        str(number) for number in range(low, low + width + 1)
    }
    for number in range(low, low + width + 1):
        place = one.place_of(str(number))
        assert place is not None
        assert one.text_at(place) == str(number)


def test_scalings_share_the_interval_as_their_names_say() -> None:
    linear = numbers(NumericRange("x", 1e-4, 1.0, "Linear", is_integer=False))
    assert np.median(linear) == pytest.approx(0.5, abs=1e-3)
    logarithmic = numbers(NumericRange("x", 1e-4, 1.0, "Logarithmic", is_integer=False))
    assert np.median(logarithmic) == pytest.approx(1e-2, rel=1e-2)
    reverse = numbers(NumericRange("x", 0.9, 0.999, "ReverseLogarithmic", is_integer=False))
    # 1 - x is spread as by Logarithmic between 0.1 and 0.001.
    assert 1 - np.median(reverse) == pytest.approx(1e-2, rel=1e-2)
    share = np.mean(np.array(numbers(NumericRange("n", 1, 4, "Linear", is_integer=True))) == 2)
    assert share == pytest.approx(0.25, abs=1e-3)


def test_values_outside_have_no_place() -> None:
    one = NumericRange("x", 0.5, 1.0, "Linear", is_integer=False)
    assert [one.place_of(text) for text in ("0.4", "1.1", "", "a", "nan")] == [None] * 5
    assert NumericRange("x", 0.5, 0.5, "Linear", is_integer=False).place_of("0.5") == 0.0


def test_categories_have_equal_parts() -> None:
    one = CategoricalRange("m", ("a", "b", "c"))
    drawn = [one.text_at(float(place)) for place in PLACES]
    assert {name: round(drawn.count(name) / len(drawn), 2) for name in "abc"} == dict.fromkeys(
        "abc", 0.33
    )
    assert math.isclose(drawn.count("c"), len(drawn) / 3, rel_tol=0.01)
