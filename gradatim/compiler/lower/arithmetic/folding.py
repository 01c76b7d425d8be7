"""Reductions: their identities, and how two values are combined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..text.emit import Function
from ..text.types import Value, constant
from .elementwise import ELEMENTWISE


def identity(name: str, dtype: np.dtype[Any], kind: str) -> Value:
    """The neutral element of a reduction: 0 for a sum, -inf for amax, ..."""
    if name in ("amax", "amin"):
        least = name == "amax"
        if dtype.kind == "f":
            return constant(-math.inf if least else math.inf, kind)
        if dtype.kind == "b":
            return constant(not least, kind)
        limits = np.iinfo(dtype)
        bound = int(limits.min if least else limits.max)
        return constant(bound - 256 if dtype.kind == "u" and bound > 127 else bound, kind)
    return constant(1 if name in ("all", "reduce_prod") else 0, kind)


def combine(f: Function, name: str, dtype: np.dtype[Any], a: Value, b: Value) -> Value:
    """Combines two numbers, or two vectors, into one."""
    if name == "reduce_sum":
        op = "fadd" if dtype.kind == "f" else "or" if dtype.kind == "b" else "add"
        return f.binary(op, a, b)
    if name == "reduce_prod":
        op = "fmul" if dtype.kind == "f" else "and" if dtype.kind == "b" else "mul"
        return f.binary(op, a, b)
    if name in ("any", "all"):
        return f.binary("or" if name == "any" else "and", a, b)
    if dtype.kind == "b":
        return f.binary("or" if name == "amax" else "and", a, b)
    rule = ELEMENTWISE["maximum" if name == "amax" else "minimum"]
    return rule(f, a, b, dtype=dtype)


def combined(f: Function, name: str, dtype: np.dtype[Any], values: Sequence[Value]) -> Value:
    """Combines several values into one, pairwise, to keep the dependency chain short."""
    values = list(values)
    while len(values) > 1:
        pairs = zip(values[::2], values[1::2], strict=False)
        odd = values[len(values) // 2 * 2 :]
        values = [combine(f, name, dtype, a, b) for a, b in pairs] + odd
    return values[0]


def prepared(f: Function, name: str, dtype: np.dtype[Any], value: Value) -> Value:
    """A value as its reduction consumes it: `any` and `all` test it against 0."""
    if name not in ("any", "all") or dtype.kind == "b":
        return value
    return f.compare("une" if dtype.kind == "f" else "ne", value, 0)


def across(f: Function, name: str, dtype: np.dtype[Any], value: Value) -> Value:
    """All lanes of a vector combined into one number."""
    return f.horizontal(lambda a, b: combine(f, name, dtype, a, b), value)
