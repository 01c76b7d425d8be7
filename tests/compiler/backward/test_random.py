"""Gradients through random compiled functions, as through the same functions in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings

import gradatim as g
from gradatim.core.errors import AutogradError
from tests.compiler.graphs import Arrays, Function, check_as_exact, functions, weighted


def results(function: Function, dtype: Any, *, compile: bool) -> Arrays:
    """Outputs, state and gradients of two calls, whose ways back are gone in the other order."""
    state, *arguments = function.tensors(dtype)
    for x in arguments:
        x.requires_grad_()
    run: Any = lambda *tensors: function(state, *tensors)  # noqa: E731
    run = g.compile(run) if compile else run
    first = run(*arguments)
    found = [y.detach().numpy().copy() for y in (*first, state)]
    second = run(*(x.detach() * 2 if i else x for i, x in enumerate(arguments)))
    for outputs in (second, first):
        terms = [weighted(y) for y in outputs]
        for loss in (sum(terms), terms[0], sum(terms[1:])):
            if getattr(loss, "requires_grad", False):
                grads = g.autograd.grad(loss, arguments, retain_graph=True, allow_unused=True)
                found += [np.zeros(()) if d is None else d.numpy() for d in grads]
    return [*found, *(y.detach().numpy() for y in (*second, state))]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(functions())
def test_gradients_as_eager(dtype: str, function: Function) -> None:
    try:
        exact = results(function, np.float64, compile=False)
    except AutogradError:  # what a gradient needs was written over
        reject()
    eager = results(function, dtype, compile=False)
    ours = results(function, dtype, compile=True)
    check_as_exact(ours, eager, exact, dtype, str(function))
