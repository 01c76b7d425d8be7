"""A function that is compiled where it can be."""

import io
import sys
import time

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler import attempt
from gradatim.compiler.attempt import Attempt, announced
from gradatim.compiler.machine import engine
from gradatim.core.errors import ShapeError


def doubling(wanted=True, warn=pytest.fail):
    x = g.tensor(1.0)
    return x, Attempt(lambda factor: x.mul_(factor), wanted=wanted, warn=warn)


@pytest.mark.parametrize("wanted", [True, False])
def test_both_ways_give_the_numbers_of_all_steps(wanted):
    x, double = doubling(wanted)
    assert double.repeat(3, g.tensor([2.0, 3.0, 4.0])).tolist() == [2.0, 6.0, 24.0]
    assert double(g.tensor(0.5)).item() == 12.0
    assert x.item() == 12.0


@pytest.mark.parametrize("wanted", [True, False])
def test_nan_is_the_last_number(wanted):
    _, double = doubling(wanted)
    found = double.repeat(6, g.tensor([2.0, 3.0, float("nan"), 4.0, 5.0, 6.0]))
    np.testing.assert_array_equal(found, [2.0, 6.0, np.nan])


@pytest.mark.filterwarnings("ignore:gradatim.compile. function changes seen")
def test_plain_operations_can_be_looked_at_at_any_time():
    seen = []

    def function(x):
        seen.append(type(x))
        return x + 1

    plus = Attempt(function)
    plus(g.tensor(1.0))
    traced = len(seen)
    plus(g.tensor(1.0))
    assert len(seen) == traced
    plus.plain = True
    plus(g.tensor(1.0))
    assert plus.repeat(2, g.tensor([1.0, 2.0])).tolist() == [2.0, 3.0]
    assert len(seen) == traced + 3


def test_what_cannot_be_traced_runs_as_it_is_written_and_that_is_said_once():
    said = []
    x = g.tensor(1.0)

    def step(y):
        x.add_(y)
        return x if x.item() > 0 else -x

    steps = Attempt(step, warn=said.append)
    assert steps.repeat(3, g.tensor([1.0, 1.0, 1.0])).tolist() == [2.0, 3.0, 4.0]
    assert steps(g.tensor(1.0)).item() == 5.0
    assert len(said) == 1
    assert "TraceError" in said[0]
    assert "\n" not in said[0]


def test_without_llvm_it_runs_as_it_is_written(monkeypatch):
    monkeypatch.setattr(engine, "available", lambda: "no LLVM")
    said = []
    _, double = doubling(warn=said.append)
    assert double.repeat(2, g.tensor([2.0, 2.0])).tolist() == [2.0, 4.0]
    assert said == ["no LLVM"]


def test_an_error_of_the_function_itself_is_raised():
    wrong = Attempt(lambda x: x + g.ones(2, 2))
    with pytest.raises(ShapeError, match="add: shapes"):
        wrong(g.ones(3))


@pytest.mark.parametrize(("is_terminal", "expected"), [(True, "Compiling it.\n"), (False, "")])
def test_a_terminal_is_told_what_takes_long(monkeypatch, is_terminal, expected):
    class Stream(io.StringIO):
        def isatty(self):
            return is_terminal

    monkeypatch.setattr(sys, "stderr", Stream())
    monkeypatch.setattr(attempt, "SOON", 0.0)
    with announced("Compiling it."):
        end = time.monotonic() + 60  # a busy machine may be late
        while is_terminal and not sys.stderr.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert sys.stderr.getvalue() == expected
    monkeypatch.setattr(attempt, "SOON", 60.0)
    with announced("Not this."):
        pass
    assert sys.stderr.getvalue() == expected
