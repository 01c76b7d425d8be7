"""Gradients after many steps: those of the last one, however many of them were written."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.program.repeat import STOP, repeat
from gradatim.nn import functional as F

WIDTH = 24


def network() -> tuple[list[Any], Callable[[Any], Any]]:
    rng = np.random.default_rng(1)
    shapes = (WIDTH, WIDTH), (WIDTH,), (5, WIDTH)
    parameters = [g.tensor(rng.standard_normal(s) * 0.2, requires_grad=True) for s in shapes]
    optimizer = g.optim.SGD(parameters, lr=0.1)
    x, y = g.tensor(rng.standard_normal((8, WIDTH))), g.tensor(rng.integers(0, 5, 8))

    def step(factor: Any) -> Any:
        w, b, v = parameters
        loss = F.cross_entropy(F.linear((x * factor @ w + b).tanh(), v), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return parameters, step


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_gradients_are_those_of_the_last_step(steps: int) -> None:
    factors = np.random.default_rng(2).uniform(0.5, 1.5, steps)
    ours, step = network()
    losses = g.compile(step).repeat(steps, g.tensor(factors))
    theirs, plain = network()
    wanted = [plain(g.tensor(f)).item() for f in factors]
    np.testing.assert_allclose(losses, wanted, rtol=1e-9)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad, q.grad, rtol=1e-9, atol=1e-12)


def test_so_they_are_where_a_stretch_is_stopped() -> None:
    factors = np.ones(60)
    factors[50] = np.nan
    parameters, step = network()
    program: Any = g.compile(step)
    with pytest.raises(g.compiler.errors.NotFiniteError):
        repeat(program, 60, (g.tensor(factors),), STOP)
    assert all(bool(p.grad.isnan().any()) for p in parameters)


def test_a_step_that_is_refused_leaves_none() -> None:
    w = g.ones(4, 4, requires_grad=True)

    def step(i: Any) -> None:
        w.grad = None
        (g.ones(3, 4) @ w)[:, i].sum().backward()
        with g.no_grad():
            w.sub_(0.1 * w.grad)

    program: Any = g.compile(step)
    program.repeat(2, g.tensor([[0], [1]]))
    assert w.grad is not None
    with pytest.raises(IndexError):
        program.repeat(3, g.tensor([[0], [1], [7]]))
    assert w.grad is None or bool(w.grad.isfinite().all())


def test_a_gradient_that_is_read_again_is_written() -> None:
    w = g.ones(4, 4, requires_grad=True)
    seen = g.zeros(4, 4)

    def step(x: Any) -> None:
        w.grad = None
        (w * x).sum().backward()
        with g.no_grad():
            seen.add_(w.grad @ w.grad)

    xs = g.tensor([1.0, 2.0, 3.0])
    g.compile(step).repeat(3, xs)
    assert seen.tolist() == [[4 * 14.0] * 4] * 4
    assert w.grad is not None
    assert w.grad.tolist() == [[3.0] * 4] * 4
