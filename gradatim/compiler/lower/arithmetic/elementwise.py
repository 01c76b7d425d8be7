"""How each elementwise primitive is written in LLVM IR: a table with one rule per primitive.

    rule(f, *values, dtype, **params) -> value

`f` is the function being written; all `values` have the same width, 1 or more. `dtype` is that of
the first input, since LLVM's `i8` does not tell signed from unsigned. A mask (bool) is `i1`.
Results match NumPy's, as `ops/elementwise.py` uses it: nan propagates through maximum and minimum,
integers wrap around, and integer division by 0 gives 0.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I1, I8, I32, I64, Value, constant, element, vector, width
from . import transcendental as vector_math
from .angles import cos, sin
from .division import floor_of_floats, floor_of_integers, integer_divmod
from .floats import magnitude, minus_product, rounded
from .power import integer_power, pow_, whole_power

Rule = Callable[..., Value]
REGISTERS = {
    "float32": FLOAT,
    "float64": DOUBLE,
    "int64": I64,
    "int32": I32,
    "uint8": I8,
    "bool": I1,
}


# -- kinds of operands ---------------------------------------------------------------------


def is_float(x: Value) -> bool:
    """Whether a value holds floats."""
    return element(x.type) in (FLOAT, DOUBLE)


def is_signed(dtype: Any) -> bool:
    """Whether integers of a dtype may be negative."""
    return np.dtype(dtype).kind == "i"


def truth(f: Function, x: Value) -> Value:
    """x != 0 as a mask; nan is true."""
    if element(x.type) == I1:
        return x
    return f.compare("une" if is_float(x) else "ne", x, 0)


def known(x: Value) -> float | None:
    """The number of a constant, scalar or splat; None for anything else."""
    if x.name[0] in "%<":
        return None
    text = x.name.removeprefix("splat (").rstrip(")").split()[-1]
    if text.startswith("0x"):
        number: float = struct.unpack(">d", bytes.fromhex(text[2:]))[0]
        return number
    return int(text) if text.lstrip("-").isdigit() else None


# -- rules of several primitives -----------------------------------------------------------


def binary(of_floats: str, of_integers: str, of_masks: str = "") -> Rule:
    """One instruction for floats, one for integers, and optionally one for masks."""

    def rule(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
        if element(x.type) == I1 and not of_masks:
            raise TypeError(f"{of_integers} of truth values has no meaning")
        op = of_floats if is_float(x) else of_masks if element(x.type) == I1 else of_integers
        return f.binary(op, x, y)

    return rule


def function(name: str, write: Callable[..., Value]) -> Rule:
    """A function of floats only."""

    def rule(f: Function, *values: Value, dtype: Any) -> Value:
        if not is_float(values[0]):
            raise TypeError(f"{name} is a function of floats, got {np.dtype(dtype).name}")
        return write(f, *values)

    return rule


def comparison(name: str) -> Rule:
    """A comparison: false where either side is nan, except `ne`, which is true there."""
    of_floats = "une" if name == "ne" else f"o{name}"

    def rule(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
        if is_float(x):
            return f.compare(of_floats, x, y)
        sign = "" if name in ("eq", "ne") else "s" if is_signed(dtype) else "u"
        return f.compare(sign + name, x, y)

    return rule


def logical(op: str) -> Rule:
    """An instruction on truth values."""
    return lambda f, x, y, *, dtype: f.binary(op, truth(f, x), truth(f, y))


def bitwise(op: str) -> Rule:
    """An instruction on bits."""
    return lambda f, x, y, *, dtype: f.binary(op, x, y)


def rounding(how: str) -> Rule:
    """Rounds floats to whole numbers; integers are returned as they are."""
    return lambda f, x, *, dtype: rounded(f, x, how) if is_float(x) else x


def extreme(predicate: str, of_masks: str) -> Rule:
    """The larger or smaller of two; nan if either is nan.

    Of 0 and -0, NumPy returns on each machine what is quickest there: this rule does so too.
    """
    instruction = "llvm.maximum" if predicate == "gt" else "llvm.minimum"

    def rule(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
        if element(x.type) == I1:
            return f.binary(of_masks, x, y)
        if not is_float(x):
            sign = "s" if is_signed(dtype) else "u"
            return f.select(f.compare(sign + predicate, x, y), x, y)
        if f.module.has_extremes:
            return f.intrinsic(instruction, x.type, x, y)
        bound = known(y)
        if bound is not None and bound == bound:  # the comparison fails for nan and keeps x
            return f.select(f.compare(f"o{predicate[0]}e", y, x), y, x)
        chosen = f.select(f.compare("o" + predicate, x, y), x, y)  # y, if either is nan
        return f.select(f.compare("uno", x, x), x, chosen)

    return rule


# -- rules of one primitive ----------------------------------------------------------------


def neg(f: Function, x: Value, *, dtype: Any) -> Value:
    """-x."""
    return f.fneg(x) if is_float(x) else f.sub(0, x)


def abs_(f: Function, x: Value, *, dtype: Any) -> Value:
    """|x|; the smallest integer stays as it is."""
    if is_float(x):
        return magnitude(f, x)
    return f.select(f.compare("slt", x, 0), f.sub(0, x), x) if is_signed(dtype) else x


def sign(f: Function, x: Value, *, dtype: Any) -> Value:
    """-1, 0 or 1; 0 for nan."""
    one = constant(1, x.type)
    if not is_float(x):
        below = f.select(f.compare("slt", x, 0), constant(-1, x.type), one)
        return f.select(f.compare("eq", x, 0), x, below if is_signed(dtype) else one)
    positive = f.select(f.compare("ogt", x, 0.0), one, 0.0)
    return f.select(f.compare("olt", x, 0.0), constant(-1.0, x.type), positive)


def square(f: Function, x: Value, *, dtype: Any) -> Value:
    """x x."""
    return whole_power(f, x, 2)


def power(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
    """x^y; as in NumPy a constant 1, 2 or 3 becomes products, and 0.5 a square root."""
    number = known(y)
    if number == 0.5 and is_float(x):
        return vector_math.sqrt(f, x)
    if number in (1, 2, 3):
        return whole_power(f, x, int(number or 0))
    if is_float(x):
        return pow_(f, x, y)
    return integer_power(f, x, y, signed=is_signed(dtype))


def floor_divide(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
    """x // y, rounded down."""
    if is_float(x):
        return floor_of_floats(f, x, y)[0]
    return floor_of_integers(f, x, y, signed=is_signed(dtype))[0]


