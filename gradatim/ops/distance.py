"""Distances of all pairs of points.

    |x - y|^2 = |x|^2 + |y|^2 - 2 x y

so that a matrix product does most of the work. What remains of the difference of nearly equal
numbers is exact enough in double precision for single precision numbers; for double precision
numbers, and for few points, the differences themselves are squared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite, Shortcut
from ..core.storage import ArrayType
from .broadcast import broadcast_to, expand_as, reduce_sum, reshape_to
from .elementwise import div, eq, like, mul, sqrt, square, sub, where
from .matmul import matmul
from .movement import swap_last

Array = np.ndarray[Any, Any]

FEW = 1 << 10  # differences; up to here they are as fast as products
NEAR = 1e-14  # squared distances below this share of |x|^2 + |y|^2 are rounding errors


def _type(x: Any, y: Any) -> ArrayType:
    return ArrayType((*x.shape[:-1], y.shape[-2]), x.dtype)


def _differences(x: Any, y: Any) -> Any:
    *batch, n, d = x._value.shape
    m = y._value.shape[-2]
    shape = (*batch, n, m, d)
    left = broadcast_to(reshape_to(x, (*batch, n, 1, d)), shape=shape)
    return sub(left, broadcast_to(reshape_to(y, (*batch, 1, m, d)), shape=shape))


def _expand(x: Any, y: Any) -> Any:
    d = _differences(x, y)
    return sqrt(reduce_sum(square(d), dims=(len(d._value.shape) - 1,), keepdim=False))


def _value(x: Array, y: Array) -> Any:
    if x.dtype == np.float32 and x.size * y.shape[-2] > FEW:
        squares = _squares(x.astype(np.float64), y.astype(np.float64))
        if squares is not None:
            return np.sqrt(squares, squares).astype(np.float32)
    d = x[..., :, None, :] - y[..., None, :, :]
    return np.sqrt(np.einsum("...i,...i->...", d, d))


def _squares(x: Array, y: Array) -> Array | None:
    """The squared distances by a matrix product; None if some number is not finite."""
    origin = y.mean(-2, keepdims=True)  # far from it, more would be lost
    x, y = x - origin, y - origin
    lengths = _lengths(x)[..., :, None] + _lengths(y)[..., None, :]
    if not np.isfinite(lengths).all():
        return None
    squares = np.matmul(x, y.swapaxes(-1, -2))
    squares *= -2
    squares += lengths
    lengths *= NEAR
    squares[squares < lengths] = 0
    return squares


def _lengths(x: Array) -> Any:
    return np.einsum("...i,...i->...", x, x)


def _expand_pull(weight: Any, x: Any, y: Any) -> Any:
    total = reduce_sum(weight, dims=(len(weight._value.shape) - 1,), keepdim=True)
    return sub(mul(x, expand_as(total, x)), matmul(weight, y))


def _pull_value(weight: Array, x: Array, y: Array) -> Any:
    w = weight.astype(np.float64)  # a difference of nearly equal sums again
    return (np.add.reduce(w, -1, keepdims=True) * x - np.matmul(w, y)).astype(x.dtype)


# sum_j w_ij (x_i - y_j): (..., n, m), (..., n, D), (..., m, D) -> (..., n, D)
pull = Shortcut(
    "pull(weight, x, y)",
    _expand_pull,
    lambda weight, x, y: ArrayType(x.shape, x.dtype),
    value=_pull_value,
)


def _back(g: Any, x: Any, y: Any, out: Any) -> Any:
    """By x: each point is pulled along all its differences; at a distance of 0 it is not."""
    zero = eq(out, like(out, 0))
    return pull(where(zero, like(g, 0), div(g, where(zero, like(out, 1), out))), x, y)


# x (..., n, D), y (..., m, D) -> (..., n, m)
distances = Composite(
    "distances(x, y)",
    _expand,
    _type,
    value=_value,
    x=_back,
    y=lambda g, x, y, out: _back(swap_last(g), y, x, swap_last(out)),
)
