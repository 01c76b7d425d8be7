"""JAX with a jitted step, called from Python once per step."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..workload import Arrays, Kernel, Training, Workload
from .twister import batches


def version() -> str:
    import jax

    return f"jax {jax.__version__}"


class Jitted:
    """A training with a call per step, and a wait at the end, since calls are asynchronous."""

    def __init__(self, workload: Training, arrays: Arrays) -> None:
        import jax

        from . import jax_ops

        self.jax, self.begin = jax, partial(jax_ops.begin, workload)
        self.start = jax_ops.stored(arrays, "parameter.", workload.matrices)
        self.data = jax_ops.on_device(jax_ops.stored(arrays, "data."))
        table = batches(workload, len(arrays["data.y"]))
        self.rows = [None] if table is None else [jax.numpy.array(row) for row in table]
        self.step = jax.jit(jax_ops.training_step(workload), donate_argnums=0)
        self.reset()

    def reset(self) -> None:
        self.state, self.losses = self.begin(self.start), []

    def run(self, steps: int, keep: bool = False) -> int:
        state, data, rows, step = self.state, self.data, self.rows, self.step
        loss, count = None, len(rows)
        for i in range(steps):
            state, loss = step(state, data, rows[i % count])
            if keep:
                self.losses.append(loss)
        self.state = state
        self.jax.block_until_ready((state, loss))
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        self.run(steps, keep=True)
        return np.array([float(loss) for loss in self.losses])


class JittedKernel:
    """A kernel whose asynchronous calls are queued, and waited for at the end."""

    def __init__(self, workload: Kernel, arrays: Arrays) -> None:
        import jax

        from . import jax_ops

        self.jax = jax
        self.operands = jax_ops.on_device(jax_ops.stored(arrays, "data."))
        self.step = jax.jit(lambda operands: workload.compute(jax_ops.Ops, operands))

    def reset(self) -> None:
        """A kernel has no state."""

    def run(self, steps: int) -> int:
        operands, step, result = self.operands, self.step, None
        for _ in range(steps):
            result = step(operands)
        self.jax.block_until_ready(result)
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        return np.asarray(self.step(self.operands))


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    if isinstance(workload, Training):
        return Jitted(workload, arrays)
    return JittedKernel(workload, arrays)
