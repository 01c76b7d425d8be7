"""Attention: masked softmax of the scores, and the matrix products before and after it.

    weights = softmax(scale Q K^T) where the mask is true        out = weights V

`attention` and `masked_attention` are the whole operation, with one joint gradient rule for Q, K
and V, which share the gradient of the scores. A result has the memory layout of Q (a gradient that
of its input), so heads that are views of a wider matrix go back into its layout without a copy.
`masked_softmax` is the weights alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.cut import Form, N, Rows, Types, are_contiguous, is_worth_a_kernel
from ..core.primitive import Composite, Shortcut
from ..core.storage import ArrayType
from .broadcast import expand_as, ones, reduce_sum
from .elementwise import add, div, eq, exp, like, mul, neg, same, sub, where
from .matmul import matmul
from .movement import swap_last
from .reduction import reduce_max
from .rowwise import BLOCK, MODERATE, along_rows, row_maxima, row_sums, softmax

Array = np.ndarray[Any, Any]

HIDDEN = -np.inf
NARROW = 32  # columns; up to this width a product with a matrix of ones is the fastest row sum


# -- masked softmax in NumPy -----------------------------------------------------------------


def _together(scores: Array, mask: Array | None) -> Iterator[tuple[Array, Array | None]]:
    """The scores (..., L, S) in groups of matrices that fit the cache, each with its mask."""
    if scores.ndim < 3 or (mask is not None and mask.ndim > 2):
        yield scores, mask
        return
    matrices = scores.reshape(-1, *scores.shape[-2:])
    step = max(1, BLOCK // max(matrices[0].size, 1)) if len(matrices) else 1
    for start in range(0, len(matrices), step):
        yield matrices[start : start + step], mask


def _weigh(scores: Array, mask: Array | None) -> None:
    """Softmax of each row where the mask is true, in place; fully masked rows become 0.

    A row is shifted by its maximum only if that is so large in size that e^x could overflow or
    underflow. This must not depend on other rows, or a later token would change earlier ones.
    """
    if not scores.size:
        return
    for part, seen in _together(scores, mask):
        rows = part.reshape(-1, part.shape[-1])
        if _is_moderate(rows):
            np.exp(rows, rows)
            if seen is not None:
                part *= seen.astype(part.dtype)
        else:
            if seen is not None:
                np.copyto(part, HIDDEN, where=~seen)  # replaces nan too
            top = row_maxima(rows)
            top[(np.abs(top) < MODERATE) | (top == HIDDEN)] = 0
            np.exp(np.subtract(rows, top, rows), rows)
        sums = _spread_sums(rows)
        if seen is not None and not np.minimum.reduce(sums, None) > 0:  # 0 or nan
            sums[sums == 0] = 1
        rows /= sums


def _is_moderate(x: Array) -> bool:
    return bool(
        np.maximum.reduce(x, None) < MODERATE and np.minimum.reduce(x, None) > -MODERATE
    )  # nan is not


def _spread_sums(rows: Array) -> Array:
    """The sum of each row, (N, C) or (N, 1), to broadcast along the row."""
    width = rows.shape[1]
    if width <= NARROW:
        return rows.dot(ones(width * width, rows.dtype).reshape(width, width))
    return along_rows(row_sums(rows), width)


def _masked_softmax_value(x: Array, mask: Array, *, scale: float) -> Array:
    out = np.empty(x.shape, x.dtype)
    np.multiply(x, scale, out, dtype=x.dtype)
    _weigh(out, _once(mask))
    return out


def _scaled_softmax_value(x: Array, *, scale: float) -> Array:
    out = np.empty(x.shape, x.dtype)
    np.multiply(x, scale, out, dtype=x.dtype)
    _weigh(out, None)
    return out


def _once(mask: Array) -> Array:
    """The mask without its broadcast repetitions, and without leading dimensions of size 1."""
    seen = mask[tuple(slice(0, 1) if not stride else slice(None) for stride in mask.strides)]
    while seen.ndim > 2 and len(seen) == 1:
        seen = seen[0]
    return seen


class _Matrices:
    """Scores (N, L, S), and one mask (L, S) for all of them."""

    def kernel_arrays(self, arrays: Sequence[Array]) -> Sequence[Array] | None:
        """The scores, and the mask as (L, S) if it is the same for all matrices."""
        scores, mask = arrays[0], _once(arrays[1])
        fits = mask.shape == scores.shape[-2:] and mask.flags.c_contiguous
        return (scores, mask) if fits and are_contiguous((scores,)) else None

    def form(self, types: Types, params: dict[str, Any]) -> tuple[Form, int] | None:
        """Scores (N, L, S) and mask (L, S); rows have the length S."""
        (scores, shape), dtypes = (t.shape for t in types), tuple([t.dtype for t in types])
        if not is_worth_a_kernel(shape[1]):
            return None
        form = Form(((N, *shape), shape), dtypes, tuple(params.items()))
        return form, prod(scores) // shape[1]

    def operands(self, tensors: Sequence[Any]) -> Sequence[Any]:
        """The scores, and the mask expanded to their shape."""
        scores, mask = tensors
        return scores, expand_as(mask, scores)


# -- the weights -----------------------------------------------------------------------------


def _total(x: Any) -> Any:
    return reduce_sum(x, dims=(len(x._value.shape) - 1,), keepdim=True)


def _masked_softmax(x: Any, mask: Any, *, scale: float) -> Any:
    if not x._value.shape[-1]:
        return x
    scaled = where(mask, mul(x, like(x, scale)), like(x, HIDDEN))
    top = reduce_max(scaled, dims=(len(x._value.shape) - 1,), keepdim=True)
    top = where(eq(top, like(top, HIDDEN)), like(top, 0), top)
    e = exp(sub(scaled, expand_as(top, x)))
    total = _total(e)
    return div(e, expand_as(where(eq(total, like(total, 0)), like(total, 1), total), x))


# p_i = e^(scale x_i) / sum_j e^(scale x_j) along the last dimension, over the j whose mask is true;
# 0 where it is not, and all zeros in a row without any
masked_softmax = Composite(
    "masked_softmax(x, mask, *, scale)",
    _masked_softmax,
    lambda x, mask, *, scale: same(x),
    value=_masked_softmax_value,
    cut=_Matrices(),
    x=lambda g, out, scale: softmax_rows_back(g, out, scale=scale),
)

# softmax(scale x)
scaled_softmax = Composite(
    "scaled_softmax(x, *, scale)",
    lambda x, *, scale: softmax(mul(x, like(x, scale)), dim=len(x._value.shape) - 1),
    lambda x, *, scale: same(x),
    value=_scaled_softmax_value,
    cut=Rows(varying=True),
    x=lambda g, out, scale: softmax_rows_back(g, out, scale=scale),
)


def _slope(g: Array, p: Array, *, scale: float) -> Array:
    out = np.empty(g.shape, g.dtype)
    if g.size:
        sums = _spread_sums(np.multiply(g, p, order="C").reshape(-1, g.shape[-1]))
        np.subtract(g, sums.reshape(*g.shape[:-1], sums.shape[1]), out)
        np.multiply(out, p, out)
        np.multiply(out, scale, out, dtype=out.dtype)
    return out


def _rows_back(g: Any, p: Any, *, scale: float) -> Any:
    weighted = mul(g, p)
    return mul(sub(weighted, mul(p, expand_as(_total(weighted), p))), like(p, scale))


def _by_weights(h: Any, g: Any, p: Any, scale: float) -> Any:
    along_g, along_h = _total(mul(p, g)), _total(mul(p, h))
    slope = add(mul(h, sub(g, expand_as(along_g, g))), neg(mul(g, expand_as(along_h, g))))
    return mul(slope, like(slope, scale))


# scale p_i (g_i - sum_j p_j g_j): the gradient of the scores from that of the weights
softmax_rows_back: Composite = Composite(
    "softmax_rows_back(g, p, *, scale)",
    _rows_back,
    lambda g, p, *, scale: same(g),
    value=_slope,
    cut=Rows(varying=True),
    g=lambda h, p, scale: softmax_rows_back(h, p, scale=scale),
    p=_by_weights,
)

# -- the whole operation -------------------------------------------------------------------


def _product(x: Array, y: Array, like_: Array) -> Array:
    """x @ y, with the memory layout of `like_` if the rows of that are contiguous."""
    order: Any = "K" if like_.strides[-1] == like_.itemsize else "C"
    out = np.empty_like(like_, order=order, shape=(*x.shape[:-1], y.shape[-1]))
    return np.matmul(x, y, out)


def _flipped(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def _attention_value(
    q: Array, k: Array, v: Array, mask: Array | None = None, *, scale: float
) -> tuple[Array, Array]:
    scores = np.matmul(q, _flipped(k))
    if mask is None:
        weights = scaled_softmax.value(scores, scale=scale)
    else:
        weights = masked_softmax.value(scores, mask, scale=scale)
    return _product(weights, v, q), weights


def _attention(q: Any, k: Any, v: Any, mask: Any = None, *, scale: float) -> tuple[Any, Any]:
    scores = matmul(q, swap_last(k))
    if mask is None:
        weights = scaled_softmax(scores, scale=scale)
    else:
        weights = masked_softmax(scores, expand_as(mask, scores), scale=scale)
    return matmul(weights, v), weights


def _attention_types(
    q: ArrayType, k: ArrayType, v: ArrayType, mask: Any = None, *, scale: float
) -> tuple[ArrayType, ArrayType]:
    rows = q.shape[:-1]
    return ArrayType((*rows, v.shape[-1]), q.dtype), ArrayType((*rows, k.shape[-2]), q.dtype)


def _by_all(g: Any, q: Any, k: Any, v: Any, weights: Any, scale: float) -> tuple[Any, Any, Any]:
    """The gradients of Q, K and V. Weights have one only if used, as in double backward."""
    by_out, by_weights = g
    if by_weights is None:
        gradients: tuple[Any, Any, Any] = attention_back(by_out, q, k, v, weights, scale=scale)
        return gradients
    by_v = None
    if by_out is not None:
        by_v = matmul(swap_last(weights), by_out)
        by_weights = add(by_weights, matmul(by_out, swap_last(v)))
    slope = softmax_rows_back(by_weights, weights, scale=scale)
    return matmul(slope, k), matmul(swap_last(slope), q), by_v


def _back_value(
    g: Array, q: Array, k: Array, v: Array, weights: Array, *, scale: float
) -> tuple[Array, Array, Array]:
    slope = softmax_rows_back.value(np.matmul(g, _flipped(v)), weights, scale=scale)
    by_v = _product(_flipped(weights), g, v)
    return _product(slope, k, q), _product(_flipped(slope), q, k), by_v


def _back(g: Any, q: Any, k: Any, v: Any, weights: Any, *, scale: float) -> tuple[Any, Any, Any]:
    slope = softmax_rows_back(matmul(g, swap_last(v)), weights, scale=scale)
    by_v = matmul(swap_last(weights), g)
    return matmul(slope, k), matmul(swap_last(slope), q), by_v


# The gradients of Q, K and V from that of the output
attention_back = Shortcut(
    "attention_back(g, q, k, v, weights, *, scale)",
    _back,
    lambda g, q, k, v, weights, *, scale: (same(q), same(k), same(v)),
    value=_back_value,
    outputs=("by_q", "by_k", "by_v"),
)

# softmax(scale Q K^T) V and the weights: Q (..., L, E), K (..., S, E), V (..., S, D)
attention = Composite(
    "attention(q, k, v, *, scale)",
    _attention,
    _attention_types,
    value=_attention_value,
    outputs=("out", "weights"),
    joint_rule=_by_all,
)

# The same over the keys where the mask is true; the mask broadcasts to the weights (..., L, S)
masked_attention = Composite(
    "masked_attention(q, k, v, mask, *, scale)",
    _attention,
    _attention_types,
    value=_attention_value,
    outputs=("out", "weights"),
    joint_rule=lambda g, q, k, v, weights, scale: (*_by_all(g, q, k, v, weights, scale), None),
)
