"""LLVM's types and constants, as text."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

I1, I8, I16, I32, I64 = "i1", "i8", "i16", "i32", "i64"
FLOAT, DOUBLE, PTR = "float", "double", "ptr"
BYTES = {I1: 1, I8: 1, I16: 2, I32: 4, I64: 8, FLOAT: 4, DOUBLE: 8, PTR: 8}
_MANGLED = {FLOAT: "f32", DOUBLE: "f64", PTR: "p0"}


@dataclass(frozen=True, slots=True)
class Value:
    """An operand with a type: a register such as `%v7`, or a constant."""

    name: str
    type: str

    @property
    def text(self) -> str:
        """The operand with its type: `float %v7`."""
        return f"{self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class Leading(Value):
    """A constant mask whose first `count` lanes are set."""

    count: int


Operand = Value | int | float


def vector(n: int, element: str) -> str:
    """The type of a vector of `n` elements; for n = 1 the element type itself."""
    return element if n == 1 else f"<{n} x {element}>"


@lru_cache
def element(kind: str) -> str:
    """The element type of a vector type; a scalar type is its own."""
    return kind.rpartition("x ")[2].rstrip(">") if kind[0] == "<" else kind


@lru_cache
def width(kind: str) -> int:
    """The number of elements of a type: 1 for a scalar."""
    return int(kind[1:].partition(" ")[0]) if kind[0] == "<" else 1


@lru_cache
def bytes_of(kind: str) -> int:
    """The size of a type in bytes."""
    return BYTES[element(kind)] * width(kind)


@lru_cache
def mangled(kind: str) -> str:
    """A type as it is spelled in the name of an intrinsic: `v16f32`."""
    base = element(kind)
    short = _MANGLED.get(base, base)
    return f"v{width(kind)}{short}" if kind[0] == "<" else short


def literal(value: Any, kind: str) -> str:
    """A constant in LLVM's syntax: floats by their bits, so that they are exact."""
    base = element(kind)
    if base == FLOAT:
        rounded = struct.unpack("f", struct.pack("f", value))[0] if abs(value) < 3.5e38 else value
        text = _bits(rounded)
    elif base == DOUBLE:
        text = _bits(value)
    elif base == I1:
        text = "true" if value else "false"
    else:
        text = str(int(value))
    return f"splat ({base} {text})" if kind[0] == "<" else text


def _bits(value: float) -> str:
    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"


def constant(value: Any, kind: str) -> Value:
    """A constant of a type; for a vector type, in every lane."""
    return _whole(value, kind) if type(value) is int else Value(literal(value, kind), kind)


@lru_cache(4096)
def _whole(value: int, kind: str) -> Value:
    return Value(literal(value, kind), kind)


def constants(values: Sequence[Any], base: str) -> Value:
    """A vector of constants."""
    items = ", ".join(f"{base} {literal(v, base)}" for v in values)
    return Value(f"<{items}>", vector(len(values), base))


def as_value(a: Operand, kind: str) -> Value:
    """A Python number as a constant of a type."""
    return a if isinstance(a, Value) else constant(a, kind)


def pair(a: Operand, b: Operand) -> tuple[Value, Value]:
    """Two operands of one type: a Python number takes the type of the other."""
    if isinstance(a, Value):
        return a, b if isinstance(b, Value) else constant(b, a.type)
    kind = b.type if isinstance(b, Value) else I64
    return constant(a, kind), as_value(b, kind)
