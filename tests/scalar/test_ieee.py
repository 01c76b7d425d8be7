"""Arithmetic where Python raises: the answers of the machine."""

import math

import pytest

from gradatim.scalar import Value, ieee

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


def test_where_and_tanh():
    assert [ieee.where(x > 1.0, 1.0, x) for x in (0.5, 2.0)] == [0.5, 1.0]
    assert [ieee.tanh(x) for x in (0.0, INF, -INF)] == [0.0, 1.0, -1.0]
    assert math.isnan(ieee.tanh(NAN))


class Word(ieee.StandIn):
    """Something that writes down what it is asked instead of computing it."""

    def __init__(self, text):
        self.text = text

    def exp(self):
        return Word(f"exp({self.text})")

    def where(self, yes, no):
        return Word(f"{yes} if {self.text} else {no}")

    def __lt__(self, other):
        return Word(f"{self.text} < {other}")

    def __pow__(self, n):
        return Word(f"{self.text}**{n}")


def test_a_stand_in_answers_for_itself():
    x = Word("x")
    assert ieee.exp(x).text == "exp(x)"
    assert ieee.power(x, 2.0).text == "x**2.0"
    assert ieee.where(x < 0.0, 0.0, 1.0).text == "0.0 if x < 0.0 else 1.0"
    assert Value(x).exp().data.text == "exp(x)"


@pytest.mark.parametrize("function", [ieee.exp, ieee.log, ieee.tanh, ieee.sigmoid])
def test_what_is_no_number_is_refused(function):
    with pytest.raises(TypeError):
        function("1.0")
    with pytest.raises(TypeError, match="expected a number, got a str: 'yes'"):
        ieee.where("yes", 1.0, 0.0)
