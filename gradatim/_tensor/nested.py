"""Nested Python lists as one array, or an error that says where they do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import Handle
from ..core.numbers import numbers_of
from ..core.placement import copied
from .interchange import check_array

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

_INT64 = np.iinfo(np.int64)
_NUMBERS = frozenset([bool, int, float])
_PLAIN = _NUMBERS | {list, tuple}


def array_from(name: str, data: Any, dtype: np.dtype[Any] | None) -> Array:
    """A new array from a number, nested sequences of numbers, or another array.

    Without `dtype`: bool, int64 or the default float, whichever the numbers need; arrays and NumPy
    scalars keep their own.
    """
    if type(data) not in _PLAIN:
        if isinstance(data, Handle):
            data = numbers_of(data)
        if not isinstance(data, np.ndarray) and hasattr(data, "__array__"):
            data = np.asarray(data)
        if isinstance(data, np.ndarray):
            return _from_array(name, data, dtype)
    shape, leaves = _leaves(name, data)
    if leaves and isinstance(leaves[0], np.ndarray):
        return _stacked(name, shape, leaves, dtype)
    return _from_numbers(name, leaves, shape, dtype).reshape(shape)


def _from_array(name: str, array: Array, dtype: np.dtype[Any] | None) -> Array:
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    check_array(name, array)
    return copied(array, dtype)


def _leaves(name: str, data: Any) -> tuple[Shape, list[Any]]:
    """The shape of nested sequences, and the elements of their deepest level, in order."""
    shape: list[int] = []
    level: list[Any] = [data]
    # Each iteration processes one level as a whole, which costs little per element.
    while True:
        kinds = set(map(type, level))
        if kinds <= _NUMBERS:
            return tuple(shape), level
        deeper = [kind for kind in kinds if _is_sequence(kind)]
        if not deeper:
            return tuple(shape), level
        if len(deeper) < len(kinds):
            _refuse_mixture(name, level, shape)
        if all(issubclass(kind, np.ndarray) for kind in kinds):
            return tuple(shape), level
        sizes = list(map(len, level))
        if sizes.count(sizes[0]) < len(sizes):
            _refuse_ragged(name, sizes, shape)
        shape.append(sizes[0])
        level = list(chain.from_iterable(level))


def _is_sequence(kind: type) -> bool:
    if kind is list or kind is tuple:
        return True
    if issubclass(kind, (str, bytes, Mapping, Handle, np.generic)):
        return False
    return hasattr(kind, "__len__") and hasattr(kind, "__getitem__")


def _from_numbers(name: str, leaves: list[Any], shape: Shape, dtype: np.dtype[Any] | None) -> Array:
    kinds = set(map(type, leaves))
    if kinds <= _NUMBERS:
        natural = _dtype_of_numbers(kinds)
    else:
        natural = _natural_dtype(name, leaves, kinds, shape)
        leaves = [x.item() if isinstance(x, Handle) else x for x in leaves]
    if dtype is not None and dtype.kind == "f":
        natural = dtype
    try:
        array = np.array(leaves, natural)
    except OverflowError:
        _refuse_too_large(name, leaves, shape)
    return array if dtype is None else fitted(name, array, dtype)


def _dtype_of_numbers(kinds: set[type]) -> np.dtype[Any]:
    if float in kinds or not kinds:
        return dtypes.get_default_dtype().numpy
    return dtypes.int64.numpy if int in kinds else dtypes.bool_.numpy


def _natural_dtype(name: str, leaves: list[Any], kinds: set[type], shape: Shape) -> np.dtype[Any]:
    """PyTorch's dtype for these Python numbers, NumPy scalars and tensors of one element."""
    candidates: list[np.dtype[Any]] = []
    for kind in kinds:
        if issubclass(kind, np.generic):
            check_array(name, np.empty(0, np.dtype(kind)))
            candidates.append(np.dtype(kind))
        elif issubclass(kind, (bool, int, float)):
            candidates.append(dtypes.of_number(kind()))
        elif issubclass(kind, Handle):
            candidates += {_dtype_of_one(name, x) for x in leaves if isinstance(x, Handle)}
        else:
            _refuse_kind(name, leaves, kind, shape)
    return reduce(dtypes.wider, candidates)


