"""Vectorized sin and cos: reduce the angle to |r| <= pi / 4, then evaluate a polynomial.

For |x| < 1e5, multiples of pi / 2 are subtracted in three parts (Cody and Waite, 1980). Beyond
that three parts are not accurate enough: lanes are reduced one by one with as many digits of
2 / pi as needed (Payne and Hanek, 1983), behind a branch. Both compute in double, also for floats.
"""

from __future__ import annotations

from math import inf, nan, pi

from ..text.emit import Function, Module
from ..text.types import DOUBLE, FLOAT, I64, PTR, Value, constant, element, width
from .floats import (
    any_lane,
    as_float,
    as_integer,
    fma,
    magnitude,
    minus_product,
    nearest,
    polynomial,
    quick_two_sum,
    two_product,
    two_sum,
)
from .polynomials import COS, HALF_PI, SIN, TWO_OVER_PI

LARGE = 1e5
HALF_PI_REST = HALF_PI[0] - pi / 2 + HALF_PI[1] + HALF_PI[2]  # pi / 2 minus its nearest double
SLOW = "reduce_large_angles"


def sin(f: Function, x: Value) -> Value:
    """sin(x), an odd function: computed for |x|, and negated where x is negative."""
    r, lost, quarters = reduced(f, x)
    value = _by_quarter(f, x, r, lost, quarters)
    return as_float(f, f.binary("xor", as_integer(f, value), _sign_bit(f, x)))


def cos(f: Function, x: Value) -> Value:
    """cos(x) = sin(|x| + pi / 2)."""
    r, lost, quarters = reduced(f, x)
    return _by_quarter(f, x, r, lost, f.add(quarters, 1))


def reduced(f: Function, x: Value) -> tuple[Value, Value, Value]:
    """|x| = r + lost + quarters pi / 2, in double, with |r| <= pi / 4."""
    size = f.convert("fpext", magnitude(f, x), DOUBLE)
    near = reduced_near(f, size)
    large = f.compare("oge", size, LARGE)
    return tuple(
        f.branch(any_lane(f, large), lambda: _reduced_large(f, size, large, near), lambda: near)
    )  # type: ignore[return-value]


def reduced_near(f: Function, x: Value) -> tuple[Value, Value, Value]:
    """`reduced` for 0 <= x < 1e5: the first subtraction is exact, the second keeps its error."""
    high, middle, low = HALF_PI
    k, quarters = nearest(f, x, 2 / pi, 0)
    rest = minus_product(f, k, high, x)
    r, lost = two_sum(f, rest, f.fneg(f.fmul(k, middle)))
    r, lost = quick_two_sum(f, r, minus_product(f, k, low, lost))
    return r, lost, quarters


def sin_of_rest(f: Function, r: Value, lost: Value, base: str) -> Value:
    """sin(r + lost) = r + r³ p(r²) + lost."""
    square = f.fmul(r, r)
    p = polynomial(f, square, SIN[base])
    return f.fadd(r, fma(f, f.fmul(square, r), p, lost))


def cos_of_rest(f: Function, r: Value, lost: Value, base: str) -> Value:
    """cos(r + lost) = 1 - r² / 2 + r⁴ p(r²) - r lost; the rounding error of 1 - r² / 2 is added."""
    square = f.fmul(r, r)
    half = f.fmul(square, 0.5)
    main = f.fsub(1.0, half)
    rounding = f.fsub(f.fsub(1.0, main), half)
    p = polynomial(f, square, COS[base])
    tail = fma(f, f.fmul(square, square), p, minus_product(f, r, lost, rounding))
    return f.fadd(main, tail)


def _by_quarter(f: Function, x: Value, r: Value, lost: Value, quarters: Value) -> Value:
    """sin(r + lost + quarters pi / 2), in the type of x; nan where x is inf or nan."""
    base = element(x.type)
    is_odd = f.compare("ne", f.binary("and", quarters, 1), 0)
    value = f.select(is_odd, cos_of_rest(f, r, lost, base), sin_of_rest(f, r, lost, base))
    sign = f.binary("shl", f.binary("and", quarters, 2), 62)
    turned = as_float(f, f.binary("xor", as_integer(f, value), sign))
    short = turned if base == DOUBLE else f.convert("fptrunc", turned, FLOAT)
    return f.select(f.compare("olt", magnitude(f, x), inf), short, nan)


def _sign_bit(f: Function, x: Value) -> Value:
    bits = as_integer(f, x)
    return f.binary("and", bits, -(1 << (31 if element(x.type) == FLOAT else 63)))


# -- large angles --------------------------------------------------------------------------


