"""Writing values into a tensor: shared by in-place methods, `copy_` and `x[...] = value`.

A target keeps its shape, dtype and memory. The dtype of an operation's result must not be of a
higher category (bool < integer < floating); an assigned value is cast, whatever its dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..core.dtypes import category, of
from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle
from ..core.inplace import apply, write
from ..ops.broadcast import full, reshape_to
from .promotion import expanded, to_dtype

Shape = tuple[int, ...]


def in_place(operation: Callable[..., Any], target: Any, *operands: Any, **params: Any) -> Any:
    """Overwrite `target` with `operation(target, *operands, **params)`, and return it."""

    def fitted(x: Any, *others: Any) -> Any:
        return _fitted(operation.__name__, target, operation(x, *others, **params))

    apply(fitted, target, *operands)
    return target


def _fitted(name: str, target: Any, result: Any) -> Any:
    shape, dtype = result._value.shape, result._value.dtype
    own, kind = target._value.shape, target._value.dtype
    if shape != own:
        raise ShapeError(
            f"{name}_: the result has the broadcast shape {list(shape)}, but a tensor keeps its "
            f"shape {list(own)} when it is written in place; use the form without _"
        )
    if dtype is kind:
        return result
    if category(dtype) > category(kind):
        raise DTypeError(
            f"{name}_: the result is {of(dtype).name} and can't be cast to the desired output "
            f"type {of(kind).name}, because the tensor keeps its dtype when it is written in "
            "place; use the form without _, or .to(dtype) first"
        )
    return to_dtype(result, kind)


def assign(name: str, target: Any, value: Any) -> None:
    """Write a number or tensor into `target`: cast to its dtype, broadcast to its shape."""
    write(target, shaped(name, target, value, target._value.shape))


def shaped(name: str, target: Any, value: Any, shape: Shape) -> Any:
    """A number or tensor in the dtype of `target`, broadcast to `shape`."""
    dtype = target._value.dtype
    if not isinstance(value, Handle):
        return full(shape, number_for(name, value, dtype), dtype)
    given = value._value.shape
    if given == shape:
        return to_dtype(value, dtype)
    return expanded(to_dtype(_without_front(name, value, given, shape), dtype), shape)


def _without_front(name: str, value: Any, given: Shape, shape: Shape) -> Any:
    """Drop extra leading dimensions of size 1, which PyTorch allows. Errors: ShapeError."""
    extra = max(len(given) - len(shape), 0)
    core = given[extra:]
    pairs = zip(reversed(core), reversed(shape), strict=False)
    if any(n != 1 for n in given[:extra]) or any(n not in (1, m) for n, m in pairs):
        raise ShapeError(
            f"{name}: shape mismatch: a value of shape {list(given)} cannot be broadcast to the "
            f"shape {list(shape)} of the elements to be written"
        )
    return reshape_to(value, core) if extra else value


def number_for(name: str, value: Any, dtype: np.dtype[Any]) -> bool | int | float:
    """A Python or NumPy number as an element of `dtype`; fractions are truncated."""
    if not isinstance(value, (int, float, np.generic)):
        raise TypeError(
            f"{name}: can't assign a {type(value).__name__} to a tensor, only numbers and tensors; "
            "make it one with gradatim.tensor(...)"
        )
    if isinstance(value, np.generic):
        value = value.item()
    if dtype.kind == "f":
        return float(value)
    if dtype.kind == "b":
        return bool(value)
    low, high = _limits(dtype)
    if not math.isfinite(value) or not low <= int(value) <= high:
        raise DTypeError(
            f"{name}: the value cannot be converted to type {of(dtype).name} without overflow: "
            f"{value} is not between {low} and {high}"
        )
    return int(value) % (high + 1) if dtype.kind == "u" else int(value)


@cache
def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least and the largest number that may be written into an integer dtype."""
    limits = np.iinfo(dtype)
    return -limits.max if dtype.kind == "u" else limits.min, limits.max  # negative ones wrap around
