"""Sorting along one dimension, as indices: values, and their gradients, are gathered with them.

All sorts are stable, and nan counts as the largest number, as in PyTorch. NumPy's stable sort is
six times slower than its fastest one. So elements that fit 32 bits are packed with their position
into a 64-bit key, element first: keys are distinct, so any sort of them is stable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import UnknownShape
from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from .broadcast import numel
from .elementwise import isnan, where
from .indexing import gather
from .movement import slice_

Array = np.ndarray[Any, Any]
_INT64 = np.dtype(np.int64)
_LOW = np.uint64(0xFFFFFFFF)
_LONG = 64  # packing does not pay for rows shorter than this


def _packed(x: Array, *, descending: bool) -> Array | None:
    """Rows (..., n) as keys ordered by element, then position; None if elements are too wide."""
    keys = _keys(x)
    if keys is None:
        return None
    if descending:
        keys = ~keys
    return keys.astype(np.uint64) << np.uint64(32) | np.arange(x.shape[-1], dtype=np.uint64)


def _keys(x: Array) -> Array | None:
    """Elements mapped to unsigned 32-bit integers of the same order; None if they do not fit."""
    if x.dtype == np.float32:
        bits = (x + np.float32(0)).view(np.uint32)  # turns -0.0 into 0.0, which is equal
        is_negative = (bits.view(np.int32) >> 31).view(np.uint32)  # all bits 1, or all 0
        keys = bits ^ (is_negative | np.uint32(0x80000000))
        is_nan = np.isnan(x)
        if is_nan.any():
            keys[is_nan] = 0xFFFFFFFF
        return keys
    if x.dtype == np.int32:
        return x.view(np.uint32) ^ np.uint32(0x80000000)
    if x.dtype.itemsize == 1:
        return x.astype(np.uint32)
    if x.dtype == np.int64 and x.size:
        low = x.min()
        if int(x.max()) - int(low) <= int(_LOW):
            return (x - low).astype(np.uint32)
    return None


def _last(x: Array, dim: int) -> Array:
    """x with `dim` as the last dimension, contiguous."""
    return np.ascontiguousarray(x if dim == x.ndim - 1 else np.moveaxis(x, dim, -1))


def _back(x: Array, dim: int) -> Array:
    """x with its last dimension as `dim`, contiguous."""
    return np.ascontiguousarray(x if dim == x.ndim - 1 else np.moveaxis(x, -1, dim))


def _plain_order(x: Array, *, descending: bool) -> Array:
    if not descending:
        return np.argsort(x, -1, kind="stable")
    backwards = np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1]
    return x.shape[-1] - 1 - backwards


def _order(rows: Array, *, descending: bool) -> Array:
    packed = _packed(rows, descending=descending) if rows.shape[-1] >= _LONG else None
    if packed is None:
        return _plain_order(rows, descending=descending)
    packed.sort(-1)
    return (packed & _LOW).astype(np.int64)


def _argsort(x: Array, *, dim: int, descending: bool) -> Array:
    return _back(_order(_last(x, dim), descending=descending), dim)


# The indices that sort x along `dim`
argsort = Primitive(
    "argsort(x, *, dim, descending)",
    _argsort,
    lambda x, *, dim, descending: ArrayType(x.shape, _INT64),
    differentiable=False,
)


def _top(x: Array, *, k: int, dim: int, largest: bool) -> Array:
    if k == 1 and largest:
        return x.argmax(dim, keepdims=True)  # the first nan, or the first of equal ones
    rows = _last(x, dim)
    is_part = 0 < k < rows.shape[-1] >= _LONG
    packed = _packed(rows, descending=largest) if is_part else None
    if packed is None:
        order = _order(rows, descending=largest)[..., :k]
    else:
        # Partition off the first k, then sort only these.
        packed = np.partition(packed, k - 1, -1)[..., :k]
        packed.sort(-1)
        order = (packed & _LOW).astype(np.int64)
    return _back(order, dim)


# Indices of the k largest (or smallest) elements along `dim`, the most extreme first
top = Primitive(
    "top(x, *, k, dim, largest)",
    _top,
    lambda x, *, k, dim, largest: ArrayType((*x.shape[:dim], k, *x.shape[dim + 1 :]), _INT64),
    differentiable=False,
)


def _one_of_order(x: Any, *, k: int, dim: int) -> Any:
    order = argsort(x, dim=dim, descending=False)
    return slice_(order, index=((slice(None),) * dim + (slice(k, k + 1),)))


def _kth(x: Array, *, k: int, dim: int) -> Array:
    rows = _last(x, dim)
    packed = _packed(rows, descending=False) if x.shape[dim] >= _LONG else None
    if packed is None:
        found = _order(rows, descending=False)[..., k : k + 1]
    else:
        packed.partition(k, -1)
        found = (packed[..., k : k + 1] & _LOW).astype(np.int64)
    return _back(found, dim)


# The index of the k-th smallest element along `dim`, counted from 0, where `dim` has size 1
kth = Composite(
    "kth(x, *, k, dim)",
    _one_of_order,
    lambda x, *, k, dim: ArrayType((*x.shape[:dim], 1, *x.shape[dim + 1 :]), _INT64),
    value=_kth,
    differentiable=False,
)


def _expand_median(x: Any, *, dim: int) -> Any:
    middle = kth(x, k=(x._value.shape[dim] - 1) // 2, dim=dim)
    if x._value.dtype.kind != "f":
        return middle
    # In descending order nan comes first, and of several the first one.
    last = top(x, k=1, dim=dim, largest=True)
    return where(isnan(gather(x, last, dim=dim)), last, middle)


def _median(x: Array, *, dim: int) -> Array:
    middle = _kth(x, k=(x.shape[dim] - 1) // 2, dim=dim)
    if x.dtype.kind != "f" or not np.isnan(x).any():
        return middle
    is_nan = np.isnan(x).any(dim, keepdims=True)
    return np.where(is_nan, x.argmax(dim, keepdims=True), middle)


# The index of the lower median along `dim`, or of the first nan, where `dim` has size 1
median = Composite(
    "median(x, *, dim)",
    _expand_median,
    lambda x, *, dim: ArrayType((*x.shape[:dim], 1, *x.shape[dim + 1 :]), _INT64),
    value=_median,
    differentiable=False,
)


def _searchsorted(edges: Array, values: Array, *, right: bool) -> Array:
    side: Any = "right" if right else "left"
    if edges.ndim == 1:
        return np.searchsorted(edges, values, side)
    count = numel(edges.shape[:-1])  # -1 would not do: a row may be empty
    rows = zip(edges.reshape(count, edges.shape[-1]), values.reshape(count, values.shape[-1]),
               strict=True)  # fmt: skip
    positions = [np.searchsorted(row, wanted, side) for row, wanted in rows]
    return np.array(positions, np.int64).reshape(values.shape)


# The number of sorted edges, (n,) or (..., n), below each value (or equal to it, if `right`)
searchsorted = Primitive(
    "searchsorted(edges, values, *, right)",
    _searchsorted,
    lambda edges, values, *, right: ArrayType(values.shape, _INT64),
    differentiable=False,
)


def _unique(x: Array, *, dim: int | None) -> tuple[Array, Array, Array]:
    values, inverse, counts = np.unique(
        x, axis=dim, return_inverse=True, return_counts=True, equal_nan=False
    )
    shape = x.shape if dim is None else (x.shape[dim],)
    return values, inverse.reshape(shape), counts


def _unique_type(x: Any, *, dim: int | None) -> Any:
    raise UnknownShape(
        "unique: the shape of the result depends on the numbers, which are not known while a "
        "program is traced; take this line out of the traced function"
    )


# The distinct elements in order, the position of each input among them, and their counts
unique = Primitive(
    "unique(x, *, dim)",
    _unique,
    _unique_type,
    outputs=("values", "inverse", "counts"),
    differentiable=False,
)

# How often each of the numbers 0 to length - 1 occurs
bincount = Primitive(
    "bincount(x, *, length)",
    lambda x, *, length: np.bincount(x, minlength=length).astype(np.int64, copy=False),
    lambda x, *, length: ArrayType((length,), _INT64),
    differentiable=False,
)
