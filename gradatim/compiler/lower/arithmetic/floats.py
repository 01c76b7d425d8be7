"""Building blocks of the vector functions: bits of a float, and error-free sums and products.

Every function here works on values of any width. On machines without fused multiply-add
(`module.has_fma` is false) it is replaced by several operations: LLVM would otherwise call the C
library once per element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I32, I64, Operand, Value, constant, element, vector, width


@dataclass(frozen=True)
class Format:
    """The layout of a float: sign, biased exponent, and a mantissa of `mantissa` bits."""

    base: str
    integer: str  # the integer type of the same size
    mantissa: int
    bias: int

    @property
    def shifter(self) -> float:
        """A constant whose sum with a small float has the nearest integer in its last bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def tiny(self) -> float:
        """The smallest normal number."""
        return 2.0 ** (1 - self.bias)

    def bits(self, power: int) -> int:
        """2^power, as the bits of a float."""
        return (power + self.bias) << self.mantissa


FORMATS = {FLOAT: Format(FLOAT, I32, 23, 127), DOUBLE: Format(DOUBLE, I64, 52, 1023)}


def format_of(x: Value) -> Format:
    """The format of a float value, of any width."""
    return FORMATS[element(x.type)]


# -- fused or not --------------------------------------------------------------------------


def uses_fma(f: Function) -> bool:
    """Whether the machine has fused multiply-add."""
    return f.module.has_fma


def fma(f: Function, a: Operand, b: Operand, c: Operand) -> Value:
    """a b + c, rounded once if the machine has fma."""
    return f.fma(a, b, c) if uses_fma(f) else f.fadd(f.fmul(a, b), c)


def minus_product(f: Function, a: Value, b: Operand, c: Operand) -> Value:
    """c - a b, rounded once if the machine has fma."""
    return f.fma(f.fneg(a), b, c) if uses_fma(f) else f.fsub(c, f.fmul(a, b))


