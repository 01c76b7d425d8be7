"""Piecewise activations: linear pieces that meet at kinks, or an exponential on the left.

At a kink each has the slope that PyTorch uses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from .bounds import at_least, at_most
from .elementwise import (
    add,
    div,
    exp,
    expm1,
    flat,
    ge,
    gt,
    le,
    like,
    log1p,
    logical_and,
    logical_or,
    lt,
    maximum,
    minimum,
    mul,
    relu,
    same,
    sigmoid,
    sub,
    where,
)
from .select import select

Array = np.ndarray[Any, Any]


def _times(x: Any, number: float) -> Any:
    return mul(x, like(x, number))


def _between(x: Any, low: float, high: float) -> Any:
    return minimum(maximum(x, like(x, low)), like(x, high))


def _between_value(x: Array, low: float, high: float) -> Any:
    kind = x.dtype.type
    return x.clip(kind(low), kind(high))


def _spread(x: Array, number: float) -> Array:
    return np.broadcast_to(x.dtype.type(number), x.shape)


def _zero_where(condition: Any, x: Any) -> Any:
    return where(condition, like(x, 0), x)


# -- linear with another slope on the left ---------------------------------------------------------


def _leaky_value(x: Array, *, slope: float) -> Any:
    sloped = np.multiply(x, slope, dtype=x.dtype)
    if not 0 < slope <= 1:  # max(x, slope x) is wrong then; 0 * inf is nan
        return select(x > 0, x, sloped)
    return np.maximum(x, sloped)


# x for x > 0, slope x elsewhere
leaky_relu = Composite(
    "leaky_relu(x, *, slope)",
    lambda x, *, slope: where(gt(x, like(x, 0)), x, _times(x, slope)),
    same,
    value=_leaky_value,
    x=lambda g, x, slope: flat(where(gt(x, like(x, 0)), g, _times(g, slope)), x),
)

# x for x > 0, weight x elsewhere
prelu = Composite(
    "prelu(x, weight)",
    lambda x, weight: where(gt(x, like(x, 0)), x, mul(x, weight)),
    same,
    value=lambda x, weight: select(x > 0, x, np.multiply(x, weight)),
    x=lambda g, x, weight: flat(where(gt(x, like(x, 0)), g, mul(g, weight)), x),
    weight=lambda g, x: _zero_where(gt(x, like(x, 0)), mul(g, x)),
)

# -- an exponential on the left --------------------------------------------------------------------


def _elu(x: Any, *, alpha: float, scale: float, narrow: float) -> Any:
    left = expm1(_times(minimum(x, like(x, 0)), narrow))
    return add(_times(relu(x), scale), _times(left, alpha * scale))


def _elu_value(x: Array, *, alpha: float, scale: float, narrow: float) -> Any:
    left = np.asarray(np.multiply(at_most(x, 0), narrow, dtype=x.dtype))
    np.expm1(left, left)
    np.multiply(left, alpha * scale, left)
    return np.add(left, np.multiply(at_least(x, 0), scale, dtype=x.dtype), left)


def _elu_back(g: Any, x: Any, alpha: float, scale: float, narrow: float) -> Any:
    left = le(x, like(x, 0))
    # x > 0 is replaced by 0 so that exp cannot overflow; the slope counts as constant at 0 itself.
    low = where(lt(x, like(x, 0)), x, like(x, 0))
    slope = _times(exp(_times(low, narrow)), alpha * scale * narrow)
    return mul(g, where(left, slope, like(x, scale)))


# scale x for x > 0, scale alpha (e^(narrow x) - 1) elsewhere
elu = Composite("elu(x, *, alpha, scale, narrow)", _elu, same, value=_elu_value, x=_elu_back)


def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    z = _times(x, beta)
    soft = log1p(exp(minimum(z, like(z, threshold))))
    return where(gt(z, like(z, threshold)), x, div(soft, like(x, beta)))


def _softplus_value(x: Array, *, beta: float, threshold: float) -> Any:
    z = np.multiply(x, beta, dtype=x.dtype)
    soft = np.asarray(at_most(z, threshold))
    np.log1p(np.exp(soft, soft), soft)
    return select(z > threshold, x, np.divide(soft, beta, soft))


def _softplus_back(g: Any, x: Any, beta: float, threshold: float) -> Any:
    z = _times(x, beta)
    return where(gt(z, like(z, threshold)), g, mul(g, sigmoid(z)))


# log(1 + e^(beta x)) / beta; x itself where beta x > threshold
softplus = Composite(
    "softplus(x, *, beta, threshold)",
    _softplus,
    same,
    value=_softplus_value,
    x=_softplus_back,
)

# -- piecewise linear ------------------------------------------------------------------------------


def _outside(x: Any, low: float, high: float) -> Any:
    return logical_or(le(x, like(x, low)), ge(x, like(x, high)))


def _within(x: Any, low: float, high: float) -> Any:
    return logical_and(gt(x, like(x, low)), lt(x, like(x, high)))


# x clamped to [low, high]; the slope is 0 outside and at both kinks
hardtanh = Composite(
    "hardtanh(x, *, low, high)",
    lambda x, *, low, high: _between(x, low, high),
    same,
    value=lambda x, *, low, high: _between_value(x, low, high),
    x=lambda g, x, low, high: flat(_zero_where(_outside(x, low, high), g), x),
)

# 0 for x <= -3, 1 for x >= 3, x / 6 + 1/2 between
hardsigmoid = Composite(
    "hardsigmoid(x)",
    lambda x: div(_between(add(x, like(x, 3)), 0, 6), like(x, 6)),
    same,
    value=lambda x: np.divide(_between_value(np.add(x, 3), 0, 6), 6, dtype=x.dtype),
    x=lambda g, x: flat(where(_within(x, -3, 3), div(g, like(g, 6)), like(g, 0)), x),
)


def _hardswish_back(g: Any, x: Any) -> Any:
    middle = mul(g, add(div(x, like(x, 3)), like(x, 0.5)))
    right = where(lt(x, like(x, 3)), middle, g)
    return _zero_where(le(x, like(x, -3)), right)


# x hardsigmoid(x)
hardswish = Composite(
    "hardswish(x)",
    lambda x: div(mul(x, _between(add(x, like(x, 3)), 0, 6)), like(x, 6)),
    same,
    value=lambda x: np.divide(np.multiply(x, _between_value(np.add(x, 3), 0, 6)), 6, dtype=x.dtype),
    x=_hardswish_back,
)


def _inside(x: Any, lambd: float) -> Any:
    return logical_and(ge(x, like(x, -lambd)), le(x, like(x, lambd)))


# 0 for |x| <= lambd, x elsewhere
hardshrink = Composite(
    "hardshrink(x, *, lambd)",
    lambda x, *, lambd: _zero_where(_inside(x, lambd), x),
    same,
    value=lambda x, *, lambd: select(np.abs(x) <= lambd, _spread(x, 0), x),
    x=lambda g, x, lambd: flat(_zero_where(_inside(x, lambd), g), x),
)

# x moved towards 0 by lambd, but not past it
softshrink = Composite(
    "softshrink(x, *, lambd)",
    lambda x, *, lambd: sub(x, _between(x, -lambd, lambd)),
    same,
    value=lambda x, *, lambd: np.subtract(x, _between_value(x, -lambd, lambd)),
    x=lambda g, x, lambd: flat(_zero_where(_inside(x, lambd), g), x),
)

# x where x > limit, `value` elsewhere
threshold = Composite(
    "threshold(x, *, limit, value)",
    lambda x, *, limit, value: where(le(x, like(x, limit)), like(x, value), x),
    same,
    value=lambda x, *, limit, value: select(x <= limit, _spread(x, value), x),
    x=lambda g, x, limit: flat(_zero_where(le(x, like(x, limit)), g), x),
)
