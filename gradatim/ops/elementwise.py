"""Elementwise operations: arithmetic, transcendental functions, comparisons and logic."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.context import local
from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from .bounds import at_least, larger, smaller
from .broadcast import full
from .select import select


def same(x: Any, *_: Any, **__: Any) -> ArrayType:
    """The shape rule of elementwise operations: the type of the first input."""
    return ArrayType(x.shape, x.dtype)


def like(x: Any, value: float) -> Any:
    """A number broadcast to the shape and dtype of `x`."""
    kind = x._type
    return full(kind.shape, value, kind.dtype)


# -- arithmetic ----------------------------------------------------------------------------

neg: Primitive = Primitive("neg(x)", np.negative, same, x=lambda g: neg(g))

add: Primitive = Primitive("add(x, y)", np.add, same, x=lambda g: g, y=lambda g: g)

sub: Primitive = Primitive("sub(x, y)", np.subtract, same, x=lambda g: g, y=lambda g: neg(g))

mul: Primitive = Primitive(
    "mul(x, y)",
    np.multiply,
    same,
    x=lambda g, y: mul(g, y),
    y=lambda g, x: mul(g, x),
)

div: Primitive = Primitive(
    "div(x, y)",
    np.divide,
    same,
    x=lambda g, y: div(g, y),
    y=lambda g, x, y: neg(mul(g, div(div(x, y), y))),
)


def _pow_by_exponent(g: Any, x: Any, y: Any, out: Any) -> Any:
    # out * log(x), except at x = 0 with y >= 0, where that is nan: there the slope is 0.
    flat = logical_and(eq(x, like(x, 0)), ge(y, like(y, 0)))
    return where(flat, like(x, 0), mul(g, mul(out, log(x))))


def _pow_by_base(g: Any, x: Any, y: Any) -> Any:
    # x ** 0 is constant, even at x = 0, where y * x ** (y - 1) would be 0 * inf. The exponent 0 is
    # not reduced to -1 there, so that second derivatives are 0 too.
    flat = eq(y, like(y, 0))
    slope = mul(y, pow_(x, where(flat, y, sub(y, like(y, 1)))))
    return where(flat, like(x, 0), mul(g, slope))


def _power(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Any:
    try:
        return np.power(x, y)
    except ValueError:
        # NumPy refuses negative powers of integers; PyTorch gives 0, except for bases 1 and -1.
        whole = np.power(x, np.maximum(y, 0))
        odd = np.where(x == -1, 1 - 2 * (y & 1), 0)
        return np.where(y < 0, np.where(x == 1, 1, odd), whole).astype(x.dtype)


pow_: Primitive = Primitive("pow(x, y)", _power, same, x=_pow_by_base, y=_pow_by_exponent)

square = Primitive("square(x)", np.square, same, x=lambda g, x: mul(g, add(x, x)))


def _expand_power(x: Any, *, exponent: float) -> Any:
    if exponent in _SIMPLE:
        return _SIMPLE[exponent](x)
    return mul(square(x), x) if exponent == 3 else pow_(x, like(x, exponent))


def _power_value(x: np.ndarray[Any, Any], *, exponent: float) -> Any:
    if exponent in _SIMPLE:
        return _SIMPLE[exponent].value(x)
    if exponent == 3:
        return x * x * x
    if not float(exponent).is_integer():
        return np.power(x, exponent, dtype=x.dtype)
    size = np.power(np.abs(x), exponent, dtype=x.dtype)  # of a negative base 50 times slower
    return np.copysign(size, x) if exponent % 2 else size


def _power_back(g: Any, x: Any, exponent: float) -> Any:
    if exponent == 0:
        return _pow_by_base(g, x, like(x, 0))
    return mul(g, mul(power(x, exponent=exponent - 1), like(x, exponent)))


# x to the power of a Python number, of floats
power: Composite = Composite(
    "power(x, *, exponent)", _expand_power, same, value=_power_value, x=_power_back
)

abs_ = Primitive("abs(x)", np.abs, same, x=lambda g, x: mul(g, sign(x)))


def _sign(x: np.ndarray[Any, Any]) -> Any:
    # The sign of nan is 0, as in PyTorch, so that the gradient of abs is 0 there, not nan.
    return np.sign(x) if x.dtype.kind != "f" else np.subtract(x > 0, x < 0, dtype=x.dtype)


sign: Primitive = Primitive("sign(x)", _sign, same, x=lambda g: like(g, 0))

reciprocal = Primitive(
    "reciprocal(x)",
    lambda x: np.divide(1, x, dtype=x.dtype),
    same,
    x=lambda g, out: neg(mul(g, mul(out, out))),
)

floor_divide = Primitive(
    "floor_divide(x, y)", np.floor_divide, same, x=lambda g: like(g, 0), y=lambda g: like(g, 0)
)


def _trunc_divide(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Any:
    if x.dtype.kind == "f":
        return np.trunc(np.divide(x, y))
    down = np.floor_divide(x, y)
    return down + ((down < 0) & (down * y != x))  # floats would lose digits of large integers


trunc_divide = Primitive(
    "trunc_divide(x, y)", _trunc_divide, same, x=lambda g: like(g, 0), y=lambda g: like(g, 0)
)

remainder = Primitive(
    "remainder(x, y)",
    np.remainder,
    same,
    x=lambda g: g,
    y=lambda g, x, y: neg(mul(g, floor_divide(x, y))),
)

# -- rounding: flat almost everywhere ------------------------------------------------------

floor: Primitive = Primitive("floor(x)", np.floor, same, x=lambda g: like(g, 0))
ceil = Primitive("ceil(x)", np.ceil, same, x=lambda g: like(g, 0))
trunc = Primitive("trunc(x)", np.trunc, same, x=lambda g: like(g, 0))
round_ = Primitive("round(x)", np.rint, same, x=lambda g: like(g, 0))

# -- transcendental functions --------------------------------------------------------------

exp = Primitive("exp(x)", np.exp, same, x=lambda g, out: mul(g, out))

expm1 = Primitive("expm1(x)", np.expm1, same, x=lambda g, out: add(mul(g, out), g))

log: Primitive = Primitive("log(x)", np.log, same, x=lambda g, x: div(g, x))

log1p = Primitive("log1p(x)", np.log1p, same, x=lambda g, x: div(g, add(x, like(x, 1))))

sqrt = Primitive("sqrt(x)", np.sqrt, same, x=lambda g, out: div(g, add(out, out)))

_SIMPLE: dict[float, Primitive] = {0.5: sqrt, 2: square, -1: reciprocal}  # powers of their own

sin: Primitive = Primitive("sin(x)", np.sin, same, x=lambda g, x: mul(g, cos(x)))

cos: Primitive = Primitive("cos(x)", np.cos, same, x=lambda g, x: neg(mul(g, sin(x))))

tanh = Primitive("tanh(x)", np.tanh, same, x=lambda g, out: tanh_back(g, out))


def _tanh_back(g: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    slope = np.empty_like(out)  # one buffer instead of three
    np.multiply(out, out, slope)
    np.subtract(1, slope, slope)
    return np.multiply(slope, g, slope)


# g (1 - out^2): the gradient of tanh in terms of its result
tanh_back: Composite = Composite(
    "tanh_back(g, out)",
    lambda g, out: mul(g, sub(like(out, 1), mul(out, out))),
    same,
    value=_tanh_back,
    outputs=("slope",),
    g=lambda h, out: tanh_back(h, out),
    out=lambda h, g, out: neg(mul(h, mul(g, add(out, out)))),
)


def _sigmoid(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # exp may overflow to inf, and 1 / inf = 0 is right; small results keep full precision.
    return np.divide(1, np.add(np.exp(np.negative(x)), 1), dtype=x.dtype)


sigmoid = Primitive("sigmoid(x)", _sigmoid, same, x=lambda g, out: mul(g, sub(out, mul(out, out))))

# -- kinks ---------------------------------------------------------------------------------

_flat: Composite = Composite(
    "flat(y, x)",
    lambda y, x: y,
    same,
    value=lambda y, x: y.copy(),
    y=lambda g: g,
    x=lambda g: like(g, 0),
)


def flat(y: Any, x: Any) -> Any:
    """`y`, with a zero gradient for `x`.

    The slope of a piecewise linear function depends on `x` only through comparisons, which have no
    gradient, so there would be no path back to `x`. PyTorch's second gradient there is zeros, not
    None.
    """
    return _flat(y, x) if local.context.grad_enabled else y


relu = Primitive(
    "relu(x)",
    lambda x: at_least(x, 0),
    same,
    x=lambda g, out: flat(where(le(out, like(out, 0)), like(g, 0), g), out),
)

# -- selection -----------------------------------------------------------------------------


def _unless_less(g: Any, x: Any, y: Any) -> Any:
    # Equal elements get half each: PyTorch's choice of subgradient.
    return where(lt(x, y), like(g, 0), where(eq(x, y), div(g, like(g, 2)), g))


maximum = Primitive(
    "maximum(x, y)",
    larger,
    same,
    x=lambda g, x, y: _unless_less(g, x, y),
    y=lambda g, x, y: _unless_less(g, y, x),
)

minimum = Primitive(
    "minimum(x, y)",
    smaller,
    same,
    x=lambda g, x, y: _unless_less(g, y, x),
    y=lambda g, x, y: _unless_less(g, x, y),
)

# The same values as maximum and minimum, but at the bound `x` gets the whole gradient.
clamp_min = Composite(
    "clamp_min(x, bound)",
    lambda x, bound: maximum(x, bound),
    same,
    value=larger,
    x=lambda g, x, bound: where(ge(x, bound), g, like(g, 0)),
    bound=lambda g, x, bound: where(lt(x, bound), g, like(g, 0)),
)

clamp_max = Composite(
    "clamp_max(x, bound)",
    lambda x, bound: minimum(x, bound),
    same,
    value=smaller,
    x=lambda g, x, bound: where(le(x, bound), g, like(g, 0)),
    bound=lambda g, x, bound: where(gt(x, bound), g, like(g, 0)),
)

# Both at once, for numbers
clamp = Composite(
    "clamp(x, *, low, high)",
    lambda x, *, low, high: minimum(maximum(x, like(x, low)), like(x, high)),
    same,
    value=lambda x, *, low, high: x.clip(low, high),
    x=lambda g, x, low, high: where(
        logical_and(ge(x, like(x, low)), le(x, like(x, high))), g, like(g, 0)
    ),
)

where: Primitive = Primitive(
    "where(condition, x, y)",
    select,
    lambda condition, x, y: ArrayType(x.shape, x.dtype),
    x=lambda g, condition: where(condition, g, like(g, 0)),
    y=lambda g, condition: where(condition, like(g, 0), g),
)

cast: Primitive = Primitive(
    "cast(x, *, dtype)",
    lambda x, *, dtype: x.astype(dtype),
    lambda x, *, dtype: ArrayType(x.shape, dtype),
    x=lambda g, x_type: cast(g, dtype=x_type.dtype),
)

# -- comparisons and logic: no gradient ----------------------------------------------------


def _truth(x: Any, *_: Any) -> ArrayType:
    return ArrayType(x.shape, np.dtype(np.bool_))


eq: Primitive = Primitive("eq(x, y)", np.equal, _truth, differentiable=False)
ne: Primitive = Primitive("ne(x, y)", np.not_equal, _truth, differentiable=False)
lt: Primitive = Primitive("lt(x, y)", np.less, _truth, differentiable=False)
le: Primitive = Primitive("le(x, y)", np.less_equal, _truth, differentiable=False)
gt: Primitive = Primitive("gt(x, y)", np.greater, _truth, differentiable=False)
ge: Primitive = Primitive("ge(x, y)", np.greater_equal, _truth, differentiable=False)
logical_and: Primitive = Primitive(
    "logical_and(x, y)", np.logical_and, _truth, differentiable=False
)
logical_or = Primitive("logical_or(x, y)", np.logical_or, _truth, differentiable=False)
logical_xor = Primitive("logical_xor(x, y)", np.logical_xor, _truth, differentiable=False)
logical_not = Primitive("logical_not(x)", np.logical_not, _truth, differentiable=False)
bitwise_and = Primitive("bitwise_and(x, y)", np.bitwise_and, same, differentiable=False)
bitwise_or = Primitive("bitwise_or(x, y)", np.bitwise_or, same, differentiable=False)
bitwise_xor = Primitive("bitwise_xor(x, y)", np.bitwise_xor, same, differentiable=False)
bitwise_not = Primitive("bitwise_not(x)", np.bitwise_not, same, differentiable=False)
isnan = Primitive("isnan(x)", np.isnan, _truth, differentiable=False)
isinf = Primitive("isinf(x)", np.isinf, _truth, differentiable=False)
