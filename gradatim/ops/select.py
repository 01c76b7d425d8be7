"""Choosing between two arrays in NumPy without a branch for each number.

`np.where` branches, and where the condition is a matter of chance (the sign of what goes into a
ReLU, a dropout mask) the processor guesses every second one wrong, which takes ten times as long
as the rest. Masks of bits need no guess: all ones where the condition holds, all zeros elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SMALL = 1 << 9  # elements of which one call is sooner done than four
_INTEGERS = {1: np.int8, 4: np.int32, 8: np.int64}


def select(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, y elsewhere: `np.where`, bit for bit."""
    if condition.size < SMALL or x.dtype != y.dtype or condition.dtype != np.bool_:
        return np.where(condition, x, y)
    kind = _INTEGERS[x.dtype.itemsize]
    mask = condition.astype(kind)
    a, b = x.view(kind), y.view(kind)
    if _is_zero(b):
        np.negative(mask, mask)
        np.bitwise_and(mask, a, mask)
    elif _is_zero(a):
        np.subtract(mask, 1, mask)  # all ones where the condition does not hold
        np.bitwise_and(mask, b, mask)
    else:
        np.negative(mask, mask)
        np.bitwise_and(mask, np.bitwise_xor(a, b), mask)
        np.bitwise_xor(mask, b, mask)
    return mask.view(x.dtype)


def _is_zero(bits: Array) -> bool:
    """Whether it is the number 0 spread over a shape, which is known without looking at all."""
    return not any(bits.strides) and not bits[(0,) * bits.ndim]
