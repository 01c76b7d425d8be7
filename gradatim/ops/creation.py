"""Constants and ranges: operations without inputs, so without gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.placement import empty, zeros
from ..core.primitive import Primitive
from ..core.random.rounding import fma32, fma64
from ..core.storage import ArrayType

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


def _filled(*, shape: Shape, value: Any, dtype: np.dtype[Any]) -> Array:
    # Zero pages of the operating system are faster than writing zeros.
    zero = type(value) is int and value == 0
    if zero:
        return zeros(shape, dtype)
    out = empty(shape, dtype)
    np.copyto(out, value, casting="unsafe")
    return out


# One number in every element
filled = Primitive(
    "filled(*, shape, value, dtype)",
    _filled,
    lambda *, shape, value, dtype: ArrayType(shape, dtype),
    differentiable=False,
)


# Values given from Python: an array, which the tensor owns from here on
constant = Primitive(
    "constant(*, array)",
    lambda *, array: array,
    lambda *, array: ArrayType(array.shape, array.dtype),
    differentiable=False,
)


def _range_type(*, start: Any, step: Any, count: int, dtype: np.dtype[Any]) -> ArrayType:
    return ArrayType((count,), dtype)


def _arange(*, start: Any, step: Any, count: int, dtype: np.dtype[Any]) -> Array:
    places = np.arange(count)
    if step != 1:
        places = places * step
    return (places + start if start != 0 else places).astype(dtype, copy=False)


# start, start + step, ... (count,): in float64 or int64, then rounded to the dtype
arange = Primitive(
    "arange(*, start, step, count, dtype)",
    _arange,
    _range_type,
    differentiable=False,
)


def _linspace(*, start: Any, stop: Any, count: int, dtype: np.dtype[Any]) -> Array:
    """Computed from both ends towards the middle, so that both ends are exact."""
    if count == 1:
        return np.full(1, start).astype(dtype)
    forward = np.arange(count // 2)
    backward = np.arange(count - count // 2)[::-1]
    if dtype.kind != "f":
        step = (float(stop) - float(start)) / max(count - 1, 1)
        first, last = start + step * forward, stop - step * backward
        return np.concatenate([first.astype(dtype), last.astype(dtype)])
    start, stop = dtype.type(start), dtype.type(stop)
    step = (stop - start) / dtype.type(max(count - 1, 1))
    fma = fma32 if dtype == np.float32 else fma64
    first = fma(forward.astype(dtype), float(step), float(start))
    last = fma(backward.astype(dtype), -float(step), float(stop))
    return np.concatenate([first, last])


def _linspace_type(*, start: Any, stop: Any, count: int, dtype: np.dtype[Any]) -> ArrayType:
    return ArrayType((count,), dtype)


# `count` numbers from start to stop, both included, at equal distances
linspace = Primitive(
    "linspace(*, start, stop, count, dtype)", _linspace, _linspace_type, differentiable=False
)
