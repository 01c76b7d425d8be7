"""Memory that begins where a line of the cache does.

NumPy's begins at any multiple of 16 bytes. A vector of 64 bytes then lies in two lines, and what
reads it again and again, as a matrix product does, takes 10 to 30 % longer. So what the library
makes to stay (tensors of given numbers, zeros, clones, results of compiled programs) is placed
here; small arrays, and those that an operation hands to the next one, are NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LINE = 64  # bytes that come together from memory
SMALL = 1 << 12  # bytes of an array that is not worth the two microseconds that this takes


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array that is not initialised.

    >>> address_of(empty((64, 64), np.dtype("float32"))) % LINE
    0
    """
    small = math.prod(shape) * dtype.itemsize <= SMALL
    return np.empty(shape, dtype) if small else placed(np.empty, shape, dtype)


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Zeros: the operating system has them, so they are not written."""
    small = math.prod(shape) * dtype.itemsize <= SMALL
    return np.zeros(shape, dtype) if small else placed(np.zeros, shape, dtype)


def copied(array: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """The same numbers in order, in memory of their own."""
    if array.nbytes <= SMALL:
        return np.array(array, dtype, order="C")
    result = empty(array.shape, array.dtype if dtype is None else dtype)
    np.copyto(result, array, casting="unsafe")
    return result


def placed(make: Callable[..., Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """What `make(size, dtype)` gives, from its first line on: large or small."""
    size, more = math.prod(shape), LINE // dtype.itemsize
    room = make(size + more, dtype)
    start = -address_of(room) % LINE // dtype.itemsize
    return room[start : start + size].reshape(shape)


def was_placed(array: Array) -> bool:
    """Whether it was `placed`, so that it begins with a line in every process, not by chance.

    >>> was_placed(empty((64, 64), np.dtype("float32")))
    True
    """
    room = array.base
    more = LINE // array.itemsize
    placed = isinstance(room, np.ndarray) and room.size == array.size + more
    return placed and address_of(array) % LINE == 0


def address_of(array: Array) -> int:
    """Where an array's first element lies."""
    return int(array.__array_interface__["data"][0])
