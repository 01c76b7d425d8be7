"""Did all sides compute the same numbers? A fast wrong answer must not appear in a table.

Trainings are compared by their losses, from the same weights on the same batches, with the median
of all sides. Kernels are compared with NumPy in float64. Differences are relative to the largest
number of the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .workload import Arrays, Kernel


class Float64:
    """The functions used in workloads, in NumPy."""

    tanh, exp = np.tanh, np.exp


def reference(kernel: Kernel, arrays: Arrays) -> np.ndarray:
    """The kernel's result in float64."""
    operands = {name: array.astype(np.float64) for name, array in arrays.items()}
    return np.asarray(kernel.compute(Float64, operands))


def compare(
    outcomes: Mapping[str, np.ndarray], tolerance: float, expected: np.ndarray | None = None
) -> dict[str, Any]:
    """How far each side is from `expected` (or from the median), and which are too far.

    >>> far = compare({"a": np.ones(3), "b": np.ones(3), "c": np.full(3, 1.5)}, 1e-4)
    >>> far["apart"]["c"], far["differ"]
    (0.5, ['c'])
    """
    if not outcomes:
        return {"tolerance": tolerance, "apart": {}, "differ": []}
    shapes = {outcome.shape for outcome in outcomes.values()}
    if len(shapes) > 1:
        raise ValueError(f"the sides' results have different shapes: {sorted(shapes)}")
    if expected is None:
        expected = np.median([outcome.astype(np.float64) for outcome in outcomes.values()], axis=0)
    scale = float(np.abs(expected).max()) or 1.0
    apart = {
        name: float(np.abs(outcome.astype(np.float64) - expected).max()) / scale
        for name, outcome in outcomes.items()
    }
    differ = [name for name, far in apart.items() if not far <= tolerance]  # nan differs too
    return {"tolerance": tolerance, "apart": apart, "differ": differ}
