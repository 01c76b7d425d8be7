"""Numbers on pictures: four significant digits, round ticks, widths that hold."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.draw.canvas.significant import significant
from gradatim.draw.canvas.text_width import shorten, text_width
from gradatim.draw.plot.scale import Scale, limits, log_ticks, tick_labels, ticks


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (-8.0, "-8.000"),
        (0.0, "0.000"),
        (0.00012345, "0.0001234"),
        (1234.5, "1234"),
        (1e-7, "1.000e-7"),
        (-123456.0, "-1.235e5"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_have_four_significant_digits(number: float, shown: str) -> None:
    assert significant(number) == shown


@given(st.floats(-1e300, 1e300))
def test_what_is_shown_is_the_number_to_four_digits(number: float) -> None:
    assert float(significant(number)) == pytest.approx(number, rel=1e-3, abs=1e-300)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 9))
def test_ticks_lie_inside_at_equal_distances_and_have_different_names(
    low: float, length: float, wanted: int
) -> None:
    found = ticks(low, low + length, wanted)
    slack = 1e-6 * length
    assert all(low - slack <= tick <= low + length + slack for tick in found)
    assert len(found) <= 2 * wanted + 1
    gaps = [b - a for a, b in pairwise(found)]
    assert all(gap == pytest.approx(gaps[0], rel=1e-6) for gap in gaps)


@given(st.floats(1e-9, 1e6), st.floats(1.01, 1e9))
def test_logarithmic_ticks_lie_inside(low: float, factor: float) -> None:
    found = log_ticks(low, low * factor)
    assert found == sorted(found)
    assert all(low * 0.998 <= tick <= low * factor * 1.002 for tick in found)


def test_labels_tell_ticks_apart() -> None:
    assert tick_labels([0.0, 0.05, 0.1]) == ["0.00", "0.05", "0.10"]
    assert tick_labels([1e-6, 1e-3, 1.0]) == ["10⁻⁶", "0.001", "1"]
    assert tick_labels([1e5, 1e6, 1e7]) == ["10⁵", "10⁶", "10⁷"]
    assert tick_labels([0.0, 5e8, 1e9]) == ["0", "5e8", "1e9"]
    assert tick_labels([0.0, 20000.0]) == ["0", "20k"]
    assert tick_labels([1.0, 1 + 2e-12, 1 + 4e-12])[1:] == ["1.000000000002", "1.000000000004"]
    assert tick_labels([12345000.0, 12350000.0]) == ["1.2345e7", "1.235e7"]
    assert tick_labels([5e-8, 5.0005e-8]) == ["5e-8", "5.0005e-8"]


@given(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9))
def test_no_two_ticks_have_the_same_label(low: float, spread: float) -> None:
    found = ticks(*limits([low, low + spread]))
    assert len({*tick_labels(found)}) == len(found) > 1


def test_limits_leave_room_and_refuse_nothing() -> None:
    assert limits([0.0, 10.0, math.nan], margin=0.1) == (-1.0, 11.0)
    low, high = limits([3.0])
    assert low < 3.0 < high
    assert limits([3.0, 3.0 + 1e-14]) == pytest.approx((low, high))  # a rounding error, no curve
    with pytest.raises(ValueError, match="no finite number"):
        limits([math.nan])


def test_a_scale_maps_ends_to_ends() -> None:
    assert [Scale(1.0, 100.0, 0.0, 200.0, log=True)(x) for x in (1.0, 10.0, 100.0)] == [0, 100, 200]


@settings(max_examples=30)
@given(st.text(max_size=40), st.floats(20, 200))
def test_a_shortened_text_fits(text: str, room: float) -> None:
    assert text_width(shorten(text, 12, room), 12) <= room


def test_wide_letters_count_as_two() -> None:
    assert text_width("日本", 10, mono=True) == text_width("abcd", 10, mono=True)


def test_a_negative_tick_has_the_sign_and_not_a_hyphen():
    assert tick_labels([-2.0, -1.0, 0.0]) == ["−2", "−1", "0"]
