"""Numbers of each dtype in memory and in registers, and ranges, which are computed, not stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.nests import Leaf
from ..arithmetic.elementwise import ELEMENTWISE
from ..text.emit import Function
from ..text.types import (
    DOUBLE,
    FLOAT,
    I1,
    I8,
    I32,
    I64,
    Operand,
    Value,
    constant,
    constants,
    vector,
    width,
)

# Keyed by dtype: NumPy builds the string `dtype.name` anew on each access.
KINDS = {
    np.dtype(name): kind
    for name, kind in {
        "float32": FLOAT, "float64": DOUBLE, "int64": I64, "int32": I32, "uint8": I8, "bool": I1
    }.items()
}  # fmt: skip
BOOL = np.dtype("bool")


def kind_of(dtype: np.dtype[Any]) -> str:
    """The LLVM type of a number in a register, where a bool is one bit."""
    return KINDS[dtype]


def in_memory(dtype: np.dtype[Any]) -> str:
    """The LLVM type of a number in memory, where a bool is a byte."""
    return I8 if dtype == BOOL else KINDS[dtype]


def load(f: Function, dtype: np.dtype[Any], pointer: Value, n: int, mask: Value | None) -> Value:
    """`n` neighbouring numbers; 0 where the mask is not set."""
    kind = vector(n, in_memory(dtype))
    if mask is None or n == 1:
        value = f.load(kind, pointer)
    else:
        value = f.masked_load(kind, pointer, mask)
    return from_memory(f, value, dtype)


def store(
    f: Function, dtype: np.dtype[Any], value: Value, pointer: Value, mask: Value | None
) -> None:
    """Store neighbouring numbers where the mask is set."""
    if dtype == BOOL:
        value = f.convert("zext", value, I8)
    if mask is None or width(value.type) == 1:
        f.store(value, pointer)
    else:
        f.masked_store(value, pointer, mask)


def from_memory(f: Function, value: Value, dtype: np.dtype[Any]) -> Value:
    """A loaded value as it is in a register, where a bool is one bit."""
    return f.compare("ne", value, 0) if dtype == BOOL else value


def in_range(f: Function, leaf: Leaf, offset: Operand, along: int, n: int) -> Value:
    """start + place step: integers as such, floats rounded once from float64."""
    first = offset if isinstance(offset, Value) else constant(offset, I64)
    places = f.splat(first, n)
    if n > 1 and along:
        places = f.binary("add", places, constants([i * along for i in range(n)], I64))
    return range_at(f, leaf, places)


def range_at(f: Function, leaf: Leaf, places: Value) -> Value:
    """The elements of a range at these indices."""
    assert leaf.range is not None
    start, step = leaf.range
    dtype = leaf.var.dtype
    if isinstance(start, float) or isinstance(step, float):
        exact = f.convert("sitofp", places, DOUBLE)
        exact = f.fadd(f.fmul(exact, float(step)), float(start))
        return ELEMENTWISE["cast"](f, exact, dtype=np.dtype("float64"), to=dtype)
    whole = f.binary("add", f.binary("mul", places, int(step)), int(start))
    return ELEMENTWISE["cast"](f, whole, dtype=np.dtype("int64"), to=dtype)
