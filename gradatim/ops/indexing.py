"""Reading and writing at places given by integer tensors.

    take     <->  put(..., accumulate=True) on zeros
    gather   <->  scatter_add on zeros

Indices are checked by the tensor's face; here they lie in [0, n).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Primitive
from ..core.storage import ArrayType
from .broadcast import full

Array = np.ndarray[Any, Any]


def _take_type(x: Any, index: Any, *, dim: int) -> ArrayType:
    return ArrayType((*x.shape[:dim], *index.shape, *x.shape[dim + 1 :]), x.dtype)


# Slices of x along `dim`, at the places in index: (a, n, b), (i, j) -> (a, i, j, b)
take = Primitive(
    "take(x, index, *, dim)",
    lambda x, index, *, dim: np.take(x, index, dim),
    _take_type,
    x=lambda g, x_type, index, dim: put(
        full(x_type.shape, 0, x_type.dtype), index, g, dim=dim, accumulate=True
    ),
)


def _put_value(x: Array, index: Array, values: Array, *, dim: int, accumulate: bool) -> Array:
    result = np.ascontiguousarray(x) if x.flags.c_contiguous else x.copy(order="C")
    if result is x:
        result = x.copy()
    place = (slice(None),) * dim + (index,)
    if accumulate:
        np.add.at(result, place, values)
    else:
        result[place] = values
    return result


# A copy of x with `values` written (or added) at slices `index` of `dim`
put = Primitive(
    "put(x, index, values, *, dim, accumulate)",
    _put_value,
    lambda x, index, values, *, dim, accumulate: ArrayType(x.shape, x.dtype),
    x=lambda g, index, values_type, dim, accumulate: (
        g
        if accumulate
        else put(g, index, full(values_type.shape, 0, g._value.dtype), dim=dim, accumulate=False)
    ),
    values=lambda g, index, dim: take(g, index, dim=dim),
)
