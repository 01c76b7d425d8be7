"""Vectorized transcendental functions, by polynomials: no library calls, no branches.

Each function takes the emitter and a value, `float` or `double` of any width. Results are within
2 ulp everywhere; inf, nan, subnormal numbers and signed zeros are as in NumPy. `polynomials.py`
has the coefficients (`ops/erf_polynomials.py` those of erf), with the formula of each.
"""

from __future__ import annotations

import math
from math import inf, nan

from ....ops.erf_polynomials import ERF, ERF_TAIL
from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, Value, constant
from . import pieces as vector_pieces
from .floats import (
    as_float,
    as_integer,
    at_least,
    at_most,
    copysign,
    fma,
    format_of,
    magnitude,
    minus_product,
    nearest,
    polynomial,
    power_of_two,
    small_float,
    two_sum,
)
from .polynomials import EXP, LN2, LOG, TANH

# Below the first, exp(x) rounds to 0; above the second, to inf.
EXP_RANGE = {FLOAT: (-104.0, 89.0), DOUBLE: (-746.0, 710.0)}
# Outside these ranges the function is its limit.
SIGMOID_FLAT = {FLOAT: (-104.0, 20.0), DOUBLE: (-746.0, 40.0)}
EXPM1_FLAT = {FLOAT: -18.0, DOUBLE: -38.0}
TANH_FLAT = {FLOAT: 9.1, DOUBLE: 19.1}
ERF_FLAT = {FLOAT: 4.0, DOUBLE: 6.0}
TANH_EDGE, ERF_EDGE = 0.625, 0.875


# -- exponentials --------------------------------------------------------------------------


def without_exponent(
    f: Function, x: Value, bias: int, more: Value | None = None
) -> tuple[Value, Value]:
    """r with x + more = k log(2) + r, |r| <= log(2) / 2; and an integer that ends in k + bias."""
    high, low = LN2[format_of(x).base]
    k, biased = nearest(f, x, 1 / math.log(2), bias)
    rest = minus_product(f, k, high, x)  # exact
    if more is None:
        return minus_product(f, k, low, rest), biased
    return f.fadd(rest, minus_product(f, k, low, more)), biased


def exp_of_rest(f: Function, r: Value) -> Value:
    """exp(r) for |r| <= log(2) / 2: 1 + r (1 + r p(r))."""
    p = polynomial(f, r, EXP[format_of(r).base])
    return fma(f, fma(f, p, r, 1.0), r, 1.0)


def exp_within(f: Function, x: Value, more: Value | None = None) -> Value:
    """exp(x + more) = 2^k exp(r) for x in EXP_RANGE, where 2^k itself may overflow or underflow."""
    r, biased = without_exponent(f, x, 2 * format_of(x).bias, more)
    half = f.binary("lshr", biased, 1)
    scaled = f.fmul(exp_of_rest(f, r), power_of_two(f, half))
    return f.fmul(scaled, power_of_two(f, f.sub(biased, half)))


def exp(f: Function, x: Value) -> Value:
    """exp(x), with 0 or inf where it underflows or overflows.

    A product that underflows costs some 150 cycles, and a masked softmax is full of exp(-inf):
    lanes whose result is 0 are computed for x = 0, then replaced.
    """
    low, high = EXP_RANGE[format_of(x).base]
    is_zero = f.compare("olt", x, low)
    zero = constant(0.0, x.type)
    inside = exp_within(f, f.select(is_zero, zero, at_most(f, x, high)))
    return f.select(is_zero, zero, inside)


def exp_factors(f: Function, x: Value) -> tuple[Value, Value]:
    """Two factors of exp(x), the second a power of two, for x whose exp is a normal number."""
    r, biased = without_exponent(f, x, format_of(x).bias)
    return exp_of_rest(f, r), power_of_two(f, biased)


def expm1(f: Function, x: Value) -> Value:
    """exp(x) - 1 = 2 (h r + (h - 1/2) + h r² p(r)) with h = 2^k / 2.

    r is kept in two parts, since for k = 1 half of the result cancels.
    """
    form = format_of(x)
    high, low = LN2[form.base]
    bounded = at_least(f, at_most(f, x, EXP_RANGE[form.base][1]), EXPM1_FLAT[form.base])
    k, biased = nearest(f, bounded, 1 / math.log(2), form.bias - 1)
    rest = minus_product(f, k, high, bounded)
    r = minus_product(f, k, low, rest)
    lost = minus_product(f, k, low, f.fsub(rest, r))
    h = power_of_two(f, biased)
    p = fma(f, f.fmul(r, r), polynomial(f, r, EXP[form.base]), lost)
    half = fma(f, h, p, fma(f, h, r, f.fsub(h, 0.5)))
    small = f.compare("olt", magnitude(f, x), 2.0 ** -(form.mantissa + 2))
    return f.select(small, x, f.fadd(half, half))


