"""x to the power y: for floats by exp(y log|x|), for integers by repeated squaring.

An absolute error of y log|x| is a relative error of the result. So for doubles the logarithm is
carried in two doubles, some 66 bits; for floats one double is more than enough.
"""

from __future__ import annotations

from math import inf, nan

from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I1, I64, Value, constant, element, width
from .floats import (
    at_least,
    at_most,
    copysign,
    fma,
    magnitude,
    minus_product,
    polynomial,
    quick_two_sum,
    residual,
    rounded,
    small_float,
    two_product,
    two_sum,
)
from .polynomials import LN2, LOG_RATIO
from .transcendental import EXP_RANGE, exp, exp_within, log_of_parts, normal, without_mantissa

TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
LARGEST_EXPONENT = 2.0**80  # any larger |y| gives the same: 0 or inf, except for |x| = 1


def pow_(f: Function, x: Value, y: Value) -> Value:
    """x^y of floats; special cases as in C: 1 for y = 0 or x = 1, nan for a root of x < 0."""
    if element(x.type) == FLOAT:
        wide = _power(f, f.convert("fpext", x, DOUBLE), f.convert("fpext", y, DOUBLE), narrow=True)
        return f.convert("fptrunc", wide, FLOAT)
    return _power(f, x, y, narrow=False)


def _power(f: Function, x: Value, y: Value, *, narrow: bool) -> Value:
    size = magnitude(f, x)
    bounded = at_least(f, at_most(f, y, LARGEST_EXPONENT), -LARGEST_EXPONENT)
    inside = (_by_one_double if narrow else _by_two_doubles)(f, size, bounded)
    return _with_ends(f, x, y, _of_zero_and_inf(f, size, y, inside))


def _by_one_double(f: Function, x: Value, y: Value) -> Value:
    k, m = without_mantissa(f, x)  # a float converted to double is never subnormal
    return exp(f, f.fmul(y, log_of_parts(f, small_float(f, k), f.fsub(m, 1.0))))


def _by_two_doubles(f: Function, x: Value, y: Value) -> Value:
    high, low = log_in_two(f, x)
    product, lost = two_product(f, y, high)
    more = fma(f, y, low, lost)
    least, most = EXP_RANGE[DOUBLE]
    sure = f.compare("olt", magnitude(f, product), 1000.0)
    bounded = at_least(f, at_most(f, product, most), least)
    return exp_within(f, bounded, f.select(sure, more, 0.0))


def log_in_two(f: Function, x: Value) -> tuple[Value, Value]:
    """log(x) = k log(2) + 2 s + 2/3 s³ + s⁵ p(s²), s = (m - 1) / (m + 1), as two doubles."""
    scaled, shift = normal(f, x)
    k, m = without_mantissa(f, scaled)
    power = f.fadd(small_float(f, k), shift)
    s, s_more = _ratio(f, f.fsub(m, 1.0), *two_sum(f, m, 1.0))
    square, square_more = _times(f, s, s_more, s, s_more)
    cube = _times(f, square, square_more, s, s_more)
    cubic, cubic_more = _times(f, *cube, *(constant(c, x.type) for c in TWO_THIRDS))
    tail = f.fmul(f.fmul(cube[0], square), polynomial(f, square, LOG_RATIO[DOUBLE]))

    high, low = LN2[DOUBLE]
    total, lost = two_sum(f, f.fmul(power, high), f.fadd(s, s))  # the product is exact
    total, lost_too = quick_two_sum(f, total, cubic)
    small = f.fadd(f.fadd(cubic_more, f.fadd(s_more, s_more)), fma(f, power, low, tail))
    return quick_two_sum(f, total, f.fadd(f.fadd(lost, lost_too), small))


def _ratio(f: Function, a: Value, b: Value, b_more: Value) -> tuple[Value, Value]:
    """a / (b + b_more) as a sum of two doubles."""
    q = f.fdiv(a, b)
    rest = minus_product(f, q, b_more, residual(f, a, q, b))
    return q, f.fdiv(rest, b)


def _times(f: Function, a: Value, a_more: Value, b: Value, b_more: Value) -> tuple[Value, Value]:
    """(a + a_more) (b + b_more) as a sum of two doubles."""
    product, lost = two_product(f, a, b)
    return product, fma(f, a, b_more, fma(f, a_more, b, lost))


# -- special cases -------------------------------------------------------------------------


def _of_zero_and_inf(f: Function, size: Value, y: Value, inside: Value) -> Value:
    grows = f.binary("xor", f.compare("olt", size, 1.0), f.compare("ogt", y, 0.0))
    end = f.select(grows, constant(inf, size.type), 0.0)
    is_end = f.binary("or", f.compare("oeq", size, 0.0), f.compare("oeq", size, inf))
    return f.select(is_end, end, inside)


def _with_ends(f: Function, x: Value, y: Value, value: Value) -> Value:
    """Applies the sign of x^y, and the cases whose result is nan or 1 regardless of the value."""
    half = f.fmul(y, 0.5)
    is_integer = f.compare("oeq", rounded(f, y, "rint"), y)
    is_even = f.compare("oeq", rounded(f, half, "rint"), half)
    is_odd = f.select(is_even, constant(False, is_even.type), is_integer)
    value = f.select(is_odd, copysign(f, value, x), value)

    negative = f.binary("and", f.compare("olt", x, 0.0), f.compare("ogt", x, -inf))
    is_root = f.select(is_integer, constant(False, is_integer.type), negative)
    unknown = f.binary("or", is_root, f.compare("uno", x, y))
    one = f.binary("or", f.compare("oeq", y, 0.0), f.compare("oeq", x, 1.0))
    return f.select(one, constant(1.0, x.type), f.select(unknown, constant(nan, x.type), value))


# -- integers ------------------------------------------------------------------------------


def whole_power(f: Function, x: Value, n: int) -> Value:
    """x^n for a small constant n >= 1, of floats or integers: x x, x x x, ..."""
    multiply = f.fmul if element(x.type) in (FLOAT, DOUBLE) else f.mul
    root = x if n < 2 else multiply(half := whole_power(f, x, n // 2), half)
    return multiply(root, x) if n > 1 and n % 2 else root


def integer_power(f: Function, x: Value, y: Value, *, signed: bool) -> Value:
    """x^y of integers, wrapping; for y < 0 the truncated 1 / x^-y: 0, except for x = 1 or -1."""
    one = constant(1, x.type)
    size = y
    if signed:
        negative = f.compare("slt", y, 0)
        size = f.select(negative, f.binary("and", y, 1), y)  # for 1 and -1 only parity matters
    zeros = f.intrinsic("llvm.ctlz", I64, _union(f, size), constant(False, I1), kinds=[I64])
    with f.loop(0, f.sub(64, zeros), carried=[one, x, size]) as loop:
        result, power, left = loop.values
        is_odd = f.compare("ne", f.binary("and", left, 1), 0)
        result = f.select(is_odd, f.mul(result, power), result)
        loop.carry(result, f.mul(power, power), f.binary("lshr", left, 1))
    result = loop.results[0]
    if not signed:
        return result
    is_unit = f.compare("ult", f.add(x, 1), 3)  # -1, 0, 1
    is_unit = f.select(f.compare("eq", x, 0), constant(False, is_unit.type), is_unit)
    return f.select(negative, f.select(is_unit, result, 0), result)


def _union(f: Function, x: Value) -> Value:
    """The bits that are set in any lane."""
    if width(x.type) > 1:
        x = f.intrinsic("llvm.vector.reduce.or", element(x.type), x, kinds=[x.type])
    return f.convert("zext", x, I64)
