"""Parsing of subscripts, the part between the brackets of `x[...]`.

As in PyTorch, a subscript is applied in two steps. First all basic indices (integers, slices,
`None`, `...`) make one view of the tensor. Then integer tensors and masks index that view's
dimensions. So an integer never counts as a tensor of indices: it removes its dimension before the
rule about the position of the indexed dimensions applies (NumPy differs: there `x[0, :, [1, 2]]`
moves them to the front).
"""

from __future__ import annotations

import operator
import warnings
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import ArgumentError, GradatimError, IndexOutOfRange
from ..core.handle import Handle, wrap
from ..core.numbers import glance

Shape = tuple[int, ...]
_ALL = slice(None)


class BadIndex(GradatimError, IndexError):
    """An invalid index between the brackets of `x[...]`."""


class Places(NamedTuple):
    """An integer tensor or mask that indexes a view."""

    dim: int  # the first dimension of the view that it applies to
    tensor: Any  # int64 or int32 indices, or a bool mask
    span: int  # the number of dimensions it applies to: 1 for indices, the mask's ndim for a mask
    origin: int  # the first dimension in the tensor that the user indexed, for error messages


class Subscript(NamedTuple):
    """A view by `basic` indexing as in NumPy, then index tensors, `places`, into that view."""

    basic: tuple[Any, ...]
    is_plain: bool  # the view is the whole tensor unchanged
    places: tuple[Places, ...]


def parse(shape: Shape, key: Any) -> Subscript:
    """Parse `x[key]` for a tensor of this shape."""
    if isinstance(key, Handle) and 0 < (span := _span(key)) <= len(shape):  # a fast path
        _check_mask(key, shape[:span], 0, shape)
        return Subscript((_ALL,) * span, True, (Places(0, key, span, 0),))
    items, read = [], 0
    for item in key if type(key) is tuple else _items(key):
        kind = type(item)
        if kind is int or (kind is slice and _is_definite(item)):
            read += 1
        elif kind is slice:
            item, read = _slice(item), read + 1
        elif item is not None and item is not ...:
            item = _definite(item)
            read += item[1] if type(item) is tuple else 1
        items.append(item)
    skipped = len(shape) - read
    if skipped < 0:
        raise BadIndex(
            f"too many indices for tensor of dimension {len(shape)}: {read} given for the shape "
            f"{list(shape)}"
        )
    return _placed(items, shape, skipped)


def _span(x: Any) -> int:
    """How many dimensions a mask or a tensor of indices reads; 0 if it may be neither."""
    kind, ndim = x._value.dtype.kind, len(x._value.shape)
    return ndim if kind == "b" else 1 if kind == "i" and ndim else 0


def _placed(items: list[Any], shape: Shape, skipped: int) -> Subscript:
    """Assign dimensions to each item; an ellipsis takes `skipped` of them."""
    basic: list[Any] = []
    places: list[Places] = []
    dim = out = 0  # dimensions of the tensor read so far, and of the view made so far
    is_plain = True
    for item in items:
        if type(item) is slice:
            basic.append(item)
            is_plain = is_plain and item == _ALL
            dim, out = dim + 1, out + 1
        elif type(item) is int:
            n = shape[dim]
            if not -n <= item < n:
                raise IndexOutOfRange(
                    f"index {item} is out of bounds for dimension {dim} with size {n}"
                )
            basic.append(item)
            is_plain, dim = False, dim + 1
        elif item is None:
            basic.append(None)
            is_plain, out = False, out + 1
        elif item is ...:
            # A second ellipsis takes no dimensions.
            basic += [_ALL] * skipped
            dim, out, skipped = dim + skipped, out + skipped, 0
        else:
            tensor, span = item
            _check_mask(tensor, shape[dim : dim + span], dim, shape)
            places.append(Places(out, tensor, span or 1, dim))
            basic += [_ALL] * span or [None]
            is_plain = is_plain and span > 0
            dim, out = dim + span, out + (span or 1)
    return Subscript(tuple(basic), is_plain, tuple(places))


def _items(key: Any) -> tuple[Any, ...]:
    """A key that is not a tuple, as one: a single index, or a list of several indices."""
    if type(key) is list and any(isinstance(k, _NOT_NUMBERS) for k in key):
        warnings.warn(
            "using a list of several indices is deprecated, because it looks like a list of "
            "positions; use x[tuple(indices)] or x[gradatim.tensor(indices)]",
            stacklevel=4,
        )
        return tuple(key)
    return (key,)


_NOT_NUMBERS = (list, tuple, range, slice, np.ndarray, Handle, type(None), type(...))


def _definite(item: Any) -> int | tuple[Any, int]:
    """Any other index as an int, or as a tensor and the number of dimensions it indexes.

    True and False index none: they are masks of length 1 for a new dimension.
    """
    if isinstance(item, Handle):
        return _tensor(item)
    if isinstance(item, (bool, np.bool_)):
        return wrap(np.array([bool(item)])), 0
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


def _tensor(x: Any) -> int | tuple[Any, int]:
    value = x._value
    kind, shape = value.dtype.kind, value.shape
    if kind == "u":
        warnings.warn(
            "indexing with dtype uint8 is deprecated: it is read as a mask; use .bool() or .long()",
            stacklevel=5,
        )
        x, kind = x != 0, "b"
    if kind == "b":
        return (x, len(shape)) if shape else (x.reshape(1), 0)
    if kind != "i":
        raise BadIndex(
            "tensors used as indices must be long, int, byte or bool tensors, got "
            f"{value.dtype}; use .long()"
        )
    number = None if shape else glance(x)
    return (x, 1) if number is None else int(number)


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


def _check_mask(tensor: Any, read: Shape, dim: int, shape: Shape) -> None:
    value = tensor._value
    if value.dtype.kind == "b" and read and value.shape != read:
        raise BadIndex(
            f"the shape of the mask {list(value.shape)} at index {dim} does not match the shape of "
            f"the indexed tensor {list(shape)} at index {dim}"
        )
