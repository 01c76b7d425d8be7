"""Variance, standard deviation, norms and log-sum-exp: composites with hand-written gradients.

At a standard deviation or norm of 0 the gradient is 0, as in PyTorch; that of the expansion would
be 0 / 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import Composite
from .broadcast import broadcast_to, count, reduce_sum, reduced, restore_dims
from .elementwise import (
    abs_,
    add,
    cast,
    div,
    eq,
    exp,
    isinf,
    like,
    log,
    mul,
    ne,
    pow_,
    sign,
    sqrt,
    square,
    sub,
    where,
)
from .reduction import mean, reduce_max, reduce_min

Array = np.ndarray[Any, Any]
Dims = tuple[int, ...]


def _freedom(shape: tuple[int, ...], dims: Dims, correction: float) -> float:
    """The divisor of the sum of squares: the count less `correction`, but not below 0."""
    return max(count(shape, dims) - correction, 0)


def _spread(y: Any, x: Any, dims: Dims, keepdim: bool) -> Any:
    return broadcast_to(restore_dims(y, dims, keepdim), shape=x._value.shape)


def _from_mean(x: Any, dims: Dims) -> Any:
    return sub(x, _spread(mean(x, dims=dims, keepdim=True), x, dims, True))


def _unless_zero(norm: Any, y: Any) -> Any:
    """`y`, but 0 where `norm` is 0."""
    return where(eq(norm, like(norm, 0)), like(y, 0), y)


# -- variance and standard deviation ---------------------------------------------------------


def _var(x: Any, *, dims: Dims, correction: float, keepdim: bool) -> Any:
    total = reduce_sum(square(_from_mean(x, dims)), dims=dims, keepdim=keepdim)
    return div(total, like(total, _freedom(x._value.shape, dims, correction)))


def _var_value(x: Any, *, dims: Dims, correction: float, keepdim: Any) -> Any:
    n = count(x.shape, dims)
    mean = np.divide(np.add.reduce(x, dims, keepdims=True), n, dtype=x.dtype)
    deviation = np.subtract(x, mean, out=np.empty_like(x))
    total = np.add.reduce(np.square(deviation, out=deviation), dims, keepdims=keepdim)
    freedom = _freedom(x.shape, dims, correction)
    if not freedom:
        return np.where(total > 0, np.inf, np.nan).astype(x.dtype)  # without NumPy's warning
    return np.divide(total, freedom, dtype=x.dtype)


def _var_back(g: Any, x: Any, dims: Dims, correction: float, keepdim: bool) -> Any:
    share = div(add(g, g), like(g, _freedom(x._value.shape, dims, correction)))
    return mul(_spread(share, x, dims, keepdim), _from_mean(x, dims))


# sum (x - mean)^2 / (n - correction)
var = Composite(
    "var(x, *, dims, correction, keepdim)",
    _var,
    lambda x, *, dims, correction, keepdim: reduced(x, dims, keepdim),
    value=_var_value,
    x=_var_back,
)


def _std_back(g: Any, x: Any, out: Any, dims: Dims, correction: float, keepdim: bool) -> Any:
    share = div(g, mul(out, like(out, _freedom(x._value.shape, dims, correction))))
    return mul(_spread(_unless_zero(out, share), x, dims, keepdim), _from_mean(x, dims))


std = Composite(
    "std(x, *, dims, correction, keepdim)",
    lambda x, **params: sqrt(var(x, **params)),
    lambda x, *, dims, correction, keepdim: reduced(x, dims, keepdim),
    value=lambda x, **params: np.sqrt(_var_value(x, **params)),
    x=_std_back,
)

# -- norms -----------------------------------------------------------------------------------


def _norm(x: Any, *, p: float, dims: Dims, keepdim: bool) -> Any:
    over = {"dims": dims, "keepdim": keepdim}
    if p == 2:
        return sqrt(reduce_sum(square(x), **over))
    if p == 0:
        return reduce_sum(cast(ne(x, like(x, 0)), dtype=x._value.dtype), **over)
    size = abs_(x)
    if math.isinf(p):
        return (reduce_max if p > 0 else reduce_min)(size, **over)
    if p == 1:
        return reduce_sum(size, **over)
    total = reduce_sum(pow_(size, like(x, p)), **over)
    return pow_(total, like(total, 1 / p))


def _norm_value(x: Any, *, p: float, dims: Dims, keepdim: Any) -> Any:
    if p == 2 and len(dims) == x.ndim and not keepdim:
        line = x.reshape(-1)
        return np.sqrt(line.dot(line))
    if p == 2:
        return np.sqrt(np.add.reduce(np.square(x), dims, keepdims=keepdim))
    size = np.abs(x)
    if math.isinf(p):
        extreme = np.maximum if p > 0 else np.minimum
        return extreme.reduce(size, dims, keepdims=keepdim)
    if p == 0:
        return np.add.reduce(x != 0, dims, x.dtype, keepdims=keepdim)
    if p == 1:
        return np.add.reduce(size, dims, keepdims=keepdim)
    return np.add.reduce(size**p, dims, keepdims=keepdim) ** (1 / p)


def _norm_back(g: Any, x: Any, out: Any, p: float, dims: Dims, keepdim: bool) -> Any:
    def spread(y: Any) -> Any:
        return _spread(y, x, dims, keepdim)

    if p == 0:
        return like(x, 0)
    if p == 1:
        return mul(spread(g), sign(x))
    if p == 2:
        return mul(spread(_unless_zero(out, div(g, out))), x)
    if math.isinf(p):
        hits = cast(eq(abs_(x), spread(out)), dtype=x._value.dtype)
        n = reduce_sum(hits, dims=dims, keepdim=keepdim)
        return mul(mul(spread(div(g, n)), hits), sign(x))
    slope = mul(sign(x), _unless_zero(x, pow_(abs_(x), like(x, p - 1))))
    return mul(spread(_unless_zero(out, div(g, pow_(out, like(out, p - 1))))), slope)


# (sum |x|^p)^(1/p); the largest or smallest |x| for p = inf, -inf; the count of nonzeros for 0
norm = Composite(
    "norm(x, *, p, dims, keepdim)",
    _norm,
    lambda x, *, p, dims, keepdim: reduced(x, dims, keepdim),
    value=_norm_value,
    x=_norm_back,
)

# -- log-sum-exp -----------------------------------------------------------------------------


def _logsumexp(x: Any, *, dims: Dims, keepdim: bool) -> Any:
    top = reduce_max(x, dims=dims, keepdim=True)
    # inf - inf is nan, but a row of -inf must give -inf, and a row with inf must give inf.
    top = where(isinf(top), like(top, 0), top)
    total = reduce_sum(exp(sub(x, _spread(top, x, dims, True))), dims=dims, keepdim=True)
    out = add(log(total), top)
    return out if keepdim else reduce_sum(out, dims=dims, keepdim=False)


def _logsumexp_value(x: Array, *, dims: Dims, keepdim: bool) -> Any:
    top = np.maximum.reduce(x, dims, keepdims=True, initial=-np.inf)
    top = np.where(np.isinf(top), 0, top).astype(x.dtype, copy=False)
    total = np.add.reduce(np.exp(x - top), dims, keepdims=True)
    out = np.log(total) + top
    return out if keepdim else out.squeeze(dims)


# log sum e^x
logsumexp = Composite(
    "logsumexp(x, *, dims, keepdim)",
    _logsumexp,
    reduced,
    value=_logsumexp_value,
    x=lambda g, x, out, dims, keepdim: mul(
        _spread(g, x, dims, keepdim), exp(sub(x, _spread(out, x, dims, keepdim)))
    ),
)
