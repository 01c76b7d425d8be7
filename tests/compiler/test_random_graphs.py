"""Random functions compiled: values, gradients and written state as eager has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings

import gradatim as g
from gradatim.core.errors import AutogradError
from tests.compiler.graphs import Function, functions
from tests.compiler.running import Bound

Arrays = list[np.ndarray]


def step(function: Function, state: Any) -> Any:
    """Outputs, and gradients by all arguments of a weighted sum of them."""

    def run(*arguments: Any) -> list[Any]:
        outputs = function(state, *arguments)
        loss = sum((weighted(y) for y in outputs), start=g.zeros((), dtype=state.dtype))
        if not loss.requires_grad:
            return outputs
        found = g.autograd.grad(loss, arguments, materialize_grads=True)
        return [*outputs, *found]

    return run


def weighted(y: Any) -> Any:
    uneven = np.cos(np.arange(y.numel())).reshape(y.shape)  # computed outside: it is not the test
    return (y * g.tensor(uneven, dtype=y.dtype)).mean()


def results(function: Function, dtype: Any, *, compile: bool) -> tuple[Arrays, str]:
    """What two calls give and leave behind, and the graph that was compiled."""
    state, *arguments = function.tensors(dtype)
    for x in arguments:
        x.requires_grad_()
    run = step(function, state)
    text = ""
    if compile:
        run = Bound(run, arguments)
        text = str(run.binding.traced.graph)
    found = [y.detach().numpy().copy() for _ in range(2) for y in run(*arguments)]
    return [*found, state.numpy()], text


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(max_examples=60)
@given(functions())
def test_compiled_as_eager(dtype: str, function: Function) -> None:
    try:
        exact, _ = results(function, np.float64, compile=False)
    except AutogradError:  # what a gradient needs was written over
        reject()
    eager, _ = results(function, dtype, compile=False)
    ours, graph = results(function, dtype, compile=True)
    assert len(ours) == len(eager)
    eps = np.finfo(dtype).eps
    for a, b, c in zip(ours, eager, exact, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        error, eagers = np.abs(a - c).max(initial=0), np.abs(b - c).max(initial=0)
        allowed = 4 * max(eagers, 50 * eps * (1 + np.abs(c).max(initial=0)))
        assert error <= allowed, f"{function}\n{graph}\n{a}\n{b}\n{error}, eager {eagers}"
