"""Compiled functions of Values: arguments, results, and what the function reads from Python."""

import math
import random
from typing import NamedTuple

import pytest

from gradatim import ones
from gradatim.compiler.scalars.program import compile_scalars
from gradatim.core.errors import ArgumentError
from gradatim.scalar import (
    Neuron,
    Value,
    descend,
    ieee,
    lol,
)
from tests.compiler.scalars.networks import network


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


def test_floats_are_inputs_and_do_not_compile_again():
    x = Value(4.0)

    def step(rate, *, pull=0.0):
        loss = x * x
        x.zero_grad()
        loss.backward()
        x.data -= rate * (x.grad + pull)

    fast = compile_scalars(step)
    fast(0.25)
    assert x.data == 2.0
    fast(0.5, pull=1.0)
    assert x.data == -0.5
    fast(0.5, pull=2.0)
    assert x.data == -1.0
    assert fast.retraced == []


def test_values_are_arguments_too():
    fast = compile_scalars(lol)
    inputs = [Value(x) for x in (2.0, -3.0, 10.0, -2.0)]
    assert fast(*inputs).data == -8.0
    others = [Value(x) for x in (1.0, 1.0, 1.0, 3.0)]
    assert fast(*others).data == 6.0
    assert [v.data for v in (*inputs, *others)] == [2.0, -3.0, 10.0, -2.0, 1.0, 1.0, 1.0, 3.0]


def test_one_value_given_twice():
    def f(a, b):
        (a * b).backward()

    fast, x = compile_scalars(f), Value(3.0)
    fast(x, x)
    assert x.grad == 6.0
    a, b = Value(3.0), Value(5.0)
    fast(a, b)
    assert (a.grad, b.grad) == (5.0, 3.0)


def test_a_value_given_that_is_also_in_the_closure():
    w = Value(2.0)

    def f(x):
        (w * x).backward()

    fast, other = compile_scalars(f), Value(5.0)
    fast(other)
    assert (w.grad, other.grad) == (5.0, 2.0)
    with pytest.warns(UserWarning, match="a Value that the function can reach by itself"):
        fast(w)
    assert w.grad == 9.0
    fast(other)
    assert (w.grad, other.grad) == (14.0, 4.0)


def test_a_network_is_a_function_of_its_inputs():
    net = network()
    fast = compile_scalars(net)
    for x in ([2.0, 3.0, -1.0], [0.5, 1.0, 1.0]):
        assert fast(x).data == pytest.approx(net(x).data, rel=1e-12)


class Pair(NamedTuple):
    loss: Value
    extra: object


def test_results_keep_their_form():
    a = Value(3.0, label="a")

    def f(x):
        b = a * x
        b.label = "b"
        b.backward()
        return Pair(b, {"slope": a.grad, "same": [a], "word": "yes", "number": 7})

    fast = compile_scalars(f)
    b, rest = fast(2.0)
    assert (b.data, b.grad, b.label) == (6.0, 1.0, "b")
    assert rest == {"slope": 2.0, "same": [a], "word": "yes", "number": 7}
    assert rest["same"][0] is a
    assert fast(2.0)[0] is not b
    a.zero_grad()
    columns = fast.repeat(2, [5.0, 6.0])
    assert columns == Pair(
        [15.0, 18.0], {"slope": [5.0, 11.0], "same": [[3.0] * 2], "word": "yes", "number": 7}
    )


def test_a_gradient_that_was_not_computed_stays_so():
    used, unused = Value(1.0), Value(2.0)

    def f(also_reset):
        used.zero_grad()
        (used * 3.0).backward()
        if also_reset:
            used.zero_grad()
        return used * unused

    fast = compile_scalars(f)
    assert not fast(False).has_grad
    assert (used.grad, used.has_grad, unused.has_grad) == (3.0, True, False)
    fast(True)
    assert (used.grad, used.has_grad) == (0.0, False)


def test_gradients_that_are_not_reset_add_up_over_the_steps():
    x = Value(2.0)
    fast = compile_scalars(lambda: (x * 3.0).backward())
    assert fast.repeat(4) is None
    assert x.grad == 12.0