def sigmoid(f: Function, x: Value) -> Value:
    """1 / (1 + exp(-x)), numerator and denominator scaled so that exp(-x) = 2^k + 2^k t fits.

    exp(-x) is not rounded separately: the smaller of 1 and 2^k is added to 2^k t first.
    """
    form = format_of(x)
    one = 2.0 ** -(form.mantissa + 1)
    low, high = SIGMOID_FLAT[form.base]
    bounded = at_most(f, at_least(f, x, low), high)
    r, biased = without_exponent(f, f.fneg(bounded), form.bias - form.mantissa - 1)
    t = f.fmul(fma(f, polynomial(f, r, EXP[form.base]), r, 1.0), r)
    power = power_of_two(f, biased)
    rest = fma(f, power, t, at_most(f, power, one))
    return f.fdiv(one, f.fadd(rest, at_least(f, power, one)))


def tanh(f: Function, x: Value) -> Value:
    """x + x³ p(x²) for small |x|, otherwise 1 - 2 / (exp(2 |x|) + 1)."""
    if vector_pieces.is_possible(f, x):
        return vector_pieces.tanh(f, x)
    base = format_of(x).base
    size = magnitude(f, x)
    square = f.fmul(size, size)
    small = fma(f, f.fmul(size, square), polynomial(f, square, TANH[base]), size)
    bounded = at_most(f, size, TANH_FLAT[base])
    e, scale = exp_factors(f, f.fadd(bounded, bounded))
    large = f.fsub(1.0, f.fdiv(2.0, fma(f, e, scale, 1.0)))
    near = f.compare("olt", size, TANH_EDGE)
    return copysign(f, f.select(near, small, large), x)


def erf(f: Function, x: Value) -> Value:
    """x + x p(x²) for small |x|, otherwise 1 - exp(-|x| q(|x|))."""
    base = format_of(x).base
    size = magnitude(f, x)
    small = fma(f, polynomial(f, f.fmul(size, size), ERF[base]), size, size)
    bounded = at_most(f, size, ERF_FLAT[base])
    exponent = f.fmul(bounded, polynomial(f, bounded, ERF_TAIL[base]))
    e, scale = exp_factors(f, f.fneg(exponent))
    large = minus_product(f, e, scale, 1.0)
    near = f.compare("olt", size, ERF_EDGE)
    return copysign(f, f.select(near, small, large), x)


# -- logarithms ----------------------------------------------------------------------------


def without_mantissa(f: Function, x: Value) -> tuple[Value, Value]:
    """x = 2^k m with m near 1, for normal x > 0: k as an integer, and m."""
    form = format_of(x)
    bits = as_integer(f, x)
    least = int(math.sqrt(0.5) * 2 ** (form.mantissa + 1)) - (1 << form.mantissa) + form.bits(-1)
    k = f.binary("ashr", f.sub(bits, least), form.mantissa)
    return k, as_float(f, f.sub(bits, f.binary("shl", k, form.mantissa)))


def normal(f: Function, x: Value) -> tuple[Value, Value]:
    """A subnormal x scaled by a power of two to be normal; and the exponent to add, a float."""
    form = format_of(x)
    up = form.mantissa + 1
    is_tiny = f.compare("olt", x, form.tiny)
    scaled = f.select(is_tiny, f.fmul(x, 2.0**up), x)
    return scaled, f.select(is_tiny, constant(-up, x.type), 0.0)


def log_of_parts(f: Function, k: Value, rest: Value) -> Value:
    """log(2^k (1 + rest)) = k log(2) + rest - rest² / 2 + rest³ p(rest)."""
    base = format_of(rest).base
    high, low = LN2[base]
    p = fma(f, polynomial(f, rest, LOG[base]), rest, -0.5)
    tail = fma(f, f.fmul(rest, rest), p, f.fmul(k, low))
    return fma(f, k, high, f.fadd(rest, tail))


def log_with_ends(f: Function, x: Value, inside: Value) -> Value:
    """A logarithm of x with its special cases: inf, nan, -inf at 0, and nan below."""
    inside = f.select(f.compare("olt", x, inf), inside, x)
    end = f.select(f.compare("oeq", x, 0.0), constant(-inf, x.type), nan)
    return f.select(f.compare("ole", x, 0.0), end, inside)


def log(f: Function, x: Value) -> Value:
    """log(x) = log(2^k m)."""
    scaled, shift = normal(f, x)
    k, m = without_mantissa(f, scaled)
    inside = log_of_parts(f, f.fadd(small_float(f, k), shift), f.fsub(m, 1.0))
    return log_with_ends(f, x, inside)


def log1p(f: Function, x: Value) -> Value:
    """log(1 + x): the rounding error of 1 + x is added back to the mantissa."""
    u, lost = two_sum(f, constant(1.0, x.type), x)
    k, m = without_mantissa(f, u)
    correction = f.fmul(lost, power_of_two(f, f.sub(format_of(x).bias, k)))
    correction = f.select(f.compare("olt", x, 2.0**60), correction, 0.0)
    inside = log_of_parts(f, small_float(f, k), f.fadd(f.fsub(m, 1.0), correction))
    return copysign(f, log_with_ends(f, u, inside), x)


def sqrt(f: Function, x: Value) -> Value:
    """The square root, correctly rounded: one instruction."""
    return f.intrinsic("llvm.sqrt", x.type, x)
