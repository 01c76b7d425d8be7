"""Reductions: mean, maximum and minimum, their indices, any and all."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from .broadcast import broadcast_to, count, reduce_sum, reduced, restore_dims
from .elementwise import cast, div, eq, like, mul

Dims = tuple[int, ...]


def _mean_value(x: Any, *, dims: Dims, keepdim: Any) -> Any:
    total = np.add.reduce(x, dims, keepdims=keepdim)
    return np.divide(total, count(x.shape, dims), dtype=x.dtype)


def _mean(x: Any, *, dims: Dims, keepdim: bool) -> Any:
    total = reduce_sum(x, dims=dims, keepdim=keepdim)
    return div(total, like(total, count(x._value.shape, dims)))


def _mean_back(g: Any, x_type: ArrayType, dims: Dims, keepdim: bool) -> Any:
    share = div(g, like(g, count(x_type.shape, dims)))
    return broadcast_to(restore_dims(share, dims, keepdim), shape=x_type.shape)


mean = Composite("mean(x, *, dims, keepdim)", _mean, reduced, value=_mean_value, x=_mean_back)


def _extreme_back(g: Any, x: Any, out: Any, dims: Dims, keepdim: bool) -> Any:
    # Equal extremes share the gradient evenly.
    shape = x._value.shape
    hit = eq(x, broadcast_to(restore_dims(out, dims, keepdim), shape=shape))
    hits = cast(hit, dtype=x._value.dtype)
    share = div(restore_dims(g, dims, keepdim), reduce_sum(hits, dims=dims, keepdim=True))
    return mul(hits, broadcast_to(share, shape=shape))


reduce_max = Primitive(
    "amax(x, *, dims, keepdim)",
    lambda x, *, dims, keepdim: np.maximum.reduce(x, dims, keepdims=keepdim),
    reduced,
    x=_extreme_back,
)

reduce_min = Primitive(
    "amin(x, *, dims, keepdim)",
    lambda x, *, dims, keepdim: np.minimum.reduce(x, dims, keepdims=keepdim),
    reduced,
    x=_extreme_back,
)


def _index_type(x: Any, *, dim: int, keepdim: bool) -> ArrayType:
    return ArrayType(reduced(x, (dim,), keepdim).shape, np.dtype(np.int64))


argmax = Primitive(
    "argmax(x, *, dim, keepdim)",
    lambda x, *, dim, keepdim: np.argmax(x, dim, keepdims=keepdim),
    _index_type,
    differentiable=False,
)

argmin = Primitive(
    "argmin(x, *, dim, keepdim)",
    lambda x, *, dim, keepdim: np.argmin(x, dim, keepdims=keepdim),
    _index_type,
    differentiable=False,
)


def _truth_type(x: Any, *, dims: Dims, keepdim: bool) -> ArrayType:
    return ArrayType(reduced(x, dims, keepdim).shape, np.dtype(np.bool_))


any_ = Primitive(
    "any(x, *, dims, keepdim)",
    lambda x, *, dims, keepdim: np.logical_or.reduce(x, dims, keepdims=keepdim),
    _truth_type,
    differentiable=False,
)

all_ = Primitive(
    "all(x, *, dims, keepdim)",
    lambda x, *, dims, keepdim: np.logical_and.reduce(x, dims, keepdims=keepdim),
    _truth_type,
    differentiable=False,
)
