"""Standardization to mean 0 and variance 1, and the affine map after it: the parts of all norms.

    layer, group and instance norm   over the last dimensions of a row
    batch norm                       over the batch, for each channel

`standardize` saves its result for backward instead of its input: besides that, the gradient needs
only the variance. When compiled, both expand into sums and products, so that a norm is fused with
its neighbours into one loop over rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.cut import Rows
from ..core.primitive import Composite
from ..core.storage import ArrayType
from ..core.update import Update
from .broadcast import broadcast_to, count, expand_as, numel, ones, reduce_sum, reduced, reshape_to
from .elementwise import add, cast, div, like, mul, neg, reciprocal, same, sqrt, square, sub
from .reduction import mean
from .rowwise import along_rows, blocks, row_sums

Array = np.ndarray[Any, Any]
Dims = tuple[int, ...]

TOGETHER = 16  # short rows that are scaled as one longer row,
MANY = 1 << 10  # from this many of them on: below, repeating the weights costs more
MOST = 1 << 14  # rows that are summed by a product
LONG = 1 << 10  # elements; rows of at least this length are scaled one by one


def _average(x: Any, dims: Dims) -> Any:
    return mean(x, dims=dims, keepdim=True)


# 1 / sqrt(var + eps)
reciprocal_deviation = Composite(
    "reciprocal_deviation(var, *, eps)",
    lambda var, *, eps: reciprocal(sqrt(add(var, like(var, eps)))),
    same,
    value=lambda var, *, eps: np.reciprocal(np.sqrt(var + eps)),
    var=lambda g, out: mul(g, mul(like(out, -0.5), mul(out, mul(out, out)))),
)


def _as_rows(x: Array, dims: Dims) -> Array | None:
    """x as (N, C), `dims` merged into C; None unless they are the last and no copy is needed."""
    split = x.ndim - len(dims)
    if not dims or dims != tuple(range(split, x.ndim)) or not x.flags.c_contiguous or not x.size:
        return None
    return x.reshape(numel(x.shape[:split]), numel(x.shape[split:]))


def _average_value(x: Array, dims: Dims) -> Array:
    total = np.add.reduce(x, dims, keepdims=True)
    return np.asarray(np.divide(total, count(x.shape, dims), dtype=x.dtype))


# -- mean 0, variance 1 ------------------------------------------------------------------------


def _standardize(x: Any, *, dims: Dims, eps: float) -> tuple[Any, Any, Any]:
    average = _average(x, dims)
    centred = sub(x, expand_as(average, x))
    var = _average(square(centred), dims)
    return mul(centred, expand_as(reciprocal_deviation(var, eps=eps), x)), average, var


def _standardize_value(x: Array, *, dims: Dims, eps: float) -> tuple[Array, Array, Array]:
    rows = _as_rows(x, dims)
    if rows is not None:
        normal, average, var = _standardize_rows(rows, eps)
        shape = reduced(x, dims, keepdim=True).shape
        return normal.reshape(x.shape), average.reshape(shape), var.reshape(shape)
    if _are_columns(x, dims):
        return _standardize_columns(x, eps)
    average = _average_value(x, dims)
    normal = np.subtract(x, average, np.empty_like(x))
    var = _average_value(np.square(normal), dims)
    return np.divide(normal, np.sqrt(var + eps), normal), average, var


def _standardize_rows(rows: Array, eps: float) -> tuple[Array, Array, Array]:
    (n, width), dtype = rows.shape, rows.dtype
    normal, average, var = np.empty_like(rows), np.empty(n, dtype), np.empty(n, dtype)
    for block in blocks(n, width):
        part, centred, v = rows[block], normal[block], var[block]
        average[block] = row_sums(part)
        average[block] /= width
        np.subtract(part, along_rows(average[block], width), centred)
        np.divide(np.einsum("ij,ij->i", centred, centred), width, v)
        np.multiply(centred, along_rows(1 / np.sqrt(v + eps), width), centred)
    return normal, average, var


def _are_columns(x: Array, dims: Dims) -> bool:
    """Whether `dims` says the rows of a matrix, as in batch norm, and sums are products with 1."""
    return dims == (0,) and x.ndim == 2 and x.flags.c_contiguous and 0 < len(x) <= MOST


def _column_means(x: Array) -> Array:
    total = ones(len(x), x.dtype).dot(x)  # in a third of the time of np.add.reduce
    total /= len(x)
    return total


def _standardize_columns(x: Array, eps: float) -> tuple[Array, Array, Array]:
    average = _column_means(x)
    normal = np.subtract(x, average)
    var = _column_means(np.square(normal))
    normal *= np.reciprocal(np.sqrt(var + eps))
    return normal, average[None], var[None]


def _types(x: Any, *, dims: Dims, eps: float) -> tuple[ArrayType, ...]:
    one = reduced(x, dims, keepdim=True)
    return ArrayType(x.shape, x.dtype), one, one


def _by_input(g: Any, normal: Any, var: Any, dims: Dims, eps: float) -> Any:
    """The gradient of x from those of the three outputs; unused outputs have none."""
    by_normal, by_mean, by_var = g
    rstd, total = reciprocal_deviation(var, eps=eps), None
    n = count(normal._value.shape, dims)
    if by_normal is not None:
        total = standardize_back(by_normal, normal, rstd, dims=dims)
    if by_mean is not None:
        total = plus(total, expand_as(div(by_mean, like(by_mean, n)), normal))
    if by_var is not None:
        share = div(by_var, mul(rstd, like(rstd, n / 2)))
        total = plus(total, mul(expand_as(share, normal), normal))
    return total


def plus(x: Any, y: Any) -> Any:
    """x + y, or y if x is None."""
    return y if x is None else add(x, y)


# (x - mean) / sqrt(var + eps) over the dimensions `dims`, with the biased variance
standardize = Composite(
    "standardize(x, *, dims, eps)",
    _standardize,
    _types,
    value=_standardize_value,
    cut=Rows(along="dims"),
    outputs=("normal", "average", "var"),
    x=_by_input,
)


def _orthogonal(g: Any, normal: Any, dims: Dims) -> Any:
    """The part of g that changes neither the mean nor the variance."""
    along = _average(mul(g, normal), dims)
    return sub(sub(g, expand_as(_average(g, dims), g)), mul(normal, expand_as(along, g)))


def _standardize_back_value(g: Array, normal: Array, rstd: Array, *, dims: Dims) -> Array:
    rows, arrived = _as_rows(normal, dims), _as_rows(g, dims)
    if rows is not None and arrived is not None:
        return _back_rows(arrived, rows, rstd.reshape(-1)).reshape(g.shape)
    if _are_columns(normal, dims) and g.flags.c_contiguous:
        out = np.multiply(normal, _column_means(np.multiply(g, normal)))
        out += _column_means(g)
        np.subtract(g, out, out)
        return np.multiply(out, rstd, out)
    along = _average_value(np.multiply(g, normal), dims)
    out = np.multiply(normal, along, np.empty_like(normal))
    np.subtract(g, out, out)
    np.subtract(out, _average_value(g, dims), out)
    return np.multiply(out, rstd, out)


def _back_rows(g: Array, normal: Array, rstd: Array) -> Array:
    (n, width), out = g.shape, np.empty_like(g)
    for block in blocks(n, width):
        arrived, rows, part = g[block], normal[block], out[block]
        along = np.einsum("ij,ij->i", arrived, rows)
        np.multiply(rows, along_rows(along / width, width), part)
        np.subtract(arrived, part, part)
        np.subtract(part, along_rows(row_sums(arrived) / width, width), part)
        np.multiply(part, along_rows(rstd[block], width), part)
    return out


def _by_normal(h: Any, g: Any, normal: Any, rstd: Any, dims: Dims) -> Any:
    ours = mul(h, expand_as(_average(mul(g, normal), dims), h))
    theirs = mul(g, expand_as(_average(mul(h, normal), dims), h))
    return neg(mul(expand_as(rstd, h), add(ours, theirs)))


# rstd (g - mean(g) - normal mean(g normal))
standardize_back: Composite = Composite(
    "standardize_back(g, normal, rstd, *, dims)",
    lambda g, normal, rstd, *, dims: mul(expand_as(rstd, g), _orthogonal(g, normal, dims)),
    same,
    value=_standardize_back_value,
    cut=Rows(along="dims"),
    g=lambda h, normal, rstd, dims: standardize_back(h, normal, rstd, dims=dims),
    normal=_by_normal,
    rstd=lambda h, g, normal, dims: reduce_sum(
        mul(h, _orthogonal(g, normal, dims)), dims=dims, keepdim=True
    ),
)

# -- a weight and a bias along some dimensions -----------------------------------------------------


def _placed(weight: Any, x: Any, dims: Dims) -> Any:
    """A weight with the sizes of `dims` of x, broadcast to the shape of x."""
    shape = x._value.shape
    return expand_as(
        reshape_to(weight, tuple(n if d in dims else 1 for d, n in enumerate(shape))), x
    )


def _others(x: Any, dims: Dims) -> Dims:
    return tuple([d for d in range(len(x.shape)) if d not in dims])


def by_bias(g: Any, dims: Dims) -> Any:
    """g summed over all dimensions but `dims`."""
    others = _others(g._value, dims)
    return reduce_sum(g, dims=others, keepdim=False) if others else g


def _aligned(x: Array, dims: Dims, *weights: Array) -> tuple[Array, ...]:
    """x and weights in shapes that broadcast; short rows of x are merged, faster in NumPy."""
    width = weights[0].size
    is_even = 0 < width < LONG and x.size >= width * MANY and not x.size % (width * TOGETHER)
    if is_even and _as_rows(x, dims) is not None:
        repeated = [np.concatenate([w.reshape(-1)] * TOGETHER) for w in weights]
        return x.reshape(-1, width * TOGETHER), *repeated
    if dims == tuple(range(x.ndim - len(dims), x.ndim)):
        return x, *weights
    shape = tuple([n if d in dims else 1 for d, n in enumerate(x.shape)])
    return x, *[w.reshape(shape) for w in weights]


def _scale_value(x: Array, weight: Array, *, dims: Dims) -> Array:
    rows, factor = _aligned(x, dims, weight)
    return np.multiply(rows, factor, np.empty_like(rows)).reshape(x.shape)


def _affine_value(x: Array, weight: Array, bias: Array, *, dims: Dims) -> Array:
    rows, factor, shift = _aligned(x, dims, weight, bias)
    out = np.multiply(rows, factor, np.empty_like(rows))
    return np.add(out, shift, out).reshape(x.shape)


def _scale_back_value(g: Array, x: Array, *, dims: Dims) -> Array:
    left, right = _as_rows(g, dims), _as_rows(x, dims)
    if left is None or right is None:
        return np.asarray(np.add.reduce(np.multiply(g, x), _others(x, dims)))
    n, width = left.shape
    total = np.zeros(width, x.dtype)
    for block in blocks(n, width):
        product = np.multiply(left[block], right[block])
        total += ones(len(product), x.dtype).dot(product)
    return total.reshape([x.shape[d] for d in dims])


# x weight, where weight has the dimensions `dims` of x
scale: Composite = Composite(
    "scale(x, weight, *, dims)",
    lambda x, weight, *, dims: mul(x, _placed(weight, x, dims)),
    same,
    value=_scale_value,
    x=lambda g, weight, dims: scale(g, weight, dims=dims),
    weight=lambda g, x, dims: scale_back(g, x, dims=dims),
)

# g x summed over all dimensions but `dims`: the gradient of the weight
scale_back: Composite = Composite(
    "scale_back(g, x, *, dims)",
    lambda g, x, *, dims: by_bias(mul(g, x), dims),
    lambda g, x, *, dims: ArrayType(tuple([x.shape[d] for d in dims]), x.dtype),
    value=_scale_back_value,
    g=lambda h, x, dims: scale(x, h, dims=dims),
    x=lambda h, g, dims: scale(g, h, dims=dims),
)

# x weight + bias, where weight and bias have the dimensions `dims` of x
affine = Composite(
    "affine(x, weight, bias, *, dims)",
    lambda x, weight, bias, *, dims: add(mul(x, _placed(weight, x, dims)), _placed(bias, x, dims)),
    same,
    value=_affine_value,
    x=lambda g, weight, dims: scale(g, weight, dims=dims),
    weight=lambda g, x, dims: scale_back(g, x, dims=dims),
    bias=lambda g, dims: by_bias(g, dims),
)

# -- running statistics ----------------------------------------------------------------------------


def _expand_move(running: Any, now: Any, momentum: Any, *, factor: float) -> Any:
    shape, dtype = running._type
    now, part = cast(reshape_to(now, shape), dtype=dtype), cast(momentum, dtype=dtype)
    kept, part = sub(like(part, 1), part), mul(part, like(part, factor))
    kept, part = (broadcast_to(x, shape=shape) for x in (kept, part))
    return add(mul(running, kept), mul(now, part))


def _move(running: Array, now: Array, momentum: Array, *, factor: float) -> None:
    part = float(momentum)
    running *= 1 - part
    running += now.reshape(running.shape) * (part * factor)


# running <- (1 - momentum) running + momentum factor now
move_towards = Update(
    "move_towards(running, now, momentum, *, factor)",
    _expand_move,
    _move,
    replaces=("running",),
    numbers=("momentum",),
)
