"""Arrays whose memory is aligned to cache lines.

NumPy aligns to 16 bytes only. A 64-byte vector load then straddles two cache lines, and code that
loads the same data many times, such as a matrix product, takes 10 to 30 % longer. So long-lived
arrays (tensors made from data, zeros, clones, results of compiled programs) are allocated here;
small arrays and intermediate results come from NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LINE = 64  # bytes of a cache line
SMALL = 1 << 12  # bytes; up to this size, aligning is not worth the two microseconds it takes


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An uninitialised array.

    >>> address_of(empty((64, 64), np.dtype("float32"))) % LINE
    0
    """
    small = math.prod(shape) * dtype.itemsize <= SMALL
    return np.empty(shape, dtype) if small else placed(np.empty, shape, dtype)


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array of zeros; large ones are zero pages of the operating system, not written here."""
    small = math.prod(shape) * dtype.itemsize <= SMALL
    return np.zeros(shape, dtype) if small else placed(np.zeros, shape, dtype)


def copied(array: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """A C-ordered copy."""
    if array.nbytes <= SMALL:
        return np.array(array, dtype, order="C")
    result = empty(array.shape, array.dtype if dtype is None else dtype)
    np.copyto(result, array, casting="unsafe")
    return result


def placed(make: Callable[..., Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array made by `make(size, dtype)`, aligned to a cache line even if it is small."""
    size, more = math.prod(shape), LINE // dtype.itemsize
    buffer = make(size + more, dtype)
    start = -address_of(buffer) % LINE // dtype.itemsize
    return buffer[start : start + size].reshape(shape)


def was_placed(array: Array) -> bool:
    """Whether an array came from `placed`: aligned in every process, not just by chance.

    >>> was_placed(empty((64, 64), np.dtype("float32")))
    True
    """
    buffer = array.base
    more = LINE // array.itemsize
    padded = isinstance(buffer, np.ndarray) and buffer.size == array.size + more
    return padded and address_of(array) % LINE == 0


def address_of(array: Array) -> int:
    """The address of an array's first element."""
    return int(array.__array_interface__["data"][0])
