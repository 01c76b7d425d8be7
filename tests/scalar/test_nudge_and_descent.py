"""Nudging one input at a time, and going downhill."""

import math

import pytest

from gradatim.scalar import descend, gradient, nudge


def test_nudge_estimates_every_slope():
    def f(x, y):
        return x * x * y

    assert nudge(f, [3.0, 2.0]) == pytest.approx([12.0, 9.0], rel=1e-9)


def test_nudge_accepts_functions_of_numbers_and_of_values():
    assert nudge(math.sin, [0.5]) == pytest.approx([math.cos(0.5)], rel=1e-9)
    assert nudge(lambda x: x.tanh(), [0.5]) == pytest.approx(
        gradient(lambda x: x.tanh(), [0.5]), rel=1e-9
    )


def test_a_nudge_that_is_too_small_or_too_large():
    assert nudge(lambda x: x**3, [2.0], h=1e-16) == [0.0]
    assert nudge(lambda x: x**3, [2.0], h=1.0) == [13.0]  # 12 is right
    with pytest.raises(ValueError, match="a nudge of h = 0 says nothing"):
        nudge(math.sin, [0.5], h=0.0)


def test_the_path_starts_at_the_start_and_has_one_point_more_than_steps():
    path = descend(lambda x: x**2 + 1, [2.0], rate=0.1, steps=3)
    assert [step.at for step in path] == [(2.0,), (1.6,), pytest.approx((1.28,)), (1.024,)]
    assert (path[0].height, path[0].gradient) == (5.0, (4.0,))


@pytest.mark.parametrize(
    ("rate", "end"), [(0.01, 1.0), (0.4, 0.0), (0.9, 0.0)], ids=["small", "good", "large"]
)
def test_three_rates_on_a_bowl(rate, end):
    path = descend(lambda x: x**2 + 1, [2.0], rate=rate, steps=30)
    assert abs(path[-1].at[0]) == pytest.approx(end, abs=0.1)


def test_too_large_a_rate_diverges_without_raising():
    path = descend(lambda x: x**2 + 1, [2.0], rate=1.5, steps=2000)
    assert len(path) == 2001
    assert path[600].height == math.inf
    assert math.isnan(path[-1].height)