def _reduced_large(
    f: Function, x: Value, large: Value, near: tuple[Value, Value, Value]
) -> list[Value]:
    """Reduces every lane by the slow path and takes its result for the large ones only."""
    if SLOW not in f.module.functions:
        _write_slow_path(f.module)
    n = width(x.type)
    places = [f.allocate(base, n) for base in (DOUBLE, DOUBLE, DOUBLE, I64)]
    f.store(f.select(large, x, LARGE), places[0])
    f.call(SLOW, "void", *places, constant(n, I64))
    far = [f.load(value.type, place) for value, place in zip(near, places[1:], strict=True)]
    return [f.select(large, a, b) for a, b in zip(far, near, strict=True)]


def _write_slow_path(module: Module) -> None:
    f = module.function(
        SLOW, ["ptr noalias %x", "ptr noalias %r", "ptr noalias %lost", "ptr noalias %quarters",
               "i64 %n"]
    )  # fmt: skip
    digits = module.table([0, *TWO_OVER_PI], I64)
    with f.loop(0, f.argument("%n", I64)) as loop:
        x = f.load(DOUBLE, f.gep(DOUBLE, f.argument("%x", PTR), loop.index))
        results = reduced_large(f, x, digits)
        for name, value in zip(("%r", "%lost", "%quarters"), results, strict=True):
            f.store(value, f.gep(value.type, f.argument(name, PTR), loop.index))
    f.end()


def reduced_large(f: Function, x: Value, digits: Value) -> tuple[Value, Value, Value]:
    """One x >= 2^16 as r + lost + quarters pi / 2.

    x = m 2^e. Leading bits of 2 / pi that contribute only multiples of 4 quarter turns are skipped,
    and the next 192 are used. Of the product 128 bits are kept; the first two count quarter turns.
    """
    bits = as_integer(f, x)
    m = f.binary("or", f.binary("and", bits, (1 << 52) - 1), 1 << 52)
    begin = f.add(f.binary("lshr", bits, 52), 64 - 2 - 1075)  # `digits` starts with a word of 0
    words = [_word(f, digits, begin, i) for i in range(3)]
    turns = _high_bits_of_product(f, m, words)
    quarters = f.binary("lshr", f.add(turns, 1 << 125), 126)
    fraction = f.binary("shl", turns, 2)  # signed, in units of 2^-128 quarter turns
    negative = f.compare("slt", fraction, 0)
    size = f.select(negative, f.sub(0, fraction), fraction)
    high, low = _as_two_doubles(f, size)
    r, lost = two_product(f, high, pi / 2)
    lost = fma(f, low, pi / 2, fma(f, high, HALF_PI_REST, lost))
    r, lost = quick_two_sum(f, r, lost)
    flip = f.select(negative, constant(-1.0, DOUBLE), 1.0)
    return f.fmul(r, flip), f.fmul(lost, flip), f.convert("trunc", quarters, I64)


def _word(f: Function, digits: Value, begin: Value, i: int) -> Value:
    """64 bits of 2 / pi, starting at bit `begin + 64 i`, zero-extended to 128."""
    place = f.add(f.binary("lshr", begin, 6), i)
    two = [f.load(I64, f.gep(I64, digits, f.add(place, j))) for j in (0, 1)]
    shift = f.binary("and", begin, 63)
    word = f.intrinsic("llvm.fshl", I64, *two, shift)
    return f.convert("zext", word, "i128")


def _high_bits_of_product(f: Function, m: Value, words: list[Value]) -> Value:
    """The upper 128 of the low 192 bits of m times the 192-bit number that three words make."""
    wide = f.convert("zext", m, "i128")
    last, middle, first = (f.mul(wide, w) for w in reversed(words))
    return f.add(f.add(f.binary("shl", first, 64), middle), f.binary("lshr", last, 64))


def _as_two_doubles(f: Function, size: Value) -> tuple[Value, Value]:
    """A 128-bit number divided by 2^128, as a sum of two doubles."""
    zeros = f.intrinsic("llvm.ctlz", "i128", size, constant(False, "i1"), kinds=["i128"])
    moved = f.binary("shl", size, zeros)
    first, second = (
        f.convert("trunc", f.binary("lshr", moved, n), I64) for n in (128 - 53, 128 - 106)
    )
    second = f.binary("and", second, (1 << 53) - 1)
    scale = f.sub(1023 - 53, f.convert("trunc", zeros, I64))
    scales = [as_float(f, f.binary("shl", f.sub(scale, n), 52)) for n in (0, 53)]
    return tuple(
        f.fmul(f.convert("sitofp", part, DOUBLE), by)
        for part, by in zip((first, second), scales, strict=True)
    )  # type: ignore[return-value]
