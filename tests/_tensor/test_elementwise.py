"""Functions of one and two numbers where PyTorch's answers are easily missed."""

from __future__ import annotations

import math

import pytest

import gradatim as g

INF, NAN = math.inf, math.nan


def gradients(f, *numbers):
    xs = [g.tensor(x, requires_grad=True) for x in numbers]
    f(*xs).sum().backward()
    return [x.grad.tolist() for x in xs]


def test_gradients_at_the_ends_of_a_domain() -> None:
    assert gradients(g.asin, [-1.0, 1.0]) == [[INF, INF]]
    assert gradients(g.acos, [-1.0, 1.0]) == [[-INF, -INF]]
    assert gradients(g.atanh, [-1.0, 1.0]) == [[INF, INF]]
    assert gradients(g.logit, [0.0, 1.0]) == [[INF, INF]]
    assert gradients(g.atan2, [0.0], [0.0]) == [[0.0], [0.0]]
    assert gradients(g.xlogy, [0.0, 0.0], [math.e, 0.0]) == [[1.0, 0.0], [0.0, 0.0]]


def test_the_angle_of_cosine_one_is_positive_zero() -> None:
    x = g.tensor([1.0])
    for f in (g.acos, g.compile(g.acos)):
        assert math.copysign(1.0, f(x).item()) == 1.0


def test_an_infinite_number_times_a_logarithm() -> None:
    assert g.xlogy(g.tensor([INF, 0.0, 0.0]), 2).tolist() == [INF, 0.0, 0.0]
    assert g.xlogy(g.zeros(3), g.tensor([INF, -1.0, NAN])).tolist()[:2] == [0.0, 0.0]


def test_either_of_two_may_be_an_integer() -> None:
    whole, real = g.tensor([3]), g.tensor([4.0])
    assert g.hypot(whole, real).tolist() == g.hypot(real, whole).tolist() == [5.0]
    assert g.logaddexp(whole, real).tolist() == g.logaddexp(real, whole).tolist()
    assert g.logaddexp2(g.tensor([1]), g.tensor([1.0])).tolist() == [2.0]
    with pytest.raises(RuntimeError, match="hypot: needs a floating tensor"):
        g.hypot(whole, whole)


def test_the_integer_remainder_by_zero() -> None:
    for divisor in (0, g.tensor([1, 0])):
        with pytest.raises(ZeroDivisionError, match="fmod: integer division by zero"):
            g.fmod(g.tensor([1, 2]), divisor)
