"""What both ways of running JAX share: the workloads' functions, arrays, a step.

It follows JAX's manual: data is an argument of the jitted function, not a constant in it,
parameters are donated, and matrices are stored (in, out), so that `x @ W` needs no transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..workload import Arrays, Training


class Ops:
    """The functions used in workloads."""

    relu, tanh, exp, log_softmax = jax.nn.relu, jnp.tanh, jnp.exp, jax.nn.log_softmax
    gelu = staticmethod(partial(jax.nn.gelu, approximate=True))

    @staticmethod
    def linear(x: Any, weight: Any, bias: Any) -> Any:
        return x @ weight if bias is None else x @ weight + bias

    @staticmethod
    def embedding(index: Any, table: Any) -> Any:
        return table[index]

    @staticmethod
    def layer_norm(x: Any, weight: Any, bias: Any) -> Any:
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * weight + bias

    @staticmethod
    def causal_attention(q: Any, k: Any, v: Any) -> Any:
        return jax.nn.dot_product_attention(q, k, v, is_causal=True)

    @staticmethod
    def chunks(x: Any, count: int) -> Any:
        return jnp.split(x, count, axis=-1)

    @staticmethod
    def cross_entropy(logits: Any, target: Any) -> Any:
        likelihood = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(likelihood, target[:, None], axis=1).mean()


def stored(arrays: Arrays, prefix: str, transposed: tuple[str, ...] = ()) -> Arrays:
    """The arrays whose name starts with `prefix`, without it; integers in JAX's default type."""
    selected = {}
    for name, array in arrays.items():
        if name.startswith(prefix):
            short = name.removeprefix(prefix)
            kept = array.astype(np.int32) if array.dtype.kind == "i" else array
            selected[short] = np.ascontiguousarray(kept.T) if short in transposed else kept
    return selected


def on_device(arrays: Arrays) -> dict[str, Any]:
    """Fresh buffers, since donated ones are gone after a step."""
    return {name: jnp.array(array) for name, array in arrays.items()}


def begin(workload: Training, parameters: dict[str, Any]) -> Any:
    """The state of a training before its first step, in fresh buffers."""
    if workload.optimizer is None:
        return on_device(parameters)
    zeros = {name: np.zeros_like(array) for name, array in parameters.items()}
    return on_device(parameters), on_device(zeros), on_device(zeros), jnp.zeros(())


def training_step(workload: Training) -> Callable[[Any, Any, Any], Any]:
    """(state, data, index) -> (state, loss)."""
    move = _descend if workload.optimizer is None else _adamw

    def step(state: Any, data: Any, index: Any) -> Any:
        def loss_of(parameters: Any) -> Any:
            return workload.loss(Ops, parameters, data, index)

        parameters = state if workload.optimizer is None else state[0]
        loss, gradients = jax.value_and_grad(loss_of)(parameters)
        return move(workload, state, gradients), loss

    return step


def _descend(workload: Training, parameters: Any, gradients: Any) -> Any:
    return jax.tree.map(lambda p, g: p - workload.rate * g, parameters, gradients)


def _adamw(workload: Training, state: Any, gradients: Any) -> Any:
    (p, m, v, count), rate, a = state, workload.rate, workload.optimizer
    assert a is not None
    count = count + 1
    first, second = 1 - a.beta1**count, jnp.sqrt(1 - a.beta2**count)
    m = jax.tree.map(lambda m, g: m + (1 - a.beta1) * (g - m), m, gradients)
    v = jax.tree.map(lambda v, g: a.beta2 * v + (1 - a.beta2) * g * g, v, gradients)
    p = jax.tree.map(
        lambda p, m, v: (
            p * (1 - rate * a.weight_decay) - rate / first * m / (jnp.sqrt(v) / second + a.eps)
        ),
        p,
        m,
        v,
    )
    return p, m, v, count
