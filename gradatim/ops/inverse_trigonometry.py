"""Angles from their sines, cosines and tangents, and the hyperbolic functions' inverses.

NumPy has them all; compiled, they are made of a polynomial for the arc tangent of a small number,
of square roots and of logarithms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import Composite
from .elementwise import (
    abs_,
    add,
    div,
    eq,
    gt,
    isinf,
    like,
    log,
    log1p,
    lt,
    maximum,
    minimum,
    mul,
    neg,
    reciprocal,
    same,
    sqrt,
    square,
    sub,
    where,
)

_TERMS = {"f": 9, "d": 21}  # of the series for |x| <= tan(pi / 8), where x^2 <= 0.172
_LARGE = 1e8  # from here on x^2 + 1 is x^2


def _plus(x: Any, number: float) -> Any:
    return add(x, like(x, number))


def _from(number: float, x: Any) -> Any:
    return sub(like(x, number), x)


def _times(x: Any, number: float) -> Any:
    return mul(x, like(x, number))


def _signed(size: Any, x: Any) -> Any:
    """`size` with the sign of `x`; at 0, x itself, whose sign is kept."""
    return where(eq(x, like(x, 0)), x, where(lt(x, like(x, 0)), neg(size), size))


def _series(x: Any) -> Any:
    """x - x^3 / 3 + x^5 / 5 - ..."""
    u = square(x)
    terms = [(-1) ** k / (2 * k + 1) for k in range(_TERMS[x._type.dtype.char])]
    out = like(x, terms[-1])
    for term in reversed(terms[1:-1]):
        out = _plus(mul(out, u), term)
    return add(x, mul(x, mul(u, out)))


def _atan_of_fraction(x: Any) -> Any:
    """The arc tangent of a number from 0 to 1: above tan(pi / 8), pi / 4 is taken off first."""
    high = gt(x, like(x, math.tan(math.pi / 8)))
    small = where(high, div(_plus(x, -1), _plus(x, 1)), x)
    return where(high, _plus(_series(small), math.pi / 4), _series(small))


def _expand_atan(x: Any) -> Any:
    size = abs_(x)
    steep = gt(size, like(x, 1))
    angle = _atan_of_fraction(where(steep, reciprocal(size), size))
    return _signed(where(steep, _from(math.pi / 2, angle), angle), x)


atan = Composite(
    "atan(x)",
    _expand_atan,
    same,
    value=np.arctan,
    x=lambda g, x: div(g, _plus(square(x), 1)),
)


def _rest(x: Any) -> Any:
    """sqrt(1 - x^2), exact near 1."""
    return sqrt(mul(_from(1, x), _plus(x, 1)))


asin = Composite(
    "asin(x)",
    lambda x: atan(div(x, _rest(x))),
    same,
    value=np.arcsin,
    x=lambda g, x: div(g, _rest(x)),
)

acos = Composite(
    "acos(x)",
    lambda x: _times(atan(sqrt(div(_from(1, x), _plus(x, 1)))), 2),
    same,
    value=np.arccos,
    x=lambda g, x: neg(div(g, _rest(x))),
)


def _expand_atan2(y: Any, x: Any) -> Any:
    b, a = abs_(y), abs_(x)
    least, most = minimum(a, b), maximum(a, b)
    one, nothing = like(x, 1), like(x, 0)
    part = where(eq(most, nothing), nothing, where(isinf(least), one, div(least, most)))
    angle = _atan_of_fraction(part)
    angle = where(gt(b, a), _from(math.pi / 2, angle), angle)
    angle = where(lt(x, nothing), _from(math.pi, angle), angle)
    return where(lt(y, nothing), neg(angle), angle)


def _over_length(g: Any, x: Any, y: Any) -> Any:
    """g / (x^2 + y^2), and 0 at the origin, which has no angle."""
    length = add(square(x), square(y))
    return where(eq(length, like(x, 0)), like(x, 0), div(g, length))


# the angle of the point (x, y)
atan2 = Composite(
    "atan2(y, x)",
    _expand_atan2,
    same,
    value=np.arctan2,
    y=lambda g, y, x: mul(_over_length(g, x, y), x),
    x=lambda g, y, x: neg(mul(_over_length(g, x, y), y)),
)


def _expand_asinh(x: Any) -> Any:
    size = abs_(x)
    u = square(size)
    near = log1p(add(size, div(u, _plus(sqrt(_plus(u, 1)), 1))))
    return _signed(where(gt(size, like(x, _LARGE)), _plus(log(size), math.log(2)), near), x)


asinh = Composite(
    "asinh(x)",
    _expand_asinh,
    same,
    value=np.arcsinh,
    x=lambda g, x: div(g, sqrt(_plus(square(x), 1))),
)


def _expand_acosh(x: Any) -> Any:
    t = _plus(x, -1)
    near = log1p(add(t, sqrt(mul(t, _plus(t, 2)))))
    return where(gt(x, like(x, _LARGE)), _plus(log(x), math.log(2)), near)


acosh = Composite(
    "acosh(x)",
    _expand_acosh,
    same,
    value=np.arccosh,
    x=lambda g, x: div(g, sqrt(mul(_plus(x, -1), _plus(x, 1)))),
)


def _expand_atanh(x: Any) -> Any:
    size = abs_(x)
    return _signed(_times(log1p(div(add(size, size), _from(1, size))), 0.5), x)


atanh = Composite(
    "atanh(x)",
    _expand_atanh,
    same,
    value=np.arctanh,
    x=lambda g, x: div(g, mul(_from(1, x), _plus(x, 1))),
)


def _expand_hypot(x: Any, y: Any) -> Any:
    a, b = abs_(x), abs_(y)
    least, most = minimum(a, b), maximum(a, b)
    nothing = like(x, 0)
    part = where(eq(most, nothing), nothing, div(least, most))
    infinite = maximum(where(isinf(a), a, nothing), where(isinf(b), b, nothing))
    length = mul(most, sqrt(_plus(square(part), 1)))
    return where(gt(infinite, nothing), infinite, length)


# sqrt(x^2 + y^2), without overflow
hypot = Composite(
    "hypot(x, y)",
    _expand_hypot,
    same,
    value=np.hypot,
    x=lambda g, x, out: mul(g, div(x, out)),
    y=lambda g, y, out: mul(g, div(y, out)),
)
