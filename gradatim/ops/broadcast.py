"""Broadcasting and its adjoint, summing; reshaping, whose adjoint is reshaping back.

broadcast_to  <->  reduce_sum
reshape       <->  reshape, with the shapes exchanged
"""

from __future__ import annotations

import math
from functools import lru_cache
from math import copysign
from typing import Any

import numpy as np

from ..core.errors import DTypeError
from ..core.placement import copied
from ..core.primitive import Primitive
from ..core.storage import ArrayType
from ..core.tape import bind


def _broadcast(x: np.ndarray[Any, Any], *, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    # np.broadcast_to is six times slower, and this runs for every bias and every scalar. But
    # an array that is not contiguous does not expose its memory as a buffer.
    if not x.flags.c_contiguous:
        return np.broadcast_to(x, shape)
    new = len(shape) - x.ndim
    strides = (0,) * new + tuple(
        [s if n == m else 0 for s, n, m in zip(x.strides, x.shape, shape[new:], strict=True)]
    )
    return np.ndarray(shape, x.dtype, x, 0, strides)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` down to `shape`: the adjoint of broadcasting from `shape`."""
    target = g._value.shape
    new = len(target) - len(shape)
    spread = tuple(range(new)) + tuple(
        i for i, n in enumerate(target) if i >= new and shape[i - new] == 1 and n != 1
    )
    return reshape_to(reduce_sum(g, dims=spread, keepdim=False) if spread else g, shape)


broadcast_to = Primitive(
    "broadcast_to(x, *, shape)",
    _broadcast,
    lambda x, *, shape: ArrayType(shape, x.dtype),
    is_view=True,
    x=lambda g, x_type: sum_to(g, x_type.shape),
)


@lru_cache(maxsize=4096)
def _repeated(
    shape: tuple[int, ...], value: Any, dtype: np.dtype[Any], sign: float
) -> np.ndarray[Any, Any]:
    _check_size(value, dtype)
    number = np.array(value).astype(dtype)  # two steps, so that 300 wraps in uint8, as in PyTorch
    array = np.ndarray(shape, dtype, number, 0, (0,) * len(shape))
    array.flags.writeable = False  # the cache returns this array again
    return array


def _repeated_value(
    *, shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    try:
        # The sign is part of the cache key because 0.0 == -0.0.
        return _repeated(shape, value, dtype, copysign(1, value))
    except OverflowError:
        raise DTypeError(_too_large(value, dtype)) from None


def _repeated_type(*, shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]) -> ArrayType:
    try:
        _check_size(value, dtype)
    except OverflowError:
        raise DTypeError(_too_large(value, dtype)) from None
    return ArrayType(shape, dtype)


def _check_size(value: Any, dtype: np.dtype[Any]) -> None:
    """Refuse an integer of more than 64 bits, or for a float dtype one too large for a float."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        if dtype.kind != "f":
            raise OverflowError
        float(value)


def _too_large(value: int, dtype: np.dtype[Any]) -> str:
    text = f"the number {value}" if abs(value) < 10**40 else "an integer of more than 40 digits"
    return (
        f"{text} cannot be converted to {dtype.name} without overflow: integers have 64 "
        "bits here; write it as a float"
    )


# One number in every element, in the memory of one: how Python numbers become tensors
repeated = Primitive(
    "repeated(*, shape, value, dtype)",
    _repeated_value,
    _repeated_type,
    differentiable=False,
)


@lru_cache(maxsize=64)
def ones(n: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A vector of ones, cached."""
    vector = np.ones(n, dtype)
    vector.flags.writeable = False
    return vector


def _spread(g: Any, x_type: ArrayType, dims: tuple[int, ...], keepdim: bool) -> Any:
    """The adjoint of a sum: every summand gets the gradient of the sum."""
    return broadcast_to(restore_dims(g, dims, keepdim), shape=x_type.shape)


FLAT = 1 << 12  # elements; below, computing the shapes costs more than the product saves
LONG = 1 << 14  # rows; the longest vector of ones worth caching
_plus: Any = np.add.reduce


def _sum(x: np.ndarray[Any, Any], *, dims: tuple[int, ...], keepdim: bool) -> Any:
    count = len(dims)
    # Over leading dimensions, as for every bias gradient, a product with ones is 5 times faster.
    if x.size < FLAT or not count or count == x.ndim or dims[-1] != count - 1:
        return _plus(x, dims, keepdims=keepdim)
    rows = numel(x.shape[:count])
    if x.dtype.kind != "f" or not x.flags.c_contiguous or not 1 < rows <= LONG:
        return _plus(x, dims, keepdims=keepdim)
    total = ones(rows, x.dtype).dot(x.reshape(rows, x.size // rows))
    return total.reshape((1,) * count * keepdim + x.shape[count:])


reduce_sum = Primitive(
    "reduce_sum(x, *, dims, keepdim)",
    _sum,
    lambda x, *, dims, keepdim: reduced(x, dims, keepdim),
    x=_spread,
)

reshape = Primitive(
    "reshape(x, *, shape)",
    lambda x, *, shape: x.reshape(shape),
    lambda x, *, shape: ArrayType(shape, x.dtype),
    is_view=True,
    x=lambda g, x_type: reshape_to(g, x_type.shape),
)

copy = Primitive(
    "copy(x)",
    copied,
    lambda x: ArrayType(x.shape, x.dtype),
    x=lambda g: g,
)


def reduced(x: Any, dims: tuple[int, ...], keepdim: bool) -> ArrayType:
    """The shape rule of reductions: `dims` become 1 or disappear."""
    if keepdim:
        return ArrayType(tuple(1 if i in dims else n for i, n in enumerate(x.shape)), x.dtype)
    return ArrayType(tuple(n for i, n in enumerate(x.shape) if i not in dims), x.dtype)


def restore_dims(y: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
    """Put back the dimensions that a reduction removed, with size 1."""
    if keepdim or not dims:
        return y
    shape = list(y._value.shape)
    for d in sorted(dims):
        shape.insert(d, 1)
    return reshape_to(y, tuple(shape))


def reshape_to(x: Any, shape: tuple[int, ...]) -> Any:
    """`reshape`: a view where the memory layout allows one, else a view of a copy."""
    if x._value.shape == shape:
        return x
    return reshape(x if can_view(x._value, shape) else copy(x), shape=shape)


def can_view(value: Any, shape: tuple[int, ...]) -> bool:
    """Whether a value's elements, in order, can be viewed in another shape without a copy."""
    flags = value.flags
    if flags is None or flags.c_contiguous or value.size == 0:
        return True
    if value.shape[:-1] == shape[: len(value.shape) - 1]:  # only the last dimension is split
        return True
    # Merge adjacent dimensions that are contiguous with each other, then split them to `shape`.
    runs: list[list[int]] = []
    for n, step in zip(value.shape, value.strides, strict=True):
        if runs and runs[-1][1] == n * step:
            runs[-1] = [runs[-1][0] * n, step]
        elif n != 1:
            runs.append([n, step])
    rest = 1  # remaining size of the merged dimension that is being split
    for n in reversed(shape):
        if rest == 1 and n != 1:
            rest = runs.pop()[0]
        if rest % n:
            return False
        rest //= n
    return True


def full(shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]) -> Any:
    """A read-only tensor that repeats one number with stride 0, in the memory of one element."""
    return bind(repeated, shape=shape, value=value, dtype=dtype)


def numel(shape: tuple[int, ...]) -> int:
    """The number of elements of a shape."""
    return math.prod(shape)


def count(shape: tuple[int, ...], dims: tuple[int, ...]) -> int:
    """The number of elements along some dimensions of a shape."""
    return math.prod([shape[d] for d in dims])


def expand_as(y: Any, x: Any) -> Any:
    """`y` broadcast to the shape of `x`."""
    return broadcast_to(y, shape=x._value.shape)
