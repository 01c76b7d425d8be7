"""Validation and normalisation of dimensions and shapes given by the user."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from ..core.errors import ArgumentError, IndexOutOfRange, ShapeError

Shape = tuple[int, ...]

_MOST_ELEMENTS = 2**60  # at 8 bytes each, the size in bytes still fits a signed 64-bit integer


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

    def __mul__(self, times: Any) -> Size:
        return Size(super().__mul__(times))

    __rmul__ = __mul__


def one_dim(name: str, dim: int, ndim: int) -> int:
    """A dimension as a non-negative number; negative ones count from the end."""
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


def sliced_dim(name: str, dim: int, ndim: int) -> int:
    """`one_dim` for splitting along a dimension, so a 0-d tensor is refused."""
    if not ndim:
        raise IndexOutOfRange(
            f"{name}: a 0-d tensor has no dimension to split; use .reshape(1) first"
        )
    return one_dim(name, dim, ndim)


def some_dims(name: str, dim: int | Iterable[int] | None, ndim: int) -> Shape:
    """Dimensions to reduce, non-negative and sorted: all of them for None or ()."""
    if type(dim) is int and -ndim <= dim < ndim:
        return (dim % ndim,)
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = different_dims(name, dim, ndim)
    return tuple(sorted(dims)) if ndim else ()


def different_dims(name: str, dim: int | Iterable[int], ndim: int) -> Shape:
    """One or several dimensions, non-negative and in the given order. Errors: duplicates."""
    given = tuple(dim) if isinstance(dim, Iterable) else (dim,)
    dims = tuple([one_dim(name, d, ndim) for d in given])
    if len(set(dims)) < len(dims):
        raise ArgumentError(f"{name}: dimension given twice: {given}")
    return dims


def integers(name: str, args: Sequence[Any], named: Any = None) -> Shape:
    """The integers of a call `f(2, 3)`, `f((2, 3))` or `f(size=(2, 3))`, as a tuple of ints."""
    if named is not None:
        if args:
            raise TypeError(f"{name}: got {tuple(args)} and, by name, {named}; give one of them")
        args = (named,)
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
    """The sizes of a new tensor: non-negative integers."""
    shape = integers(name, args)
    if shape and min(shape) < 0:
        raise ShapeError(f"{name}: sizes must not be negative, got {list(shape)}")
    if math.prod(shape) >= _MOST_ELEMENTS:
        raise ShapeError(f"{name}: more elements than memory has addresses, in shape {list(shape)}")
    return shape


def fill_in(name: str, shape: Shape, old: Shape) -> Shape:
    """Replace one -1 by the size that gives the shape as many elements as the old one."""
    count = math.prod(old)
    if min(shape, default=0) >= 0 and math.prod(shape) == count:
        return shape
    known = math.prod(n for n in shape if n != -1)
    unknown = sum(n == -1 for n in shape)
    if unknown > 1:
        raise ArgumentError(f"{name}: only one size can be -1, got {list(shape)}")
    if any(n < -1 for n in shape):
        raise ShapeError(f"{name}: sizes must not be negative, except one -1, got {list(shape)}")
    if unknown and known and count % known == 0:
        return tuple([count // known if n == -1 else n for n in shape])
    if unknown or known != count:
        raise ShapeError(
            f"{name}: shape {list(old)} of {count} elements does not fit the shape {list(shape)}, "
            + (f"and {count} is not a multiple of {known}" if unknown else f"which has {known}")
        )
    return shape
