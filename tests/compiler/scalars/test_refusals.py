"""Functions of Values that cannot be traced: what is said, and that nothing is changed."""

import math
import random

import pytest

from gradatim.compiler.errors import TraceError
from gradatim.compiler.scalars.program import compile_scalars
from gradatim.scalar import (
    Value,
)
from tests.compiler.scalars.networks import network, numbers


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


def branch(v):
    return v if v.data > 0.0 else -v


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            branch,
            r"test_refusals.py, line \d+: `return v if v.data > 0.0 else -v`: this decision",
        ),
        (lambda v: math.exp(v.data), r"`\(lambda v: math.exp\(v.data\).*real number, not Traced"),
        (lambda v: int(v.data), "known only when the compiled program runs"),
        (lambda v: f"{v.data:.3f}", "such as printing, outside"),
        (lambda v: max(v.data, 0.0), "ieee.where"),
        (lambda v: v**v.data, "a Value holds one number, got a Traced"),
        (lambda v: v * random.random(), "draws from Python's `random`"),
    ],
)
def test_what_needs_a_number_now_is_refused_by_line_with_the_way_out(function, message):
    v = Value(2.0, label="v")
    state = random.getstate()
    with pytest.raises(TraceError, match=message):
        compile_scalars(function)(v)
    assert (v.data, v.has_grad) == (2.0, False)
    assert random.getstate() == state


def test_a_trace_that_raises_leaves_every_value_as_it_was():
    net = network()
    before = numbers(net)

    def step():
        loss = net([1.0, 2.0, 3.0])
        loss.backward()
        for p in net.parameters():
            p.data -= p.grad
        raise KeyError("in the middle")

    with pytest.raises(KeyError, match="in the middle"):
        compile_scalars(step)()
    assert numbers(net) == before
    assert not any(p.has_grad for p in net.parameters())


def test_what_is_kept_outside_is_refused():
    history, x = [], Value(1.0)

    def step():
        history.append(x.data * 2.0)

    with pytest.raises(TraceError, match="into a list that outlives it"):
        compile_scalars(step)()
    assert x.data == 1.0


def test_other_errors_are_the_functions_own():
    def wrong(v):
        return v + "1"

    with pytest.raises(TypeError, match="a Value holds one number, got the text '1'"):
        compile_scalars(wrong)(Value(1.0))
