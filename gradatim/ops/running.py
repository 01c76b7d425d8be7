"""Cumulative sums, products and extremes along one dimension, and the product reduction.

    s_i = a_i s_(i-1) + b_i

This linear recurrence is closed under differentiation: its gradient is the same recurrence run
backwards. A cumulative product is one (b is 0 except at the start), so its gradient, and that of a
product, needs no division and is right where elements are zero.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from .broadcast import broadcast_to, reduced, reshape_to, restore_dims
from .elementwise import like, mul, same
from .movement import cat, flip, inverse, permute, slice_

Array = np.ndarray[Any, Any]
Dims = tuple[int, ...]


def _flipped(x: Any, dim: int) -> Any:
    return flip(x, dims=(dim,))


def _delayed(x: Any, dim: int, first: float) -> Any:
    """x shifted by one: x_(i-1) at position i, and `first` at the start."""
    n = x._value.shape[dim]
    before = (slice(None),) * dim
    start = like(slice_(x, index=(*before, slice(0, min(n, 1)))), first)
    return cat(start, slice_(x, index=(*before, slice(0, max(n - 1, 0)))), dim=dim)


MANY = 256  # elements; from here on, one call for each row is faster than NumPy's accumulate


def accumulated(join: np.ufunc, x: Array, dim: int) -> Array:
    """`join.accumulate`, which walks down one column after the other, row by row."""
    n = x.shape[dim]
    if dim == x.ndim - 1 or not n or x.size < n * MANY:
        return join.accumulate(x, dim)
    out = np.empty(x.shape, x.dtype)
    rows, sources = np.moveaxis(out, dim, 0), np.moveaxis(x, dim, 0)
    rows[0] = sources[0]
    for i in range(1, n):
        join(rows[i - 1], sources[i], out=rows[i])
    return out


# -- sums ----------------------------------------------------------------------------------


def _cumsum_back(g: Any, dim: int) -> Any:
    return _flipped(cumsum(_flipped(g, dim), dim=dim), dim)


cumsum = Primitive(
    "cumsum(x, *, dim)",
    lambda x, *, dim: accumulated(np.add, x, dim),
    same,
    x=_cumsum_back,
)

FEW = 16  # columns; up to here Python's floats are faster than NumPy's calls for each row

# -- the linear recurrence -------------------------------------------------------------------


def _by_floats(factors: list[float], terms: list[float]) -> list[float]:
    state, states = 0.0, []
    for a, b in zip(factors, terms, strict=True):
        state = a * state + b
        states.append(state)
    return states


def _recurrence(a: Array, b: Array, *, dim: int) -> Array:
    out = np.empty(a.shape, a.dtype)
    rows, factors, terms = (np.moveaxis(x, dim, 0) for x in (out, a, b))
    if a.dtype.kind == "f" and a.size <= FEW * len(rows):
        for place in np.ndindex(rows.shape[1:]):
            column = (slice(None), *place)
            rows[column] = _by_floats(factors[column].tolist(), terms[column].tolist())
        return out
    state = np.zeros(rows.shape[1:], a.dtype)
    for i in range(len(rows)):
        row = rows[i, ...]  # with `...` a view even of a vector's element
        np.multiply(factors[i], state, out=row)
        row += terms[i]
        state = row
    return out


def _adjoint(g: Any, a: Any, dim: int) -> Any:
    """h_i = g_i + a_(i+1) h_(i+1): the gradient of b_i."""
    factors = _delayed(_flipped(a, dim), dim, 0)
    return _flipped(recurrence(factors, _flipped(g, dim), dim=dim), dim)


# s_i = a_i s_(i-1) + b_i along one dimension, from s = 0
recurrence = Primitive(
    "recurrence(a, b, *, dim)",
    _recurrence,
    same,
    a=lambda g, a, out, dim: mul(_adjoint(g, a, dim), _delayed(out, dim, 0)),
    b=lambda g, a, dim: _adjoint(g, a, dim),
)

FLAT, WIDTH = 1 << 11, 256  # elements of an array whose product is taken by rows, and of a row

# -- products --------------------------------------------------------------------------------


def _cumprod(x: Any, *, dim: int) -> Any:
    if not x._value.shape[dim]:
        return x
    before = (slice(None),) * dim
    first = slice_(x, index=(*before, slice(0, 1)))
    rest = slice_(x, index=(*before, slice(1, None)))
    # Adding -0.0 changes nothing, not even a zero's sign, so zeros and infinities are exact.
    factors, terms = cat(like(first, -0.0), rest, dim=dim), cat(first, like(rest, -0.0), dim=dim)
    return recurrence(factors, terms, dim=dim)


def _cumprod_back(g: Any, x: Any, out: Any, dim: int) -> Any:
    # All products that contain x_i share the product of what precedes it; the rest recurs.
    return mul(_delayed(out, dim, 1), _adjoint(g, x, dim))


cumprod = Composite(
    "cumprod(x, *, dim)",
    _cumprod,
    same,
    value=lambda x, *, dim: accumulated(np.multiply, x, dim),
    x=_cumprod_back,
)


def _prod_back(g: Any, x: Any, dims: Dims, keepdim: bool) -> Any:
    """Each element's gradient is the product of the others: those before times those after."""
    shape = x._value.shape
    order = (*[d for d in range(len(shape)) if d not in dims], *dims)
    moved = permute(x, order=order)
    remaining = moved._value.shape[: len(shape) - len(dims)]
    rows = reshape_to(moved, (*remaining, math.prod(shape[d] for d in dims)))
    last = len(remaining)
    before = _delayed(cumprod(rows, dim=last), last, 1)
    after = _flipped(_delayed(cumprod(_flipped(rows, last), dim=last), last, 1), last)
    others = reshape_to(mul(before, after), moved._value.shape)
    spread = broadcast_to(restore_dims(g, dims, keepdim), shape=shape)
    return mul(spread, permute(others, order=inverse(order)))


def _prod(x: Array, *, dims: Dims, keepdim: Any) -> Any:
    if len(dims) == x.ndim and x.size >= FLAT and not keepdim and x.flags.c_contiguous:
        # NumPy multiplies rows with each other, but a row with itself one number at a time.
        line, whole = x.reshape(-1), x.size // WIDTH * WIDTH
        rows = np.multiply.reduce(line[:whole].reshape(-1, WIDTH), 0)
        return np.multiply.reduce(rows) * np.multiply.reduce(line[whole:])
    return np.multiply.reduce(x, dims, keepdims=keepdim)


reduce_prod = Primitive(
    "reduce_prod(x, *, dims, keepdim)",
    _prod,
    reduced,
    x=_prod_back,
)

# -- extremes --------------------------------------------------------------------------------


def _running_index(x: Array, *, dim: int, largest: bool) -> Array:
    extreme = accumulated(np.maximum if largest else np.minimum, x, dim)
    hit = (x == extreme) | (x != x)  # of equal ones the last; after nan, the last nan
    shape = [1] * x.ndim
    shape[dim] = x.shape[dim]
    places = np.arange(x.shape[dim]).reshape(shape)
    return accumulated(np.maximum, np.where(hit, places, 0), dim)


# The index of the largest (or smallest) element up to each position
running_index = Primitive(
    "running_index(x, *, dim, largest)",
    _running_index,
    lambda x, *, dim, largest: ArrayType(x.shape, np.dtype(np.int64)),
    differentiable=False,
)
