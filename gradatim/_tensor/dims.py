"""Dimensions and shapes as the user writes them, made definite or refused with a reason."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from ..core.errors import ArgumentError, IndexOutOfRange, ShapeError

Shape = tuple[int, ...]

_MOST_ELEMENTS = 2**60  # of 8 bytes, that a signed 64-bit number can count


class Size(tuple[int, ...]):
    """A shape: a tuple that prints as PyTorch's.

    >>> Size([1, 4]).numel()
    4
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"gradatim.Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return Size(part) if isinstance(key, slice) else part

    def __add__(self, other: tuple[Any, ...]) -> Size:
        return Size(super().__add__(tuple(other)))


def one_dim(name: str, dim: int, ndim: int) -> int:
    """A dimension counted from the front; negative ones count from the end."""
    try:
        dim = operator.index(dim)
    except TypeError:
        raise TypeError(f"{name}: a dimension must be an integer, got {dim!r}") from None
    limit = max(ndim, 1)
    if not -limit <= dim < limit:
        raise IndexOutOfRange(
            f"{name}: dimension {dim} is out of range for a tensor of {ndim} dimensions; "
            f"use {-limit} to {limit - 1}"
        )
    return dim % limit


def some_dims(name: str, dim: int | Iterable[int] | None, ndim: int) -> Shape:
    """Dimensions to reduce, from the front and sorted: all of them for None or ()."""
    if type(dim) is int and -ndim <= dim < ndim:
        return (dim % ndim,)
    if dim is None or dim == ():
        return tuple(range(ndim))
    given = dim if isinstance(dim, Iterable) else (dim,)
    found = [one_dim(name, d, ndim) for d in given]
    if len(set(found)) < len(found):
        raise ArgumentError(f"{name}: dimension given twice in {tuple(given)}")
    return tuple(sorted(found)) if ndim else ()


def sizes(name: str, args: Sequence[Any]) -> Shape:
    """`f(2, 3)` and `f((2, 3))` alike, as a tuple of ints."""
    if len(args) == 1 and type(args[0]) is not int:
        given = args[0]
        if isinstance(given, tuple | list):
            args = given
        elif isinstance(given, Iterable) and not hasattr(given, "__index__"):
            args = tuple(given)
    try:
        return tuple([operator.index(n) for n in args])
    except TypeError:
        raise TypeError(f"{name}: sizes must be integers, got {tuple(args)}") from None


def shape_sizes(name: str, args: Sequence[Any]) -> Shape:
    """The sizes of a new tensor: integers that are not negative."""
    shape = sizes(name, args)
    if shape and min(shape) < 0:
        raise ShapeError(f"{name}: sizes must not be negative, got {list(shape)}")
    if math.prod(shape) >= _MOST_ELEMENTS:
        raise ShapeError(f"{name}: more elements than memory has addresses, in shape {list(shape)}")
    return shape


def fill_in(name: str, shape: Shape, old: Shape) -> Shape:
    """Replace one -1 by what makes the shape hold as many elements as the old one."""
    count = math.prod(old)
    if min(shape, default=0) >= 0 and math.prod(shape) == count:
        return shape
    known = math.prod(n for n in shape if n != -1)
    unknown = sum(n == -1 for n in shape)
    if unknown > 1:
        raise ArgumentError(f"{name}: only one size can be -1, got {list(shape)}")
    if any(n < -1 for n in shape):
        raise ShapeError(f"{name}: sizes must not be negative, but for one -1, got {list(shape)}")
    if unknown and known and count % known == 0:
        return tuple([count // known if n == -1 else n for n in shape])
    if unknown or known != count:
        raise ShapeError(
            f"{name}: shape {list(old)} of {count} elements does not fit the shape {list(shape)}, "
            + (f"and {count} is no multiple of {known}" if unknown else f"which has {known}")
        )
    return shape
