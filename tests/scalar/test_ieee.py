"""Arithmetic where Python raises: the answers of the machine."""

import math

import pytest

from gradatim.scalar import ieee

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        (1.0, 4.0, 0.25),
        (1.0, 0.0, INF),
        (-1.0, 0.0, -INF),
        (1.0, -0.0, -INF),
        (-1.0, -0.0, INF),
        (INF, 0.0, INF),
        (0.0, 0.0, NAN),
        (NAN, 0.0, NAN),
        (INF, INF, NAN),
    ],
)
def test_divide(a, b, result):
    assert ieee.divide(a, b) == pytest.approx(result, nan_ok=True)


@pytest.mark.parametrize(
    ("x", "n", "result"),
    [
        (2.0, 10.0, 1024.0),
        (-2.0, 3.0, -8.0),
        (-8.0, 1 / 3, NAN),
        (0.0, 0.0, 1.0),
        (0.0, -1.0, INF),
        (-0.0, -1.0, -INF),
        (-0.0, -2.0, INF),
        (0.0, -0.5, INF),
        (10.0, 400.0, INF),
        (-10.0, 400.0, INF),
        (-10.0, 401.0, -INF),
        (10.0, -400.0, 0.0),
        (NAN, 0.0, 1.0),
        (NAN, 2.0, NAN),
        (0.0, -INF, INF),
    ],
)
def test_power(x, n, result):
    assert ieee.power(x, n) == pytest.approx(result, nan_ok=True)


def test_exp_and_log():
    assert [ieee.exp(x) for x in (0.0, 1000.0, -1000.0, -INF)] == [1.0, INF, 0.0, 0.0]
    assert [ieee.log(x) for x in (1.0, 0.0, -0.0, INF)] == [0.0, -INF, -INF, INF]
    assert math.isnan(ieee.log(-1.0))
    assert math.isnan(ieee.log(NAN))
    assert math.isnan(ieee.exp(NAN))


def test_sigmoid():
    assert [ieee.sigmoid(x) for x in (0.0, 1e308, -1e308, INF, -INF)] == [0.5, 1.0, 0.0, 1.0, 0.0]
    assert math.isnan(ieee.sigmoid(NAN))
    assert ieee.sigmoid(-30.0) == pytest.approx(math.exp(-30.0), rel=1e-12)
