"""`np.where` without a branch per element.

`np.where` branches. Where the condition is random (the sign of a ReLU's input, a dropout mask), the
processor mispredicts every second branch, which costs ten times all other work. Bit masks need no
branches: all ones where the condition holds, all zeros elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SMALL = 1 << 9  # elements; below, one call of np.where is faster than four other calls
_INTEGERS = {1: np.int8, 4: np.int32, 8: np.int64}


def select(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, y elsewhere: `np.where`, bit for bit."""
    if condition.size < SMALL or x.dtype != y.dtype or condition.dtype != np.bool_:
        return np.where(condition, x, y)
    kind = _INTEGERS[x.dtype.itemsize]
    while condition.ndim > 1 and not condition.strides[0]:
        condition = condition[0]  # one mask for all matrices is made once
    mask = condition.astype(kind)
    out = mask if mask.shape == x.shape else None
    a, b = x.view(kind), y.view(kind)
    if _is_zero(b):
        np.negative(mask, mask)
        out = np.bitwise_and(mask, a, out)
    elif _is_zero(a):
        np.subtract(mask, 1, mask)  # all ones where the condition does not hold
        out = np.bitwise_and(mask, b, out)
    else:
        np.negative(mask, mask)
        out = np.bitwise_and(mask, np.bitwise_xor(a, b), out)
        np.bitwise_xor(out, b, out)
    return out.view(x.dtype)


def _is_zero(bits: Array) -> bool:
    """Whether it is a broadcast 0, seen from the strides and one element."""
    return not any(bits.strides) and not bits[(0,) * bits.ndim]
