"""JAX with many steps per call: a jitted `lax.scan` over the step.

It does not run single kernels: the compiler could hoist loop-invariant work out of the scan.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..workload import Arrays, Training, Workload
from .jax_jit import version
from .twister import batches

__all__ = ["prepare", "version"]


class Scanned:
    """A training in calls of `workload.together` steps, since it is compiled for a fixed length."""

    def __init__(self, workload: Training, arrays: Arrays) -> None:
        import jax

        from . import jax_ops

        self.jax, self.together = jax, workload.together
        self.begin = partial(jax_ops.begin, workload)
        self.start = jax_ops.stored(arrays, "parameter.", workload.matrices)
        self.data = jax_ops.on_device(jax_ops.stored(arrays, "data."))
        table = batches(workload, len(arrays["data.y"]))
        self.table = None if table is None else jax.numpy.array(table)
        step = jax_ops.training_step(workload)

        def steps(state: Any, data: Any, table: Any) -> Any:
            def one(state: Any, index: Any) -> Any:
                return step(state, data, index)

            return jax.lax.scan(one, state, table, length=workload.together)

        self.steps = jax.jit(steps, donate_argnums=0)
        self.reset()

    def reset(self) -> None:
        self.state, self.losses = self.begin(self.start), []

    def run(self, steps: int) -> int:
        calls = -(-steps // self.together)
        for _ in range(calls):
            self.state, losses = self.steps(self.state, self.data, self.table)
            self.jax.block_until_ready((self.state, losses))
            self.losses = [*self.losses[-9:], losses]
        return calls * self.together

    def outcome(self, steps: int) -> np.ndarray:
        self.run(steps)
        return np.concatenate(self.losses)[:steps]


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    return Scanned(workload, arrays) if isinstance(workload, Training) else None
