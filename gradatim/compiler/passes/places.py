"""Indices in plainer operations: argmax and argmin along a dimension, and flat indices.

argmax x   = min of the indices where x is max x
flat_index = i sizes[1] + j, each looked up in a range, which checks it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.broadcast import broadcast_to, full, reshape_to
from ...ops.creation import arange
from ...ops.elementwise import add, cast, eq, logical_or, ne, where
from ...ops.indexing import take
from ...ops.reduction import reduce_max, reduce_min
from ..ir.graph import contiguous

_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)


def _place_of(extreme: Any) -> Callable[..., Any]:
    """The first index of the largest or smallest element; a nan is both, as in NumPy."""

    def rule(x: Any, *, dim: int, keepdim: bool) -> Any:
        shape = x._value.shape
        dim = dim % len(shape)
        hit = eq(x, broadcast_to(extreme(x, dims=(dim,), keepdim=True), shape=shape))
        if x._value.dtype.kind == "f":
            hit = logical_or(hit, ne(x, x))
        numbers = arange(start=0, step=1, count=shape[dim], dtype=_INT32)
        along = tuple(n if d == dim else 1 for d, n in enumerate(shape))
        places = broadcast_to(reshape_to(numbers, along), shape=shape)
        none = full(shape, np.iinfo(_INT32).max, _INT32)
        first = reduce_min(where(hit, places, none), dims=(dim,), keepdim=keepdim)
        return cast(first, dtype=_INT64)

    return rule


def _flat_index(*indices: Any, sizes: tuple[int, ...]) -> Any:
    """(i, j) -> i sizes[1] + j; an index looked up in 0, 1, 2, ... may count from the end."""
    shape = np.broadcast_shapes(*[i._value.shape for i in indices])
    total = None
    for index, n, stride in zip(indices, sizes, contiguous(sizes), strict=True):
        numbers = arange(start=0, step=stride, count=n, dtype=_INT64)
        part = take(numbers, broadcast_to(index, shape=shape), dim=0)
        total = part if total is None else add(total, part)
    return total


RULES: dict[str, Callable[..., Any]] = {
    "argmax": _place_of(reduce_max),
    "argmin": _place_of(reduce_min),
    "flat_index": _flat_index,
}