def remainder(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
    """x - (x // y) y, with the sign of y."""
    if is_float(x):
        return floor_of_floats(f, x, y)[1]
    return floor_of_integers(f, x, y, signed=is_signed(dtype))[1]


def trunc_divide(f: Function, x: Value, y: Value, *, dtype: Any) -> Value:
    """x / y, rounded towards 0."""
    if is_float(x):
        return rounded(f, f.fdiv(x, y), "trunc")
    return integer_divmod(f, x, y, signed=is_signed(dtype))[0]


def relu(f: Function, x: Value, *, dtype: Any) -> Value:
    """max(x, 0); nan propagates."""
    if is_float(x):
        return f.select(f.compare("ole", x, 0.0), constant(0.0, x.type), x)
    return f.select(f.compare("slt", x, 0), constant(0, x.type), x) if is_signed(dtype) else x


def where(f: Function, condition: Value, x: Value, y: Value, *, dtype: Any) -> Value:
    """x where the condition holds, y elsewhere."""
    return f.select(truth(f, condition), x, y)


def tanh_back(f: Function, g: Value, out: Value) -> Value:
    """g (1 - out²)."""
    return f.fmul(g, minus_product(f, out, out, 1.0))


def isnan(f: Function, x: Value, *, dtype: Any) -> Value:
    """x != x."""
    return f.compare("uno", x, x) if is_float(x) else _no(x)


def isinf(f: Function, x: Value, *, dtype: Any) -> Value:
    """|x| = inf."""
    return f.compare("oeq", magnitude(f, x), inf) if is_float(x) else _no(x)


def _no(x: Value) -> Value:
    return constant(False, vector(width(x.type), I1))


# -- conversion ----------------------------------------------------------------------------


def cast(f: Function, x: Value, *, dtype: Any, to: Any) -> Value:
    """x in another dtype: floats are truncated to integers, bits that do not fit are dropped."""
    base, source = REGISTERS[np.dtype(to).name], element(x.type)
    if base == source:
        return x
    if base == I1:
        return truth(f, x)
    if source == I1:
        kind = vector(width(x.type), base)
        return f.select(x, constant(1, kind), 0)
    if is_float(x):
        return _from_float(f, x, base)
    if base in (FLOAT, DOUBLE):
        return f.convert("sitofp" if is_signed(dtype) else "uitofp", x, base)
    widens = source == I8 or base == I64
    return f.convert(("sext" if is_signed(dtype) else "zext") if widens else "trunc", x, base)


def _from_float(f: Function, x: Value, base: str) -> Value:
    if base in (FLOAT, DOUBLE):
        return f.convert("fpext" if base == DOUBLE else "fptrunc", x, base)
    if base == I8:
        return f.convert("trunc", _from_float(f, x, I32), I8)
    # Out of range (and nan) gives the smallest integer: what x86 returns, and so NumPy.
    least = -(2 ** (31 if base == I32 else 63))
    fits = f.binary("and", f.compare("oge", x, least), f.compare("olt", x, -least))
    whole = f.convert("fptosi", x, base)
    return f.select(fits, whole, constant(least, whole.type))


# -- the table -----------------------------------------------------------------------------

ELEMENTWISE: dict[str, Rule] = {
    "copy": lambda f, x, *, dtype: x,
    "neg": neg,
    "add": binary("fadd", "add", "or"),
    "sub": binary("fsub", "sub"),
    "mul": binary("fmul", "mul", "and"),
    "div": function("div", Function.fdiv),
    "pow": power,
    "square": square,
    "abs": abs_,
    "sign": sign,
    "reciprocal": function("reciprocal", lambda f, x: f.fdiv(1.0, x)),
    "floor_divide": floor_divide,
    "trunc_divide": trunc_divide,
    "remainder": remainder,
    "floor": rounding("floor"),
    "ceil": rounding("ceil"),
    "trunc": rounding("trunc"),
    "round": rounding("rint"),
    "exp": function("exp", vector_math.exp),
    "expm1": function("expm1", vector_math.expm1),
    "log": function("log", vector_math.log),
    "log1p": function("log1p", vector_math.log1p),
    "sqrt": function("sqrt", vector_math.sqrt),
    "sin": function("sin", sin),
    "cos": function("cos", cos),
    "tanh": function("tanh", vector_math.tanh),
    "tanh_back": function("tanh_back", tanh_back),
    "sigmoid": function("sigmoid", vector_math.sigmoid),
    "erf": function("erf", vector_math.erf),
    "relu": relu,
    "maximum": extreme("gt", "or"),
    "minimum": extreme("lt", "and"),
    "clamp_min": extreme("gt", "or"),
    "clamp_max": extreme("lt", "and"),
    "where": where,
    "cast": cast,
    "eq": comparison("eq"),
    "ne": comparison("ne"),
    "lt": comparison("lt"),
    "le": comparison("le"),
    "gt": comparison("gt"),
    "ge": comparison("ge"),
    "logical_and": logical("and"),
    "logical_or": logical("or"),
    "logical_xor": logical("xor"),
    "logical_not": lambda f, x, *, dtype: f.binary("xor", truth(f, x), 1),
    "bitwise_and": bitwise("and"),
    "bitwise_or": bitwise("or"),
    "bitwise_xor": bitwise("xor"),
    "bitwise_not": lambda f, x, *, dtype: f.binary("xor", x, 1 if element(x.type) == I1 else -1),
    "isnan": isnan,
    "isinf": isinf,
}
