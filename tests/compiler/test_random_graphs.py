"""Random functions compiled: values, gradients and written state as eager has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings

import gradatim as g
from gradatim.core.errors import AutogradError
from tests.compiler.graphs import Arrays, Function, check_as_exact, functions, weighted
from tests.compiler.running import Bound


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
    check_as_exact(ours, eager, exact, dtype, f"{function}\n{graph}")
