"""Integer division that never traps, and floating-point remainders that are exact.

x86 raises an exception for 1 // 0 and for the smallest integer // -1; NumPy gives 0 and the
smallest integer. For floats the remainder x - n y is exact, however large x / y is (C's fmod).
"""

from __future__ import annotations

from math import inf

from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I8, I32, I64, Value, constant, element
from .floats import (
    any_lane,
    as_integer,
    copysign,
    magnitude,
    power_of_two,
    residual,
    rounded,
)

_BITS = {I8: 8, I32: 32, I64: 64}


# -- integers ------------------------------------------------------------------------------


def integer_divmod(f: Function, x: Value, y: Value, *, signed: bool) -> tuple[Value, Value, Value]:
    """x / y truncated, its remainder, and the divisor actually used: 1 where y would trap.

    For y = 0 quotient and remainder are 0.
    """
    is_zero = f.compare("eq", y, 0)
    traps = is_zero
    if signed:
        least = f.compare("eq", x, -(1 << _BITS[element(x.type)] - 1))
        traps = f.binary("or", is_zero, f.binary("and", least, f.compare("eq", y, -1)))
    safe = f.select(traps, constant(1, y.type), y)
    quotient = _quotient(f, x, safe, signed=signed)
    rest = f.sub(x, f.mul(quotient, safe))
    return f.select(is_zero, constant(0, x.type), quotient), rest, safe


def _quotient(f: Function, x: Value, y: Value, *, signed: bool) -> Value:
    base = element(x.type)
    if base == I64:
        return f.binary("sdiv", x, y)
    a, b = (f.convert("sitofp" if signed else "uitofp", v, DOUBLE) for v in (x, y))
    whole = f.convert("fptosi", f.fdiv(a, b), I32)  # exact: 53 bits hold any 32-bit quotient
    return whole if base == I32 else f.convert("trunc", whole, base)


def floor_of_integers(f: Function, x: Value, y: Value, *, signed: bool) -> tuple[Value, Value]:
    """x // y and x % y as in Python: the remainder has the sign of y."""
    quotient, rest, safe = integer_divmod(f, x, y, signed=signed)
    if not signed:
        return quotient, rest
    differs = f.compare("slt", f.binary("xor", rest, safe), 0)
    is_off = f.binary("and", f.compare("ne", rest, 0), differs)
    return (
        f.select(is_off, f.sub(quotient, 1), quotient),
        f.select(is_off, f.add(rest, safe), rest),
    )


# -- floats --------------------------------------------------------------------------------


def fmod(f: Function, x: Value, y: Value) -> Value:
    """x - n y with n = x / y truncated: exact, with the sign of x."""
    if element(x.type) == FLOAT:
        wide = fmod(f, f.convert("fpext", x, DOUBLE), f.convert("fpext", y, DOUBLE))
        return f.convert("fptrunc", wide, FLOAT)
    a, b = magnitude(f, x), magnitude(f, y)
    quotient = f.fdiv(a, b)
    finite = f.binary("and", f.compare("olt", a, inf), f.compare("ogt", b, 0.0))
    is_long = f.binary("and", f.compare("oge", quotient, 2.0**52), finite)
    (start,) = f.branch(
        any_lane(f, is_long), lambda: [_long_division(f, a, b, is_long)], lambda: [a]
    )
    rest = _step(f, start, b)
    rest = f.select(f.compare("olt", a, b), a, rest)
    return copysign(f, rest, x)


def _step(f: Function, a: Value, b: Value) -> Value:
    """a reduced by the whole multiples of b in it. Below 0, the quotient was rounded up: add b."""
    rest = residual(f, a, rounded(f, f.fdiv(a, b), "trunc"), b)
    return f.select(f.compare("olt", rest, 0.0), f.fadd(rest, b), rest)


def _long_division(f: Function, a: Value, b: Value, where: Value) -> Value:
    """a reduced by 50 bits of the quotient per iteration, until fewer than 52 bits remain."""
    exponent = _exponent(f, b)
    with f.loop(0, 42, carried=[a]) as loop:
        rest = loop.values[0]
        bits = f.sub(f.sub(_exponent(f, rest), exponent), 50)
        bits = f.select(f.compare("sgt", bits, 0), bits, 0)
        bits = f.select(f.compare("slt", bits, 2044), bits, constant(2044, bits.type))
        half = f.binary("lshr", bits, 1)
        powers = [power_of_two(f, f.add(n, 1023)) for n in (half, f.sub(bits, half))]
        divisor = f.fmul(f.fmul(b, powers[0]), powers[1])
        loop.carry(_step(f, rest, divisor))
    return f.select(where, loop.results[0], a)


def _exponent(f: Function, x: Value) -> Value:
    """The e with 2^e <= x < 2^(e + 1), also for subnormal x."""
    is_tiny = f.compare("olt", x, 2.0**-1022)
    bits = as_integer(f, f.select(is_tiny, f.fmul(x, 2.0**54), x))
    return f.sub(f.binary("lshr", bits, 52), f.select(is_tiny, constant(54, bits.type), 0))


def floor_of_floats(f: Function, x: Value, y: Value) -> tuple[Value, Value]:
    """x // y and x % y as in Python: the remainder has the sign of y, even when it is 0."""
    rest = fmod(f, x, y)
    whole = f.fdiv(f.fsub(x, rest), y)
    differs = f.binary("xor", f.compare("olt", y, 0.0), f.compare("olt", rest, 0.0))
    is_off = f.binary("and", f.compare("une", rest, 0.0), differs)
    zero = copysign(f, constant(0.0, x.type), y)
    modulus = f.select(f.compare("oeq", rest, 0.0), zero, f.select(is_off, f.fadd(rest, y), rest))
    whole = f.select(is_off, f.fsub(whole, 1.0), whole)

    ratio = f.fdiv(x, y)
    down = rounded(f, whole, "floor")
    is_low = f.compare("ogt", f.fsub(whole, down), 0.5)
    down = f.select(is_low, f.fadd(down, 1.0), down)
    none = copysign(f, constant(0.0, x.type), ratio)
    quotient = f.select(f.compare("oeq", whole, 0.0), none, down)
    return f.select(f.compare("oeq", y, 0.0), ratio, quotient), modulus