def _dtype_of_one(name: str, x: Any) -> np.dtype[Any]:
    if x.numel() != 1:
        raise ArgumentError(
            f"{name}: only tensors of one element can be in a list of numbers, this one has "
            f"shape {list(x.shape)}; use gradatim.stack(list_of_tensors)"
        )
    return x._value.dtype


def _stacked(name: str, shape: Shape, arrays: list[Array], dtype: np.dtype[Any] | None) -> Array:
    """Arrays of equal shape in nested lists, as one array."""
    inner = arrays[0].shape
    for i, array in enumerate(arrays):
        check_array(name, array)
        if array.shape != inner:
            raise ShapeError(
                f"{name}: data{_place(i, shape)} is an array of shape {list(array.shape)}, "
                f"data{_place(0, shape)} one of {list(inner)}; they must be equal"
            )
    natural = reduce(dtypes.wider, [array.dtype for array in arrays])
    return copied(np.array(arrays, dtype or natural)).reshape(shape + inner)


def fitted(name: str, array: Array, dtype: np.dtype[Any]) -> Array:
    """The array cast to a dtype, truncating fractions. Errors: DTypeError if a value overflows."""
    if dtype.kind in "iu" and array.dtype != dtype and array.size:
        limits = np.iinfo(dtype)
        # Like PyTorch, wrap negative integers for uint8 (-1 is 255), but refuse negative floats.
        lowest = -limits.max if dtype.kind == "u" and array.dtype.kind in "iub" else limits.min
        low, high = (np.array(x, object).item() for x in (array.min(), array.max()))
        for value in (low, high):
            if not lowest <= value <= limits.max:
                raise DTypeError(
                    f"{name}: {value} does not fit {dtype}, which holds {limits.min} to "
                    f"{limits.max}; use another dtype"
                )
    return array.astype(dtype)


# -- errors --------------------------------------------------------------------------------


def _place(position: int, shape: Shape | list[int]) -> str:
    """The index of the element at this position of a level: `[0][2]`."""
    indices = np.unravel_index(position, tuple(shape)) if shape else ()
    return "".join(f"[{int(i)}]" for i in indices)


def _refuse_ragged(name: str, sizes: list[int], shape: list[int]) -> None:
    bad = next(i for i, n in enumerate(sizes) if n != sizes[0])
    raise ArgumentError(
        f"{name}: expected a sequence of length {sizes[0]} at dim {len(shape)}, got {sizes[bad]}: "
        f"data{_place(bad, shape)} has {sizes[bad]} elements but data{_place(0, shape)} has "
        f"{sizes[0]}; rows must be equally long (pad them, or keep a list of tensors)"
    )


def _refuse_mixture(name: str, level: list[Any], shape: list[int]) -> None:
    first = _is_sequence(type(level[0]))
    bad = next(i for i, x in enumerate(level) if _is_sequence(type(x)) != first)
    raise TypeError(
        f"{name}: data{_place(0, shape)} is a {type(level[0]).__name__} but "
        f"data{_place(bad, shape)} is a {type(level[bad]).__name__}; all elements of a level must "
        "be numbers, or all of them sequences"
    )


def _refuse_kind(name: str, leaves: list[Any], kind: type, shape: Shape) -> None:
    where = next(i for i, x in enumerate(leaves) if type(x) is kind)
    what = f"data{_place(where, shape)} is a {kind.__name__}"
    if issubclass(kind, (str, bytes)):
        raise TypeError(f"{name}: {what}; text must be turned into numbers first")
    if issubclass(kind, complex):
        raise DTypeError(f"{name}: {what}; complex numbers are not supported")
    raise DTypeError(
        f"{name}: could not infer the dtype: {what}; expected numbers, bools, or (nested) "
        "sequences of them"
    )


def _refuse_too_large(name: str, leaves: list[Any], shape: Shape) -> None:
    where = next(
        i for i, x in enumerate(leaves) if isinstance(x, int) and not _INT64.min <= x <= _INT64.max
    )
    raise ArgumentError(
        f"{name}: data{_place(where, shape)} is {leaves[where]}, outside the 64-bit integers; "
        "write it as a float"
    )
