"""Operations that move elements without changing them, each beside its adjoint.

    permute, flip: the same operation with other parameters
    slice  <->  update_view on zeros
    cat    <->  slice

Views (`is_view`) share the memory of their input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import inplace
from ..core.primitive import Primitive, run_view
from ..core.storage import ArrayType
from .broadcast import copy, full

Index = tuple[Any, ...]  # ints, slices and None: NumPy's basic indexing


permute: Primitive = Primitive(
    "permute(x, *, order)",
    lambda x, *, order: x.transpose(order),
    lambda x, *, order: ArrayType(tuple(x.shape[i] for i in order), x.dtype),
    is_view=True,
    x=lambda g, order: permute(g, order=inverse(order)),
)

slice_ = Primitive(
    "slice(x, *, index)",
    lambda x, *, index: x[(*index, ...)],  # with `...`, a single element is a view too
    lambda x, *, index: ArrayType(np.broadcast_to(False, x.shape)[(*index, ...)].shape, x.dtype),
    is_view=True,
    is_part=True,
    x=lambda g, x_type, index: put_slice(g, x_type.shape, index),
)


def _other_type(x: Any, *, dtype: np.dtype[Any]) -> ArrayType:
    if x.dtype.itemsize == dtype.itemsize:
        return ArrayType(x.shape, dtype)
    return ArrayType((*x.shape[:-1], x.shape[-1] * x.dtype.itemsize // dtype.itemsize), dtype)


# The same bytes as numbers of another dtype; of another size, they change the last dimension.
reinterpret = Primitive(
    "reinterpret(x, *, dtype)",
    lambda x, *, dtype: x.view(dtype),
    _other_type,
    is_view=True,
    differentiable=False,
)

flip: Primitive = Primitive(
    "flip(x, *, dims)",
    lambda x, *, dims: np.flip(x, dims).copy(),
    lambda x, *, dims: ArrayType(x.shape, x.dtype),
    x=lambda g, dims: flip(g, dims=dims),
)


def _updated(
    x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], *, view: Any
) -> np.ndarray[Any, Any]:
    result = x.copy()
    part = result
    for primitive, params in view:
        part = primitive.value(part, **params)
    part[...] = y
    return result


# The functional form of an in-place write through a view: a copy of `x` with `y` in that part
update_view: Primitive = Primitive(
    "update_view(x, y, *, view)",
    _updated,
    lambda x, y, *, view: ArrayType(x.shape, x.dtype),
    x=lambda g, y_type, view: update_view(g, full(y_type.shape, 0, y_type.dtype), view=view),
    y=lambda g, view: run_view(view, g),
)

cat = Primitive(
    "cat(*, dim)",
    lambda *xs, dim: np.concatenate(xs, dim),
    lambda *xs, dim: ArrayType(
        (*xs[0].shape[:dim], sum(x.shape[dim] for x in xs), *xs[0].shape[dim + 1 :]), xs[0].dtype
    ),
    variadic_rule=lambda i: lambda g, types, dim: _part_of_cat(g, i, types, dim),
)

inplace.use_primitives(copy=copy, update_view=update_view)


def _part_of_cat(g: Any, i: int, types: tuple[ArrayType, ...], dim: int) -> Any:
    start = sum(t.shape[dim] for t in types[:i])
    part = slice(start, start + types[i].shape[dim])
    return slice_(g, index=(slice(None),) * dim + (part,))


def inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes `order`."""
    result = [0] * len(order)
    for place, axis in enumerate(order):
        result[axis] = place
    return tuple(result)


def put_slice(g: Any, shape: tuple[int, ...], index: Index) -> Any:
    """Zeros of `shape` with `g` at `index`: the adjoint of slicing."""
    zeros = full(shape, 0, g._value.dtype)
    return update_view(zeros, g, view=((slice_, {"index": index}),))


def swap_last(x: Any) -> Any:
    """The transpose of the last two dimensions."""
    n = len(x._value.shape)
    return permute(x, order=(*range(n - 2), n - 1, n - 2))
