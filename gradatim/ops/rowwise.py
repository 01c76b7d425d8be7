"""Softmax and its relatives: composites, because a row is best handled in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from .broadcast import broadcast_to, reduce_sum
from .elementwise import div, exp, log, mul, same, sub
from .reduction import reduce_max


def _over(y: Any, like: Any) -> Any:
    return broadcast_to(y, shape=like._value.shape)


def _total(x: Any, dim: int) -> Any:
    return reduce_sum(x, dims=(dim,), keepdim=True)


def _shifted(x: Any, dim: int) -> Any:
    return sub(x, _over(reduce_max(x, dims=(dim,), keepdim=True), x))


def _shifted_value(x: np.ndarray[Any, Any], dim: int) -> np.ndarray[Any, Any]:
    # The largest of each row is subtracted, so that exp cannot overflow.
    return np.subtract(x, np.maximum.reduce(x, dim, keepdims=True))


def _softmax_value(x: np.ndarray[Any, Any], *, dim: int) -> np.ndarray[Any, Any]:
    e = np.exp(_shifted_value(x, dim))
    e /= np.add.reduce(e, dim, keepdims=True)
    return e


def _softmax(x: Any, *, dim: int) -> Any:
    e = exp(_shifted(x, dim))
    return div(e, _over(_total(e, dim), e))


def _softmax_back(g: Any, out: Any, dim: int) -> Any:
    weighted = mul(g, out)
    return sub(weighted, mul(out, _over(_total(weighted, dim), out)))


# p_i = e^(x_i) / sum_j e^(x_j) along one dimension
softmax = Composite("softmax(x, *, dim)", _softmax, same, value=_softmax_value, x=_softmax_back)


def _log_softmax_value(x: np.ndarray[Any, Any], *, dim: int) -> np.ndarray[Any, Any]:
    y = _shifted_value(x, dim)
    y -= np.log(np.add.reduce(np.exp(y), dim, keepdims=True))
    return y


def _log_softmax(x: Any, *, dim: int) -> Any:
    y = _shifted(x, dim)
    return sub(y, _over(log(_total(exp(y), dim)), y))


# log p_i = x_i - log sum_j e^(x_j)
log_softmax = Composite(
    "log_softmax(x, *, dim)",
    _log_softmax,
    same,
    value=_log_softmax_value,
    x=lambda g, out, dim: sub(g, mul(exp(out), _over(_total(g, dim), out))),
)