def test_descend_from_arguments():
    def path(a, b):
        return [p.height for p in descend(lambda x, y: x * x + y * y, [a, b], rate=0.1, steps=5)]

    assert compile_scalars(path)(1.0, 2.0) == path(1.0, 2.0)


def test_an_optimiser_written_in_plain_python():
    def adam(p, state, rate=0.1):
        state["m"].data = 0.9 * state["m"].data + 0.1 * p.grad
        state["v"].data = 0.999 * state["v"].data + 0.001 * p.grad**2
        p.data -= rate * state["m"].data / (state["v"].data ** 0.5 + 1e-8)

    def make():
        p, state = Value(3.0), {"m": Value(0.0), "v": Value(0.0)}

        def step():
            loss = (p - 1.0) * (p - 1.0)
            p.zero_grad()
            loss.backward()
            adam(p, state)
            return loss.data

        return step

    slow = make()
    assert compile_scalars(make()).repeat(50) == pytest.approx([slow() for _ in range(50)])


def test_comparisons_count_as_numbers_and_choose():
    def f(x):
        big = (x > 1.0) & ~(x >= 3.0)
        return big * x, ieee.where(big | (x == -1.0), abs(x), 0.0), (x != x) + 0.0

    fast = compile_scalars(f)
    for x in (0.5, 2.0, 3.0, -1.0):
        big = 1.0 < x < 3.0
        assert fast(x) == (big * x, abs(x) if big or x == -1.0 else 0.0, 0.0)
    larger = compile_scalars(lambda x: x > 1.0)
    assert larger(2.0) is True
    assert larger.repeat(2, [0.0, 2.0]) == [False, True]
    assert fast(math.nan)[2] == 1.0


def test_a_value_of_an_unknown_kind_of_operation():
    from gradatim.scalar import SLOPES

    def cube(v):
        return Value(v.data * v.data * v.data, (v,), "cube")

    SLOPES["cube"] = lambda out, a: (3.0 * a.data * a.data,)
    try:
        x = Value(2.0)
        compile_scalars(lambda: cube(x).backward())()
        assert x.grad == 12.0
    finally:
        del SLOPES["cube"]


# -- what is read from Python --------------------------------------------------------------


def test_a_changed_number_compiles_again_and_says_so_once():
    x, settings = Value(1.0), {"rate": 0.5}

    def step():
        x.data -= settings["rate"]

    fast = compile_scalars(step)
    fast()
    settings["rate"] = 0.25
    message = r"settings\[.rate.\] changed from 0.5 to 0.25, so step is traced again"
    with pytest.warns(UserWarning, match=message):
        fast()
    settings["rate"] = 1.0
    fast()
    assert x.data == 1.0 - 0.5 - 0.25 - 1.0
    assert len(fast.retraced) == 2


def test_a_model_that_is_replaced_or_grows_is_found():
    net = {"now": [Neuron(1, rng=random.Random(0))]}

    def predict():
        return sum(n([1.0]) for n in net["now"])

    fast = compile_scalars(predict)
    fast()
    net["now"].append(Neuron(1, rng=random.Random(1)))
    with pytest.warns(UserWarning, match="so predict is traced again"):
        assert fast().data == pytest.approx(predict().data)
    net["now"] = [Neuron(1, rng=random.Random(2))]
    assert fast().data == pytest.approx(predict().data)


class Hidden:
    """An object that hides its Value where nobody looks."""

    def __init__(self, value):
        places[id(self)] = value

    def __call__(self):
        return places[id(self)]


places = {}


def test_values_that_are_found_only_while_the_function_runs():
    weight = Hidden(Value(2.0))
    fetch = getattr  # a way that reading the code does not show

    def step():
        loss = fetch(weight, "__call__")() * 3.0
        loss.backward()
        return loss

    fast = compile_scalars(step)
    assert fast().data == 6.0
    weight().data = 5.0
    assert fast().data == 15.0
    assert weight().grad == 6.0


def test_repeat_of_numbers_asks_for_lists() -> None:
    w = Value(1.0)
    program = compile_scalars(lambda x: w * x)
    program(2.0)
    with pytest.raises(ArgumentError, match="input 0 has one argument .*, which is not a list"):
        program.repeat(2, ones(2))
