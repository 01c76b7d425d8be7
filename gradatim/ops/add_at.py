"""Scatter-add of rows into a table: the backward pass of every embedding.

`np.add.at` is slow for rows and fast for scalars, so rows are added as scalars at flat indices. For
a small table and many rows, a product with a one-hot matrix is faster still. Measured (one core,
float32):

    table      rows added    np.add.at    scalars    product
    27 x 10            96       54 us       8.6 us     7.1 us
    27 x 27       215,000      148 ms        32 ms    12.5 ms
    256 x 32        2,048          -       0.18 ms    0.67 ms
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_SMALL_TABLE = 48  # rows; above, the product multiplies too many zeros
_MANY = 1024  # rows to add; below, setting up the product costs more than it saves
_FEW_PLACES = 1 << 14  # elements of a table whose flat indices are cached
_BLOCK = 1 << 18  # multiplications per product: few enough for BLAS to stay in one thread


@lru_cache(maxsize=16)
def _places(n: int, inner: int) -> Array:
    """The flat indices of each row's elements: faster to take from a cache than to compute."""
    return np.arange(n * inner).reshape(n, inner)


def add_at(table: Array, index: Array, values: Array, dim: int) -> None:
    """Add `values` (..., *index.shape, ...) to slices `index` of `table` along `dim`, in place.

    `table` is contiguous. Negative indices count from the end; out-of-range ones raise IndexError.
    Values at equal indices add up, always in the same order.
    """
    outer, n, inner = prod(table.shape[:dim]), table.shape[dim], prod(table.shape[dim + 1 :])
    index = index.reshape(-1)
    if not values.size:
        return
    if outer == 1 and inner >= 4 and n <= _SMALL_TABLE and index.size >= _MANY:
        rows = values.reshape(index.size, inner)
        if table.dtype.kind == "f" and _add_products(table.reshape(n, inner), index, rows):
            return
    if outer > 1:
        index = _from_front(index, n)  # a negative flat index would fall into the previous block
    if inner == 1:
        places = index
    elif n * inner <= _FEW_PLACES:
        places = _places(n, inner).take(index, 0)
    else:
        places = index[:, None] * inner + np.arange(inner)
    if outer > 1:
        places = np.arange(0, outer * n * inner, n * inner)[:, None] + places.reshape(-1)
    np.add.at(table.reshape(-1), places.reshape(-1), values.reshape(-1))


def _add_products(table: Array, index: Array, rows: Array) -> bool:
    """Add by products with one-hot matrices; False, and nothing added, if that gives inf or nan."""
    n, width = table.shape
    index = _from_front(index, n)
    size = max(_BLOCK // (n * width), 1)
    hot = np.zeros((min(size, index.size), n), table.dtype)
    ones, starts = hot.reshape(-1), np.arange(0, hot.size, n)
    total = np.zeros_like(table)
    for start in range(0, index.size, size):
        part = index[start : start + size]
        count = part.size
        places = part + starts[:count]
        ones[places] = 1
        total += hot[:count].T @ rows[start : start + size]
        ones[places] = 0
    if not np.isfinite(total).all():
        return False  # 0 * inf is nan: one infinite value would spoil other rows of the table
    table += total
    return True


def _from_front(index: Array, n: int) -> Array:
    if index.min() >= 0 and index.max() < n:
        return index
    if index.min() < -n or index.max() >= n:
        raise IndexError
    return np.where(index < 0, index + n, index)
