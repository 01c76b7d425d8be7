"""A workload: a training step, or one computation to repeat.

The mathematics is written once, in terms of the few functions that every side has (`ops`: linear,
embedding, relu, tanh, gelu, exp, cross_entropy, log_softmax, layer_norm, causal_attention, chunks)
and the operators that all arrays share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Loss = Callable[[Any, Mapping[str, Any], Mapping[str, Any], Any], Any]


@dataclass(frozen=True)
class AdamW:
    """The settings of a training's optimiser, if it is not SGD."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01


@dataclass(frozen=True)
class Training:
    """A training step: forward, backward, and SGD (or `optimizer`) at `rate`.

    `loss(ops, parameters, data, index)` is the program; `index` is None, or, with a `batch`, the
    indices of its examples, drawn within the step with replacement from all data. `matrices` names
    the weights that `ops.linear` multiplies by, stored (out, in); a library that prefers (in, out)
    may store them so. `operations` counts the arithmetic of a step, an FMA as two. `together` is
    the number of steps per call of a native loop.
    """

    name: str
    text: str
    rate: float
    loss: Loss
    arrays: Callable[[], tuple[Arrays, Arrays]]
    operations: float
    matrices: tuple[str, ...] = ()
    batch: int = 0
    together: int = 256
    compared_steps: int = 50
    tolerance: float = 1e-4
    optimizer: AdamW | None = None


@dataclass(frozen=True)
class Kernel:
    """One computation on arrays, repeated; `compute(ops, arrays)` is the program.

    `tolerance` is the maximum error against NumPy in float64, relative to the largest number.
    """

    name: str
    text: str
    compute: Callable[[Any, Mapping[str, Any]], Any]
    arrays: Callable[[], Arrays]
    operations: float = 0.0
    tolerance: float = 1e-5


Workload = Training | Kernel


def named_arrays(workload: Workload) -> Arrays:
    """All arrays of a workload as passed to its sides: `parameter.NAME` and `data.NAME`."""
    arrays = workload.arrays()
    parameters, data = arrays if isinstance(arrays, tuple) else ({}, arrays)
    return {
        **{f"parameter.{name}": array for name, array in parameters.items()},
        **{f"data.{name}": array for name, array in data.items()},
    }


def uniform(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Weights (out, in) of a linear layer, uniform in +-1/sqrt(in), as PyTorch initialises them."""
    bound = shape[-1] ** -0.5
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Standard normal numbers, float32."""
    return rng.standard_normal(shape, dtype=np.float32)
