"""Logarithm, sine and cosine of a generator's numbers: a narrow range of arguments, high accuracy.

The float32 versions follow `core.random.cephes` step by step, so they are bit-identical. The
float64 versions are those of Sun's fdlibm (1993), with errors below one ulp, and sometimes differ
from NumPy's in the last bit. Arguments are in (0, 1] for the logarithm and in [0, 2 pi] for the
others; results for other numbers are undefined.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ....core.random import cephes
from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I32, I64, Value, constant, vector, width

_TWO_PI32 = float(np.float32(2 * math.pi))

_ONE64, _ROOT_HALF64 = 0x3FF0000000000000, 0x3FE6A09E00000000
_LOG64 = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
_LN2_HIGH64, _LN2_LOW64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_HALF_PI64, _HALF_PI_REST64 = math.pi / 2, 6.123233995736766e-17
_SINE64 = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
)
_SINE64_FIRST = -1.66666666666666324348e-01
_COSINE64 = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)


def box_muller(f: Function, u: Value, turns: Value) -> tuple[Value, Value]:
    """The normal numbers sqrt(-2 log u) cos(2 pi turns) and sqrt(-2 log u) sin(2 pi turns)."""
    single = turns.type == vector(width(turns.type), FLOAT)
    log, sincos, circle = (log32, sincos32, _TWO_PI32) if single else (log64, sincos64, 2 * math.pi)
    radius = f.intrinsic("llvm.sqrt", u.type, f.fmul(log(f, u), -2.0))
    sine, cosine = sincos(f, f.fmul(turns, circle))
    return f.fmul(cosine, radius), f.fmul(sine, radius)


def polynomial(f: Function, x: Value, coefficients: Sequence[float]) -> Value:
    """Horner's scheme with fma; coefficients from the highest power down."""
    y = constant(coefficients[0], x.type)
    for coefficient in coefficients[1:]:
        y = f.fma(y, x, coefficient)
    return y


# -------------------------------------------------------------------------------------- float32


def log32(f: Function, u: Value) -> Value:
    """The same result as `cephes.log`."""
    n = width(u.type)
    bits = f.add(f.bitcast(u, vector(n, I32)), cephes.ONE - cephes.ROOT_HALF)
    exponent = f.convert("sitofp", f.sub(f.binary("ashr", bits, 23), 127), FLOAT)
    # u = (1 + x) 2^exponent with 1 + x between sqrt(1/2) and sqrt(2)
    mantissa = f.add(f.binary("and", bits, 0x007FFFFF), cephes.ROOT_HALF)
    x = f.fsub(f.bitcast(mantissa, u.type), 1.0)
    square = f.fmul(x, x)
    y = f.fmul(polynomial(f, x, cephes.LOG), x)
    y = f.fma(y, square, f.fmul(exponent, cephes.LN2_LOW))
    y = f.fadd(f.fsub(y, f.fmul(square, 0.5)), x)
    return f.fma(exponent, cephes.LN2_HIGH, y)


def sincos32(f: Function, angle: Value) -> tuple[Value, Value]:
    """The same results as `cephes.sincos`."""
    octant = f.convert("fptosi", f.fmul(angle, float(cephes.FOUR_OVER_PI)), I32)
    octant = f.binary("and", f.add(octant, 1), ~1)
    turned = f.convert("sitofp", octant, FLOAT)
    x = angle
    for part in cephes.QUARTER_PI:
        x = f.fma(turned, -part, x)
    square = f.fmul(x, x)
    sine = f.fma(f.fmul(polynomial(f, square, cephes.SINE), square), x, x)
    cosine = f.fmul(polynomial(f, square, cephes.COSINE), square)
    cosine = f.fadd(f.fma(cosine, square, f.fmul(square, -0.5)), 1.0)
    return _in_quadrant(f, f.binary("lshr", octant, 1), sine, cosine, I32)


# -------------------------------------------------------------------------------------- float64


def log64(f: Function, u: Value) -> Value:
    """The natural logarithm by log(1 + x) = 2 atanh(x / (2 + x)), adding the largest terms last."""
    n = width(u.type)
    bits = f.add(f.bitcast(u, vector(n, I64)), _ONE64 - _ROOT_HALF64)
    power = f.convert("trunc", f.binary("lshr", bits, 52), I32)
    exponent = f.convert("sitofp", f.sub(power, 1023), DOUBLE)
    mantissa = f.add(f.binary("and", bits, 2**52 - 1), _ROOT_HALF64)
    x = f.fsub(f.bitcast(mantissa, u.type), 1.0)
    s = f.fdiv(x, f.fadd(x, 2.0))
    square = f.fmul(s, s)
    rest = f.fmul(polynomial(f, square, _LOG64), square)
    half = f.fmul(f.fmul(x, 0.5), x)
    low = f.fma(s, f.fadd(half, rest), f.fmul(exponent, _LN2_LOW64))
    # The sum of the two large terms, and its rounding error.
    first = f.fmul(exponent, _LN2_HIGH64)
    total = f.fadd(first, x)
    lost = f.fadd(f.fsub(first, total), x)
    return f.fsub(total, f.fsub(f.fsub(half, low), lost))


def sincos64(f: Function, angle: Value) -> tuple[Value, Value]:
    """Sine and cosine: the angle minus its quarter turns is kept as a sum of two numbers."""
    quadrant = f.convert("fptosi", f.fma(angle, 2 / math.pi, 0.5), I32)
    turned = f.convert("sitofp", quadrant, DOUBLE)
    # Exact: the difference cancels more leading digits than the product adds.
    left = f.fma(turned, -_HALF_PI64, angle)
    correction = f.fmul(turned, _HALF_PI_REST64)
    x = f.fsub(left, correction)
    tail = f.fsub(f.fsub(left, x), correction)
    square = f.fmul(x, x)
    return _in_quadrant(
        f, quadrant, _sine64(f, x, tail, square), _cosine64(f, x, tail, square), I64
    )


def _sine64(f: Function, x: Value, tail: Value, square: Value) -> Value:
    cube = f.fmul(square, x)
    small = f.fsub(f.fmul(tail, 0.5), f.fmul(cube, polynomial(f, square, _SINE64)))
    small = f.fsub(f.fmul(square, small), tail)
    return f.fsub(x, f.fsub(small, f.fmul(cube, _SINE64_FIRST)))


def _cosine64(f: Function, x: Value, tail: Value, square: Value) -> Value:
    half = f.fmul(square, 0.5)
    near = f.fsub(1.0, half)
    small = f.fmul(square, f.fmul(square, polynomial(f, square, _COSINE64)))
    lost = f.fsub(f.fsub(1.0, near), half)
    return f.fadd(near, f.fadd(lost, f.fsub(small, f.fmul(x, tail))))


def _in_quadrant(
    f: Function, quadrant: Value, sine: Value, cosine: Value, base: str
) -> tuple[Value, Value]:
    """Exchange the two in odd quadrants, and set both signs bitwise."""
    odd = f.compare("ne", f.binary("and", quadrant, 1), 0)
    following = f.add(quadrant, 1)
    s, c = f.select(odd, cosine, sine), f.select(odd, sine, cosine)
    return _signed(f, s, quadrant, base), _signed(f, c, following, base)


def _signed(f: Function, value: Value, quadrant: Value, base: str) -> Value:
    """The value, negated where bit 1 of the quadrant is set."""
    places = 30 if base == I32 else 62
    wide = f.convert("zext", f.binary("and", quadrant, 2), base)
    flipped = f.binary("xor", f.bitcast(value, wide.type), f.binary("shl", wide, places))
    return f.bitcast(flipped, value.type)
