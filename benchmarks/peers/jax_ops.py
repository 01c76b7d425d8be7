"""What both ways of running JAX share: the functions of the workloads, arrays, a step.

Its manual's advice is followed: data is an argument of the jitted function, not a constant in it,
parameters are donated, matrices are stored (in, out), so that `x @ W` needs no transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..workload import Arrays, Training


class Ops:
    """The functions that workloads are written in."""

    relu, tanh, exp, log_softmax = jax.nn.relu, jnp.tanh, jnp.exp, jax.nn.log_softmax

    @staticmethod
    def linear(x: Any, weight: Any, bias: Any) -> Any:
        return x @ weight + bias

    @staticmethod
    def embedding(index: Any, table: Any) -> Any:
        return table[index]

    @staticmethod
    def cross_entropy(logits: Any, target: Any) -> Any:
        likelihood = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(likelihood, target[:, None], axis=1).mean()


def stored(arrays: Arrays, prefix: str, transposed: tuple[str, ...] = ()) -> Arrays:
    """The arrays whose name begins with `prefix`, without it; integers as JAX has them."""
    found = {}
    for name, array in arrays.items():
        if name.startswith(prefix):
            short = name.removeprefix(prefix)
            kept = array.astype(np.int32) if array.dtype.kind == "i" else array
            found[short] = np.ascontiguousarray(kept.T) if short in transposed else kept
    return found


def on_device(arrays: Arrays) -> dict[str, Any]:
    """Fresh buffers: what is donated is gone after a step."""
    return {name: jnp.array(array) for name, array in arrays.items()}


def training_step(workload: Training) -> Callable[[Any, Any, Any], Any]:
    """(parameters, data, index) -> (parameters, loss)."""

    def step(parameters: Any, data: Any, index: Any) -> Any:
        def loss_of(parameters: Any) -> Any:
            return workload.loss(Ops, parameters, data, index)

        loss, gradients = jax.value_and_grad(loss_of)(parameters)
        moved = jax.tree.map(lambda p, g: p - workload.rate * g, parameters, gradients)
        return moved, loss

    return step
