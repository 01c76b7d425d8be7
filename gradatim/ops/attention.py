"""Softmax of what a mask lets through: the weights of an attention, and their gradient.

The scores of a query with its keys become weights here. Products before and after are `matmul`s of
their own, so that their gradients, and a dropout in between, need no rule here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from .broadcast import broadcast_to, reduce_sum
from .elementwise import add, div, eq, exp, like, mul, neg, same, sub, where
from .reduction import reduce_max
from .rowwise import along_rows, row_maxima, row_sums

Array = np.ndarray[Any, Any]

HIDDEN = -np.inf


def _bias(mask: Array, dtype: np.dtype[Any]) -> Array:
    """0 where the mask is true and -inf where not; what is repeated is made once."""
    once = mask[tuple(slice(0, 1) if not stride else slice(None) for stride in mask.strides)]
    return np.where(once, dtype.type(0), dtype.type(HIDDEN))


def _masked_softmax_value(x: Array, mask: Array, *, scale: float) -> Array:
    out = np.empty(x.shape, x.dtype)
    if not x.size:
        return out
    np.multiply(x, scale, out, dtype=x.dtype)
    out += _bias(mask, x.dtype)
    rows = out.reshape(-1, x.shape[-1])
    # Shifted by its own largest number always, not only where e^x could overflow: that would make a
    # row depend on others, and an earlier word on later ones.
    top = row_maxima(rows)
    top[top == HIDDEN] = 0
    width = rows.shape[1]
    rows -= along_rows(top.reshape(-1), width)
    np.exp(rows, rows)
    sums = row_sums(rows)
    sums[sums == 0] = 1
    rows /= along_rows(sums, width)
    return out


def _over(y: Any, like_: Any) -> Any:
    return broadcast_to(y, shape=like_._value.shape)


def _total(x: Any) -> Any:
    return reduce_sum(x, dims=(len(x._value.shape) - 1,), keepdim=True)


def _masked_softmax(x: Any, mask: Any, *, scale: float) -> Any:
    if not x._value.shape[-1]:
        return x
    scaled = where(mask, mul(x, like(x, scale)), like(x, HIDDEN))
    top = reduce_max(scaled, dims=(len(x._value.shape) - 1,), keepdim=True)
    top = where(eq(top, like(top, HIDDEN)), like(top, 0), top)
    e = exp(sub(scaled, _over(top, x)))
    total = _total(e)
    return div(e, _over(where(eq(total, like(total, 0)), like(total, 1), total), x))


# p_i = e^(scale x_i) / sum_j e^(scale x_j) along the last dimension, over the j whose mask is true;
# 0 where it is not, and all zeros in a row without any
masked_softmax = Composite(
    "masked_softmax(x, mask, *, scale)",
    _masked_softmax,
    lambda x, mask, *, scale: same(x),
    value=_masked_softmax_value,
    x=lambda g, out, scale: softmax_rows_back(g, out, scale=scale),
)


def _rows_back_value(g: Array, p: Array, *, scale: float) -> Array:
    if not g.size:
        return np.empty(g.shape, g.dtype)
    weighted, width = np.multiply(g, p, order="C"), g.shape[-1]
    sums = along_rows(row_sums(weighted.reshape(-1, width)), width)
    weighted -= np.multiply(p, sums.reshape(*g.shape[:-1], sums.shape[1]))
    if scale != 1:
        np.multiply(weighted, scale, weighted, dtype=g.dtype)
    return weighted


def _rows_back(g: Any, p: Any, *, scale: float) -> Any:
    weighted = mul(g, p)
    return mul(sub(weighted, mul(p, _over(_total(weighted), p))), like(p, scale))


def _by_weights(h: Any, g: Any, p: Any, scale: float) -> Any:
    along_g, along_h = _total(mul(p, g)), _total(mul(p, h))
    slope = add(mul(h, sub(g, _over(along_g, g))), neg(mul(g, _over(along_h, g))))
    return mul(slope, like(slope, scale))


# scale p_i (g_i - sum_j p_j g_j): from the weights' gradient to that of the scores
softmax_rows_back: Composite = Composite(
    "softmax_rows_back(g, p, *, scale)",
    _rows_back,
    lambda g, p, *, scale: same(g),
    value=_rows_back_value,
    g=lambda h, p, scale: softmax_rows_back(h, p, scale=scale),
    p=_by_weights,
)