def polynomial(f: Function, x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial with these coefficients, lowest power first (Horner).

    A long one is split into even and odd powers: two independent dependency chains, which the
    processor's out-of-order window can overlap.
    """
    if len(coefficients) > 7:
        square = f.fmul(x, x)
        even, odd = (polynomial(f, square, coefficients[i::2]) for i in (0, 1))
        return fma(f, odd, x, even)
    *rest, second, last = coefficients
    total = fma(f, x, last, second)
    for c in reversed(rest):
        total = fma(f, total, x, c)
    return total


# -- exact sums and products ---------------------------------------------------------------


def two_sum(f: Function, a: Value, b: Operand) -> tuple[Value, Value]:
    """a + b, and its rounding error (Knuth)."""
    total = f.fadd(a, b)
    b_there = f.fsub(total, a)
    a_there = f.fsub(total, b_there)
    return total, f.fadd(f.fsub(a, a_there), f.fsub(b, b_there))


def quick_two_sum(f: Function, a: Value, b: Value) -> tuple[Value, Value]:
    """a + b, and its rounding error, for |a| >= |b| (Dekker)."""
    total = f.fadd(a, b)
    return total, f.fsub(b, f.fsub(total, a))


def two_product(f: Function, a: Value, b: Operand) -> tuple[Value, Value]:
    """a b, and its rounding error; without fma for |a|, |b| < 2^100 (Dekker)."""
    product = f.fmul(a, b)
    if uses_fma(f):
        return product, f.fma(a, b, f.fneg(product))
    b = b if isinstance(b, Value) else constant(b, a.type)
    (a1, a2), (b1, b2) = _halves(f, a), _halves(f, b)
    rest = f.fsub(f.fmul(a1, b1), product)
    rest = f.fadd(f.fadd(rest, f.fmul(a1, b2)), f.fmul(a2, b1))
    return product, f.fadd(rest, f.fmul(a2, b2))


def _halves(f: Function, a: Value) -> tuple[Value, Value]:
    """A number as a sum of two with half the mantissa bits each (Veltkamp)."""
    digits = format_of(a).mantissa + 1
    scaled = f.fmul(a, 2.0 ** ((digits + 1) // 2) + 1)
    high = f.fsub(scaled, f.fsub(scaled, a))
    return high, f.fsub(a, high)


def residual(f: Function, a: Value, q: Value, b: Value) -> Value:
    """a - q b, where that is exactly a float: the remainder of a division."""
    if uses_fma(f):
        return f.fma(f.fneg(q), b, a)
    high, low = two_product(f, q, b)
    return f.fsub(f.fsub(a, high), low)


# -- parts ---------------------------------------------------------------------------------


def as_integer(f: Function, x: Value) -> Value:
    """The bits of a float."""
    return f.bitcast(x, vector(width(x.type), format_of(x).integer))


def as_float(f: Function, bits: Value) -> Value:
    """The float of these bits."""
    base = FLOAT if element(bits.type) == I32 else DOUBLE
    return f.bitcast(bits, vector(width(bits.type), base))


def power_of_two(f: Function, biased: Value) -> Value:
    """2^k, a normal number, from an integer whose lowest bits are k + bias."""
    form = FORMATS[FLOAT if element(biased.type) == I32 else DOUBLE]
    return as_float(f, f.binary("shl", biased, form.mantissa))


def small_float(f: Function, k: Value) -> Value:
    """A small integer converted to a float of its size; many machines cannot convert 64 bits."""
    if element(k.type) == I32:
        return f.convert("sitofp", k, FLOAT)
    form = FORMATS[DOUBLE]
    shifted = f.add(k, form.bits(form.mantissa) + (1 << form.mantissa - 1))
    return f.fsub(as_float(f, shifted), form.shifter)


def nearest(f: Function, x: Value, factor: float, bias: int) -> tuple[Value, Value]:
    """The integer k nearest to `x factor`, and an integer whose lowest bits are k + bias."""
    shifter = format_of(x).shifter + bias
    shifted = fma(f, x, factor, shifter)
    return f.fsub(shifted, shifter), as_integer(f, shifted)


def magnitude(f: Function, x: Value) -> Value:
    """|x|."""
    return f.intrinsic("llvm.fabs", x.type, x)


def copysign(f: Function, x: Value, sign: Value) -> Value:
    """|x| with the sign of `sign`."""
    return f.intrinsic("llvm.copysign", x.type, x, sign)


def at_most(f: Function, x: Value, bound: float) -> Value:
    """The smaller of x and a bound; nan stays nan. One instruction."""
    return f.select(f.compare("ogt", x, bound), constant(bound, x.type), x)


def at_least(f: Function, x: Value, bound: float) -> Value:
    """The larger of x and a bound; nan stays nan. One instruction."""
    return f.select(f.compare("olt", x, bound), constant(bound, x.type), x)


def any_lane(f: Function, mask: Value) -> Value:
    """Whether any lane of a mask is set."""
    n = width(mask.type)
    if n == 1:
        return mask
    return f.compare("ne", f.new(f"i{n}", f"bitcast {mask.text} to i{n}"), 0)


# -- rounding to integers ------------------------------------------------------------------


def rounded(f: Function, x: Value, how: str) -> Value:
    """`floor`, `ceil`, `trunc` or `rint` of a float."""
    if f.module.has_rounding:
        return f.intrinsic(f"llvm.{how}", x.type, x)
    size = magnitude(f, x)
    shift = 2.0 ** format_of(x).mantissa
    even = f.fsub(f.fadd(size, shift), shift)
    if how == "trunc":
        even = f.select(f.compare("ogt", even, size), f.fsub(even, 1.0), even)
    even = copysign(f, f.select(f.compare("olt", size, shift), even, size), x)
    if how == "floor":
        even = f.select(f.compare("ogt", even, x), f.fsub(even, 1.0), even)
    if how == "ceil":
        even = f.select(f.compare("olt", even, x), f.fadd(even, 1.0), even)
    even = f.select(f.compare("uno", x, inf), x, even)
    return copysign(f, even, x)
