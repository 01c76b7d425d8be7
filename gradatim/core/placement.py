"""Arrays whose memory is aligned to cache lines.

NumPy aligns to 16 bytes only. A vector of 64 bytes then straddles two cache lines, and code that
reads it again and again, as a matrix product does, takes 10 to 30 % longer. So arrays that live
long (tensors of given numbers, zeros, clones, results of compiled programs) are allocated here;
small arrays and intermediate results are NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LINE = 64  # bytes of a cache line
SMALL = 1 << 12  # bytes: smaller arrays are not worth the two microseconds that aligning takes


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An uninitialised array.

    >>> address_of(empty((64, 64), np.dtype("float32"))) % LINE
    0
    """
    small = math.prod(shape) * dtype.itemsize <= SMALL
    return np.empty(shape, dtype) if small else placed(np.empty, shape, dtype)


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array of zeros, which the operating system provides without writing them."""
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
    """An array made by `make(size, dtype)`, aligned to a cache line whatever its size."""
    size, more = math.prod(shape), LINE // dtype.itemsize
    room = make(size + more, dtype)
    start = -address_of(room) % LINE // dtype.itemsize
    return room[start : start + size].reshape(shape)


def was_placed(array: Array) -> bool:
    """Whether an array was made by `placed`, so that it is aligned in every process, not by chance.

    >>> was_placed(empty((64, 64), np.dtype("float32")))
    True
    """
    room = array.base
    more = LINE // array.itemsize
    placed = isinstance(room, np.ndarray) and room.size == array.size + more
    return placed and address_of(array) % LINE == 0


def address_of(array: Array) -> int:
    """The address of an array's first element."""
    return int(array.__array_interface__["data"][0])
