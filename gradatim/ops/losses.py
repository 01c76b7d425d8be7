"""Losses that are faster as one operation, or whose parts would give a wrong gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.primitive import Composite
from ..core.storage import ArrayType
from .bounds import at_least, at_most
from .broadcast import broadcast_to, numel, reduce_sum
from .elementwise import (
    abs_,
    clamp,
    div,
    exp,
    like,
    log,
    log1p,
    maximum,
    minimum,
    mul,
    neg,
    same,
    sigmoid,
    square,
    sub,
)

Array = np.ndarray[Any, Any]

# -- mean squared error --------------------------------------------------------------------


def _reduced_type(x: Any, *_: Any, reduction: str) -> ArrayType:
    return ArrayType(x.shape if reduction == "none" else (), x.dtype)


def _squared_error(x: Array, y: Array, *, reduction: str) -> Any:
    d = np.subtract(x, y)
    if reduction == "none":
        return np.multiply(d, d)
    d = d.reshape(-1)
    total = np.dot(d, d)
    if reduction == "sum":
        return total
    return np.divide(total, d.size, dtype=d.dtype) if d.size else np.array(np.nan, d.dtype)


def _expand_squared_error(x: Any, y: Any, *, reduction: str) -> Any:
    losses = square(sub(x, y))
    if reduction == "none":
        return losses
    shape = losses._value.shape
    total = reduce_sum(losses, dims=tuple(range(len(shape))), keepdim=False)
    return div(total, like(total, numel(shape))) if reduction == "mean" else total


def _squared_error_back(g: Array, x: Array, y: Array, *, reduction: str) -> Array:
    d = np.subtract(x, y)
    factor = 2 / max(d.size, 1) if reduction == "mean" else 2
    d *= np.multiply(g, factor, dtype=d.dtype)
    return d


def _expand_squared_error_back(g: Any, x: Any, y: Any, *, reduction: str) -> Any:
    d = sub(x, y)
    return mul(mul(d, _factor(d, reduction)), broadcast_to(g, shape=d._value.shape))


def _factor(d: Any, reduction: str) -> Any:
    return like(d, 2 / max(numel(d._value.shape), 1) if reduction == "mean" else 2)


# (x - y)^2, averaged or summed over all elements
squared_error = Composite(
    "squared_error(x, y, *, reduction)",
    _expand_squared_error,
    _reduced_type,
    value=_squared_error,
    x=lambda g, x, y, reduction: squared_error_back(g, x, y, reduction=reduction),
    y=lambda g, x, y, reduction: neg(squared_error_back(g, x, y, reduction=reduction)),
)


def _by_arrived(h: Any, x: Any, y: Any, reduction: str) -> Any:
    d = sub(x, y)
    slopes = mul(h, mul(d, _factor(d, reduction)))
    if reduction == "none":
        return slopes
    return reduce_sum(slopes, dims=tuple(range(len(slopes._value.shape))), keepdim=False)


def _by_difference(h: Any, g: Any, reduction: str) -> Any:
    return mul(mul(h, _factor(h, reduction)), broadcast_to(g, shape=h._value.shape))


# 2 (x - y) g, divided by the number of elements for the mean
squared_error_back: Composite = Composite(
    "squared_error_back(g, x, y, *, reduction)",
    _expand_squared_error_back,
    lambda g, x, y, *, reduction: ArrayType(x.shape, x.dtype),
    value=_squared_error_back,
    g=_by_arrived,
    x=_by_difference,
    y=lambda h, g, reduction: neg(_by_difference(h, g, reduction)),
)

# -- absolute error with a round corner ----------------------------------------------------


def _round_corner(d: Array, *, beta: float) -> Any:
    size = np.abs(d)
    bounded = at_most(size, beta)
    middle = np.subtract(size, np.multiply(bounded, 0.5, dtype=d.dtype))
    return np.multiply(middle, np.multiply(bounded, 1 / beta, dtype=d.dtype))


def _expand_round_corner(d: Any, *, beta: float) -> Any:
    size = abs_(d)
    bounded = minimum(size, like(d, beta))
    return mul(sub(size, mul(bounded, like(d, 0.5))), mul(bounded, like(d, 1 / beta)))


# d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere
round_corner = Composite(
    "round_corner(d, *, beta)",
    _expand_round_corner,
    same,
    value=_round_corner,
    d=lambda g, d, beta: mul(g, mul(clamp(d, low=-beta, high=beta), like(d, 1 / beta))),
)

# -- Bernoulli -----------------------------------------------------------------------------


def _log_sigmoid(x: Array) -> Any:
    return np.subtract(at_most(x, 0), np.log1p(np.exp(np.negative(np.abs(x)))))


def _expand_log_sigmoid(x: Any) -> Any:
    return sub(minimum(x, like(x, 0)), log1p(exp(neg(abs_(x)))))


# -log(1 + e^-x), without overflow for large |x|
log_sigmoid = Composite(
    "log_sigmoid(x)",
    _expand_log_sigmoid,
    same,
    value=_log_sigmoid,
    x=lambda g, x: mul(g, sigmoid(neg(x))),
)

LEAST_LOG = -100.0  # as in PyTorch: logs are clamped, so one wrong certainty costs 100, not inf
LEAST_VARIANCE = 1e-12  # the Bernoulli variance is clamped to this before dividing a gradient


def _binary_cross_entropy(x: Array, y: Array) -> Array:
    if x.size and not (np.minimum.reduce(x, None) >= 0 and np.maximum.reduce(x, None) <= 1):
        raise ArgumentError(
            "binary_cross_entropy: all elements of input should be between 0 and 1; apply "
            "sigmoid first, or use binary_cross_entropy_with_logits"
        )
    with np.errstate(divide="ignore"):
        yes = at_least(np.log(x), LEAST_LOG)
        no = at_least(np.log1p(np.negative(x)), LEAST_LOG)
    return np.subtract((y - 1) * no, y * yes)


def _expand_binary_cross_entropy(x: Any, y: Any) -> Any:
    yes = maximum(log(x), like(x, LEAST_LOG))
    no = maximum(log1p(neg(x)), like(x, LEAST_LOG))
    return sub(mul(sub(y, like(y, 1)), no), mul(y, yes))


def _by_probability(g: Any, x: Any, y: Any) -> Any:
    variance = maximum(mul(sub(like(x, 1), x), x), like(x, LEAST_VARIANCE))
    return div(mul(g, sub(x, y)), variance)


def _by_target(g: Any, x: Any) -> Any:
    yes = maximum(log(x), like(x, LEAST_LOG))
    no = maximum(log1p(neg(x)), like(x, LEAST_LOG))
    return mul(g, sub(no, yes))


# -(y log x + (1 - y) log(1 - x)) for probabilities x
binary_cross_entropy = Composite(
    "binary_cross_entropy(x, y)",
    _expand_binary_cross_entropy,
    same,
    value=_binary_cross_entropy,
    x=_by_probability,
    y=_by_target,
)

# -- Gaussian ------------------------------------------------------------------------------


def _positive(var: Array, *, eps: float) -> Array:
    if var.size and np.minimum.reduce(var, None) < 0:
        raise ArgumentError("gaussian_nll_loss: var has negative entry/entries")
    return at_least(var, eps)


# A variance clamped to at least eps; the gradient ignores the clamping, as in PyTorch
floored = Composite(
    "floored(var, *, eps)",
    lambda var, *, eps: maximum(var, like(var, eps)),
    same,
    value=_positive,
    var=lambda g: g,
)
