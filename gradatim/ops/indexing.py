"""Reading and writing at positions given by integer tensors.

    take      <->  put with accumulate, on zeros
    gather    <->  scatter with accumulate, on zeros
    diagonal  <->  update_view on zeros

`take` and `put` work on whole slices: one index picks everything at one position of `dim`. `gather`
and `scatter` work on single elements. Their indices must be in [0, n), those of `take`, `put` and
`flat_index` in [-n, n), where negative ones count from the end; others raise.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..core.errors import IndexOutOfRange, UnknownShape
from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from ..core.update import Update
from .add_at import add_at
from .broadcast import broadcast_to, full, numel, reshape_to
from .elementwise import where
from .movement import update_view

Array = np.ndarray[Any, Any]
_INT64 = np.dtype(np.int64)


def zeros(kind: ArrayType) -> Any:
    """Zeros of a shape and dtype, in the memory of one element."""
    return full(kind.shape, 0, kind.dtype)


# -- slices: take and put ------------------------------------------------------------------


def _take(x: Array, index: Array, *, dim: int) -> Array:
    try:
        return x.take(index, dim)
    except IndexError as error:
        raise IndexOutOfRange(_outside(index, dim, x.shape[dim])) from error


def _take_type(x: Any, index: Any, *, dim: int) -> ArrayType:
    return ArrayType((*x.shape[:dim], *index.shape, *x.shape[dim + 1 :]), x.dtype)


def _take_back(g: Any, x_type: ArrayType, index: Any, dim: int) -> Any:
    return put(zeros(x_type), index, g, dim=dim, accumulate=True)


# Slices of x along `dim` at the positions in index: (a, n, b), (i, j) -> (a, i, j, b)
take = Primitive(
    "take(x, index, *, dim)",
    _take,
    _take_type,
    x=_take_back,
)


def _write(x: Array, index: Array, values: Array, *, dim: int, accumulate: bool) -> None:
    place: Any = (slice(None),) * dim + (index,)
    try:
        if not accumulate:
            x[place] = values
        elif x.flags.c_contiguous:
            add_at(x, index, values, dim)
        else:
            np.add.at(x, place, values)
    except IndexError as error:
        raise IndexOutOfRange(_outside(index, dim, x.shape[dim])) from error


def _put(x: Array, index: Array, values: Array, **params: Any) -> Array:
    result = _copy(x)
    _write(result, index, values, **params)
    return result


def _put_back(g: Any, index: Any, values_type: ArrayType, dim: int, accumulate: bool) -> Any:
    return g if accumulate else put(g, index, zeros(values_type), dim=dim, accumulate=False)


# A copy of x with `values` written (or added) at slices `index` of `dim`. If an index repeats, the
# last value written stays.
put = Primitive(
    "put(x, index, values, *, dim, accumulate)",
    _put,
    lambda x, index, values, *, dim, accumulate: ArrayType(x.shape, x.dtype),
    x=_put_back,
    values=lambda g, index, dim: take(g, index, dim=dim),
)

# The same in place, for use where no gradient is needed: x is not copied
put_in = Update(
    "put_in(x, index, values, *, dim, accumulate)",
    put,
    _write,
    replaces=("x",),
)


def _fill(x: Array, mask: Array, value: Array) -> None:
    if mask.shape != x.shape:
        mask = np.broadcast_to(mask, x.shape)
    np.putmask(x, mask, value)  # twice as fast as copyto


def _expand_fill(x: Any, mask: Any, value: Any) -> Any:
    shape = x._value.shape
    return where(broadcast_to(mask, shape=shape), broadcast_to(value, shape=shape), x)


# Write one number (0-d) into x where a mask with as many dimensions as x is true, in place
fill_in = Update("fill_in(x, mask, value)", _expand_fill, _fill, replaces=("x",))

# -- elements: gather and scatter ----------------------------------------------------------


def _gather(x: Array, index: Array, *, dim: int) -> Array:
    _check(index, dim, x.shape[dim])
    if not x.flags.c_contiguous:
        return np.take_along_axis(x, index, dim)
    return x.reshape(-1).take(places(index, x.shape, dim)).reshape(index.shape)


def _gather_back(g: Any, x_type: ArrayType, index: Any, dim: int) -> Any:
    return scatter(zeros(x_type), index, g, dim=dim, accumulate=True)


# y[i, j, k] = x[i, index[i, j, k], k] for dim 1; index has the shape of x except along `dim`
gather = Primitive(
    "gather(x, index, *, dim)",
    _gather,
    lambda x, index, *, dim: ArrayType(index.shape, x.dtype),
    x=_gather_back,
)


def _scatter(x: Array, index: Array, values: Array, *, dim: int, accumulate: bool) -> Array:
    _check(index, dim, x.shape[dim])
    result = _copy(x)
    where_to = places(index, x.shape, dim)
    if accumulate:
        np.add.at(result.reshape(-1), where_to.reshape(-1), values.reshape(-1))
    else:
        result.reshape(-1)[where_to] = values.reshape(where_to.shape)
    return result


def _scatter_back(g: Any, index: Any, values_type: ArrayType, dim: int, accumulate: bool) -> Any:
    return g if accumulate else scatter(g, index, zeros(values_type), dim=dim, accumulate=False)


# A copy of x with y[i, index[i, j, k], k] = values[i, j, k] for dim 1, or += with accumulate
scatter = Primitive(
    "scatter(x, index, values, *, dim, accumulate)",
    _scatter,
    lambda x, index, values, *, dim, accumulate: ArrayType(x.shape, x.dtype),
    x=_scatter_back,
    values=lambda g, index, dim: gather(g, index, dim=dim),
)

# -- diagonals -----------------------------------------------------------------------------


def _diagonal(x: Array, *, offset: int, dim1: int, dim2: int) -> Array:
    view = x.diagonal(offset, dim1, dim2)
    view.flags.writeable = x.flags.writeable  # NumPy returns it read-only; we write through it
    return view


def _diagonal_type(x: Any, *, offset: int, dim1: int, dim2: int) -> ArrayType:
    n, m = x.shape[dim1] - max(-offset, 0), x.shape[dim2] - max(offset, 0)
    rest = tuple(size for i, size in enumerate(x.shape) if i not in (dim1, dim2))
    return ArrayType((*rest, max(min(n, m), 0)), x.dtype)


def _diagonal_back(g: Any, x_type: ArrayType, offset: int, dim1: int, dim2: int) -> Any:
    step = (diagonal, {"offset": offset, "dim1": dim1, "dim2": dim2})
    return update_view(zeros(ArrayType(x_type.shape, g._value.dtype)), g, view=(step,))


# y[..., i] = x[i, i + offset] in dimensions dim1 and dim2: a view of the same memory
diagonal = Primitive(
    "diagonal(x, *, offset, dim1, dim2)",
    _diagonal,
    _diagonal_type,
    is_view=True,
    x=_diagonal_back,
)

# -- flat indices --------------------------------------------------------------------------


def _flat_index(*indices: Array, sizes: tuple[int, ...]) -> Any:
    try:
        return np.ravel_multi_index(indices, sizes)
    except ValueError:  # some index is negative or too large
        pairs = enumerate(zip(indices, sizes, strict=True))
        return np.ravel_multi_index([wrapped(index, dim, n) for dim, (index, n) in pairs], sizes)


def _flat_type(*indices: Any, sizes: tuple[int, ...]) -> ArrayType:
    return ArrayType(np.broadcast_shapes(*[i.shape for i in indices]), _INT64)


# Indices into several dimensions as indices into their flattening: (i, j) -> i * sizes[1] + j
flat_index = Primitive("flat_index(*, sizes)", _flat_index, _flat_type, differentiable=False)


# -- pairs: x[rows, columns] ----------------------------------------------------------------


def _both(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    """A shape with dimensions `dim` and `dim + 1` merged."""
    return (*shape[:dim], shape[dim] * shape[dim + 1], *shape[dim + 2 :])


def _expand_pairs(x: Any, i: Any, j: Any, *, dim: int) -> Any:
    shape = x._value.shape
    places = flat_index(i, j, sizes=shape[dim : dim + 2])
    return take(reshape_to(x, _both(shape, dim)), places, dim=dim)


def _pairs(x: Array, i: Array, j: Array, *, dim: int) -> Array:
    try:
        return x[(slice(None),) * dim + (i, j)]
    except IndexError:
        n, m = x.shape[dim : dim + 2]
        wrapped(i, dim, n), wrapped(j, dim + 1, m)  # raises for the index that is out of range
        raise


def _pairs_back(g: Any, x_type: ArrayType, i: Any, j: Any, dim: int) -> Any:
    shape, dtype = x_type
    places = flat_index(i, j, sizes=shape[dim : dim + 2])
    flat = zeros(ArrayType(_both(shape, dim), dtype))
    return reshape_to(put(flat, places, g, dim=dim, accumulate=True), shape)


# x[i, j] for two index tensors of equal shape, in dimensions dim and dim + 1
take_pairs = Composite(
    "take_pairs(x, i, j, *, dim)",
    _expand_pairs,
    lambda x, i, j, *, dim: ArrayType((*x.shape[:dim], *i.shape, *x.shape[dim + 2 :]), x.dtype),
    value=_pairs,
    x=_pairs_back,
)

# -- indices of nonzero elements -------------------------------------------------------------


def _nonzero(x: Array) -> Array:
    if not x.ndim:
        return np.empty((int(x != 0), 0), np.int64)
    return np.stack(x.nonzero(), -1)


def _nonzero_type(x: Any) -> ArrayType:
    raise UnknownShape(
        "nonzero, or reading with a mask: the shape of the result depends on the numbers, which "
        "are not known while a program is traced; use where(...) or masked_fill instead"
    )


# The indices of all nonzero elements: (n, ndim)
nonzero = Primitive("nonzero(x)", _nonzero, _nonzero_type, differentiable=False)

# The flat indices of all true elements of a mask: (n,)
true_places = Primitive("true_places(mask)", np.flatnonzero, _nonzero_type, differentiable=False)


def wrapped(index: Array, dim: int, n: int) -> Array:
    """Indices in [-n, n) as indices in [0, n). Errors: IndexOutOfRange for others."""
    if index.size and (index.min() < -n or index.max() >= n):
        raise IndexOutOfRange(_outside(index, dim, n))
    return np.where(index < 0, index + n, index)


def _check(index: Array, dim: int, n: int) -> None:
    # Reinterpreted as unsigned, negative indices are too large as well: one pass instead of two.
    if index.size and index.view(np.uint64).max() >= n:
        raise IndexOutOfRange(_outside(index, dim, n, first=0))


def _outside(index: Array, dim: int, n: int, *, first: int | None = None) -> str:
    low = -n if first is None else first
    culprit = index[(index < low) | (index >= n)].flat[0]
    return (
        f"index {culprit} is out of bounds for dimension {dim} with size {n}"
        + (f"; use {low} to {n - 1}" if n else ": there is nothing to pick")
    )  # fmt: skip


@lru_cache(maxsize=8)
def _starts(rows: int, width: int) -> Array:
    """The flat index at which each row starts: (rows, 1)."""
    starts = np.arange(rows)[:, None] * width
    starts.flags.writeable = False
    return starts


def places(index: Array, shape: tuple[int, ...], dim: int) -> Array:
    """The flat indices of the elements that `index` picks along `dim`."""
    inner, outer = numel(shape[dim + 1 :]), numel(shape[:dim])
    if inner == 1:
        return index.reshape(outer, index.shape[dim]) + _starts(outer, shape[dim])
    blocks = np.arange(outer)[:, None, None] * (shape[dim] * inner) + np.arange(inner)
    return index.reshape(outer, index.shape[dim], inner) * inner + blocks


def _copy(x: Array) -> Array:
    if not any(x.strides) and x.size and not x.flat[0]:
        return np.zeros(x.shape, x.dtype)  # fresh zero pages are not written until used
    return np.array(x, order="C")
