"""Checks and reshapes shared by the methods that take an index tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import of
from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle
from ..core.numbers import glance
from ..ops.broadcast import full, numel, reshape_to
from ..ops.elementwise import add, like, lt, where
from ..ops.movement import slice_
from .promotion import to_dtype
from .writing import number_for

_INT64 = np.dtype(np.int64)


def as_index(name: str, index: Any) -> Any:
    """An index tensor as int64. Errors: TypeError, DTypeError for anything but int32 and int64."""
    if not isinstance(index, Handle):
        raise TypeError(f"{name}: index must be a tensor of integers, got {type(index).__name__}")
    dtype = index._value.dtype
    if dtype not in (_INT64, np.int32):
        raise DTypeError(f"{name}: expected dtype int32 or int64 for index, got {of(dtype).name}")
    return to_dtype(index, _INT64)


def check_same_dtype(name: str, x: Any, source: Any) -> Any:
    """`source`, if it has the dtype of `x`. Errors: DTypeError."""
    ours, theirs = x._value.dtype, source._value.dtype
    if ours != theirs:
        raise DTypeError(
            f"{name}: expected self.dtype to be equal to src.dtype, got {of(ours).name} and "
            f"{of(theirs).name}; use .to({of(ours)})"
        )
    return source


def as_scalar(name: str, x: Any, value: Any) -> Any:
    """A Python number or 0-d tensor as a 0-d tensor with the dtype of `x`. Errors: ShapeError."""
    dtype = x._value.dtype
    if not isinstance(value, Handle):
        return full((), number_for(name, value, dtype), dtype)
    if value._value.shape:
        raise ShapeError(
            f"{name}: only supports a number or a 0-dimensional value tensor, got shape "
            f"{[*value._value.shape]}"
        )
    return to_dtype(value, dtype)


def at_least_1d(x: Any) -> Any:
    """`x`, or, if it is 0-d, a view of shape (1,)."""
    return x if x._value.shape else reshape_to(x, (1,))


def flattened(x: Any) -> Any:
    """All elements in one dimension, (numel,)."""
    return reshape_to(x, (numel(x._value.shape),))


def nonnegative(index: Any, n: int) -> Any:
    """Indices in [-n, n) as indices in [0, n)."""
    numbers = glance(index)
    if numbers is not None and (not numbers.size or numbers.min() >= 0):
        return index
    return where(lt(index, like(index, 0)), add(index, like(index, n)), index)


def narrowed(x: Any, start: int | None, stop: int | None) -> Any:
    """A view of `start` to `stop` along the first dimension."""
    return slice_(x, index=(slice(start, stop),))
