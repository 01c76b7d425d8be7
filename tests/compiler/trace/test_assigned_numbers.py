"""Numbers that a compiled function counts on: assigned to attributes, items and variables."""

from __future__ import annotations

import inspect
import math
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gradatim as g
from tests.compiler.backward.both_ways import alike
from tests.compiler.trace.step_by_step import seen


class Adam:
    """By hand, with a count of steps and a rate that falls."""

    def __init__(self, params: list[Any]) -> None:
        self.params, self.t, self.lr, self.started = params, 0, 0.1, False
        self.m = [g.zeros_like(p) for p in params]
        self.v = [g.zeros_like(p) for p in params]

    @g.no_grad()
    def step(self) -> None:
        self.t += 1
        if not self.started:
            self.started = True
        for i, p in enumerate(self.params):
            self.m[i] = 0.9 * self.m[i] + 0.1 * p.grad
            self.v[i] = 0.999 * self.v[i] + 0.001 * p.grad**2
            mean, var = self.m[i] / (1 - 0.9**self.t), self.v[i] / (1 - 0.999**self.t)
            p -= self.lr * mean / (var.sqrt() + 1e-8)
        self.lr *= 0.9


class AdamInPython(Adam):
    """The same with a number that Python itself computes."""

    @g.no_grad()
    def step(self) -> None:
        self.t += 1
        scale = math.sqrt(1 - 0.999**self.t)
        for m, p in zip(self.m, self.params, strict=True):
            m.mul_(0.9).add_(p.grad)
            p -= 0.1 * m * scale


def of_adam(kind: Any) -> Any:
    p = g.tensor([1.0, -2.0], requires_grad=True)
    optimizer = kind([p])

    def step(x: Any) -> Any:
        p.grad = None
        (p * x).square().sum().backward()
        optimizer.step()
        return p.detach().clone()

    return step, lambda: [optimizer.t, optimizer.lr, optimizer.started, *optimizer.m]


def of_counts() -> Any:
    """Counts of each kind, one of which is copied before it changes, and one that is set anew."""
    calls, sums, last = 0, [0.0], SimpleNamespace(n=1, since=3, name="")

    def step(x: Any) -> Any:
        nonlocal calls
        before = calls
        calls += 2
        sums[0] += 0.5
        last.n = -last.n * calls
        last.since = 0
        last.name = "seen"
        return x * (calls - before) * sums[0] / last.n + last.since // 2

    return step, lambda: [calls, *sums, last.n, last.since, last.name]


NUMBERS = [of_counts, partial(of_adam, Adam)]


def kinds(found: Any) -> Any:
    return [type(x) for x in found]


@pytest.mark.parametrize("make", NUMBERS)
def test_numbers_count_on_in_every_call(make: Any) -> None:
    ours, eager = seen(make, g.compile), seen(make, lambda step: step)
    assert kinds(ours) == kinds(eager)
    assert all(map(numbers_alike, ours, eager))


def numbers_alike(a: Any, b: Any) -> bool:
    if isinstance(a, str | bool):
        return a == b
    return np.allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("make", NUMBERS)
def test_and_in_many_steps(make: Any) -> None:
    xs = g.tensor([1.0, -2.0]) * g.arange(1, 6)[:, None]
    step, state = make()
    expected = [[step(x) for x in xs][-1], *state()]
    step, state = make()
    compiled = g.compile(step)
    found = [compiled.repeat(5, xs), *state()]
    assert kinds(found[1:]) == kinds(expected[1:])
    assert all(map(numbers_alike, found, expected))
    assert len(compiled.history) <= 3


def test_numbers_are_states_and_traced_once() -> None:
    step, _ = of_adam(Adam)
    compiled = g.compile(step)
    for i in range(5):
        compiled(g.ones(2) * i)
    assert len(compiled.history) == 2  # the second call finds that it has started
    optimizer = inspect.getclosurevars(step).nonlocals["optimizer"]
    optimizer.t = 100
    compiled(g.ones(2))
    assert optimizer.t == 101
    assert len(compiled.history) == 2


def test_a_function_that_every_call_changes_runs_as_written_in_the_end() -> None:
    def run(compiled: Any) -> Any:
        step, state = of_adam(AdamInPython)
        run = compiled(step)
        return [[run(g.ones(2) * i), *state()] for i in range(12)], run

    with pytest.warns(UserWarning, match="traced") as told:
        ours, compiled = run(g.compile)
    eager, _ = run(lambda step: step)
    for a, b in zip(ours, eager, strict=True):
        assert all(map(numbers_alike, a, b))
    first, last = [str(w.message) for w in told]
    assert "optimizer.t changed from 1 to 2, so step is traced again" in first
    assert "`scale = math.sqrt(1 - 0.999**self.t)` did not need the number in Python" in first
    assert "each of the last 8 calls of step had to be traced, the last one because" in last
    assert len(compiled.history) < 12


@pytest.mark.filterwarnings("ignore:.*traced again")
@pytest.mark.parametrize(
    "use",
    [
        lambda x, n, a: x * n,
        lambda x, n, a: x.sum() * -a,
        lambda x, n, a: x.sum() * a**2,
        lambda x, n, a: x.sum() * abs(-a) ** 0.5,
        lambda x, n, a: x.sum() / n + a // n + n % 2,
        lambda x, n, a: x.long() * n,
        lambda x, n, a: x.long() * (n / 2),
        lambda x, n, a: x.long().sum() + (0.5**n) * n,
        lambda x, n, a: x.double() + a * n,
        lambda x, n, a: g.full((2,), 0.1) ** n + 2**n,
        lambda x, n, a: x + max(n // 3, 0) if isinstance(n, int) else x + n // 3,
    ],
)
def test_a_number_promotes_as_in_python(use: Any) -> None:
    """Its dtype counts least, and arithmetic among numbers is in double precision."""

    def run(compiled: Any) -> Any:
        counts = SimpleNamespace(n=1, a=0.3)

        def step(x: Any) -> Any:
            counts.n += 1
            counts.a *= 1.1
            return use(x, counts.n, counts.a)

        step = compiled(step)
        return [step(g.tensor([1.0, 2.0])) for _ in range(3)]

    alike(run(g.compile), run(lambda step: step))
