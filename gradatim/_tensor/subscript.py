"""What stands between the brackets of `x[...]`, made definite.

A subscript is read in two steps, as PyTorch does. First everything that needs no list of places
(integers, slices, `None`, `...`) is one view of the tensor. Then integer tensors and masks pick
places of that view's dimensions. So an integer never counts as a tensor of indices: it takes
its dimension away before the rule about the place of the picked dimensions applies (NumPy
differs: there `x[0, :, [1, 2]]` moves them to the front).
"""

from __future__ import annotations

import operator
import warnings
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import ArgumentError, GradatimError, IndexOutOfRange
from ..core.handle import Handle, is_array, wrap

Shape = tuple[int, ...]
_ALL = slice(None)


class BadIndex(GradatimError, IndexError):
    """Something that cannot stand between the brackets of `x[...]`."""


class Places(NamedTuple):
    """An integer tensor or mask that picks places of a view."""

    dim: int  # the first dimension it applies to
    tensor: Any  # int64 or int32 indices, or a bool mask
    span: int  # the number of dimensions: 1 for indices, those of the mask for a mask
    origin: int  # the dimension of the tensor the user indexed, for messages


class Subscript(NamedTuple):
    """A view by NumPy's `basic` indexing, then `places` of it."""

    basic: tuple[Any, ...]
    is_plain: bool  # whether that view is the whole tensor as it is
    places: tuple[Places, ...]


def parse(shape: Shape, key: Any) -> Subscript:
    """Read `x[key]` for a tensor of this shape."""
    items, read = [], 0
    for item in key if type(key) is tuple else _items(key):
        if type(item) is int or type(item) is slice:
            if type(item) is slice and not _is_definite(item):
                item = _slice(item)
            read += 1
        elif item is not None and item is not ...:
            item = _definite(item)
            read += _span(item)
        items.append(item)
    skipped = len(shape) - read
    if skipped < 0:
        raise BadIndex(
            f"too many indices for tensor of dimension {len(shape)}: {read} given for the shape "
            f"{list(shape)}"
        )
    return _placed(items, shape, skipped)


def _placed(items: list[Any], shape: Shape, skipped: int) -> Subscript:
    """Give each item its dimensions; an ellipsis stands for `skipped` of them."""
    basic: list[Any] = []
    places: list[Places] = []
    dim = out = 0  # dimensions of the tensor read so far, and of the view made so far
    is_plain = True
    for item in items:
        if item is ...:
            # A second ellipsis stands for no dimension.
            basic += [_ALL] * skipped
            dim, out, skipped = dim + skipped, out + skipped, 0
        elif type(item) is slice:
            basic.append(item)
            is_plain = is_plain and item == _ALL
            dim, out = dim + 1, out + 1
        elif item is None or _is_truth(item):
            if item is not None:
                places.append(Places(out, _as_mask(item), 1, dim))
            basic.append(None)
            is_plain, out = False, out + 1
        elif isinstance(item, int):
            basic.append(_checked(item, dim, shape))
            is_plain, dim = False, dim + 1
        else:
            span = _span(item)
            _check_mask(item, shape, dim)
            places.append(Places(out, item, span, dim))
            basic += [_ALL] * span
            dim, out = dim + span, out + span
    return Subscript(tuple(basic), is_plain, tuple(places))


def _items(key: Any) -> tuple[Any, ...]:
    """What is no tuple as one: a single index, or a list that stands for several."""
    if type(key) is list and any(isinstance(k, _NOT_NUMBERS) for k in key):
        warnings.warn(
            "using a list of several indices is deprecated, because it reads as a list of "
            "places; use x[tuple(indices)] or x[gradatim.tensor(indices)]",
            stacklevel=4,
        )
        return tuple(key)
    return (key,)


_NOT_NUMBERS = (list, tuple, range, slice, np.ndarray, Handle, type(None), type(...))


def _definite(item: Any) -> Any:
    """What is none of Python's own indices as an int, truth value, tensor of indices or mask."""
    if isinstance(item, Handle):
        return _tensor(item)
    if isinstance(item, (np.bool_, bool)):
        return bool(item)
    if isinstance(item, (list, tuple, range, np.ndarray)):
        return _tensor(wrap(_array(item)))
    try:
        return operator.index(item)
    except TypeError:
        raise BadIndex(
            "only integers, slices (`:`), ellipsis (`...`), None, bools, and tensors or lists of "
            f"integers or bools are valid indices, got {type(item).__name__}"
        ) from None


def _array(item: Any) -> Any:
    array = np.asarray(item)
    if not array.size and not isinstance(item, np.ndarray):
        return array.astype(np.int64)
    return array


def _tensor(x: Any) -> Any:
    kind = x._value.dtype.kind
    if kind == "u":
        warnings.warn(
            "indexing with dtype uint8 is deprecated: it is read as a mask; use .bool() or .long()",
            stacklevel=5,
        )
        return x != 0
    if kind not in "ib":
        raise BadIndex(
            "tensors used as indices must be long, int, byte or bool tensors, got "
            f"{x._value.dtype}; use .long()"
        )
    if kind == "i" and not x._value.shape and is_array(x._value):
        return int(x._value)
    return x


def _is_definite(item: slice) -> bool:
    return item.step is None and type(item.start) in _BOUND and type(item.stop) in _BOUND


_BOUND = (int, type(None))


def _slice(item: slice) -> slice:
    step = None if item.step is None else operator.index(item.step)
    if step is not None and step <= 0:
        raise ArgumentError(
            f"slice step must be greater than zero, got {step}; use .flip(dim) to go backwards"
        )
    start = None if item.start is None else operator.index(item.start)
    stop = None if item.stop is None else operator.index(item.stop)
    return slice(start, stop, step)


def _is_truth(item: Any) -> bool:
    """True, False, or a mask without dimensions: these pick all or nothing."""
    if isinstance(item, Handle):
        return item._value.dtype.kind == "b" and not item._value.shape
    return isinstance(item, bool)


def _as_mask(item: Any) -> Any:
    return item.reshape(1) if isinstance(item, Handle) else wrap(np.array([item]))


def _span(item: Any) -> int:
    """How many of the tensor's dimensions an item reads."""
    if item is None or item is ... or _is_truth(item):
        return 0
    if isinstance(item, Handle) and item._value.dtype.kind == "b":
        return len(item._value.shape)
    return 1


def _checked(i: int, dim: int, shape: Shape) -> int:
    n = shape[dim]
    if not -n <= i < n:
        raise IndexOutOfRange(f"index {i} is out of bounds for dimension {dim} with size {n}")
    return i


def _check_mask(item: Any, shape: Shape, dim: int) -> None:
    mask = item._value.shape
    if item._value.dtype.kind == "b" and mask != shape[dim : dim + len(mask)]:
        raise BadIndex(
            f"the shape of the mask {list(mask)} at index {dim} does not match the shape of the "
            f"indexed tensor {list(shape)} at index {dim}"
        )
