"""The largest or smallest element along a dimension, with its index: `max(dim)` and `min(dim)`.

The whole gradient goes to that element.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from ..core.storage import ArrayType
from .broadcast import reduced, reshape_to
from .indexing import gather, scatter, zeros
from .reduction import argmax, argmin


def _expand(x: Any, *, dim: int, largest: bool, keepdim: bool) -> tuple[Any, Any]:
    index = (argmax if largest else argmin)(x, dim=dim, keepdim=True)
    values = gather(x, index, dim=dim)
    if keepdim:
        return values, index
    shape = reduced(x._type, (dim,), keepdim=False).shape
    return reshape_to(values, shape), reshape_to(index, shape)


def _value(x: Any, *, dim: int, largest: bool, keepdim: Any) -> tuple[Any, Any]:
    if largest:
        values = np.maximum.reduce(x, dim, keepdims=keepdim)
        return np.asarray(values), np.asarray(x.argmax(dim, keepdims=keepdim))
    values = np.minimum.reduce(x, dim, keepdims=keepdim)
    return np.asarray(values), np.asarray(x.argmin(dim, keepdims=keepdim))


def _types(x: Any, *, dim: int, largest: bool, keepdim: bool) -> tuple[ArrayType, ArrayType]:
    values = reduced(x, (dim,), keepdim)
    return values, ArrayType(values.shape, np.dtype(np.int64))


def _back(g: Any, x_type: ArrayType, index: Any, dim: int) -> Any:
    gradient = g[0]  # the index has none
    shape = (*x_type.shape[:dim], 1, *x_type.shape[dim + 1 :])
    places, arrived = reshape_to(index, shape), reshape_to(gradient, shape)
    return scatter(zeros(x_type), places, arrived, dim=dim, accumulate=True)


# values and index: x (..., n, ...) -> (..., ...) each; of equal extremes the first
extreme = Composite(
    "extreme(x, *, dim, largest, keepdim)",
    _expand,
    _types,
    value=_value,
    outputs=("values", "index"),
    x=_back,
)
