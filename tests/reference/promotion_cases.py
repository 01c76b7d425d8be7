"""Every pair of operand kinds, and the operations whose result dtypes are compared.

An operand is a dtype with or without dimensions, or a Python number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
OPERANDS = (*[(d, (3,)) for d in DTYPES], *[(d, ()) for d in DTYPES], True, 2, 2.5)

Operand = Any


def pairs() -> Iterator[tuple[Operand, Operand]]:
    """All pairs with at least one tensor."""
    for left, right in product(OPERANDS, OPERANDS):
        if isinstance(left, tuple) or isinstance(right, tuple):
            yield left, right


def name_of(operand: Operand) -> str:
    """`int64`, `int64 0-d` or `2`."""
    if not isinstance(operand, tuple):
        return repr(operand)
    dtype, shape = operand
    return dtype if shape else f"{dtype} 0-d"


def _where(g: Any, x: Any, y: Any) -> Any:
    return g.where(g.tensor([True, False, True]), x, y)


def _in_place(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    def call(g: Any, x: Any, y: Any) -> Any:
        return operation(x.expand(3).clone() if isinstance(x, g.Tensor) else x, y)

    return call


def _plain(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda g, x, y: operation(x, y)


OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "+": _plain(operator.add),
    "-": _plain(operator.sub),
    "*": _plain(operator.mul),
    "/": _plain(operator.truediv),
    "//": _plain(operator.floordiv),
    "%": _plain(operator.mod),
    "**": _plain(operator.pow),
    "<": _plain(operator.lt),
    "==": _plain(operator.eq),
    "&": _plain(operator.and_),
    "where": _where,
    "+=": _in_place(operator.iadd),
    "/=": _in_place(operator.itruediv),
    "&=": _in_place(operator.iand),
}


def dtype_of(g: Any, operation: Callable[[Any, Any, Any], Any], left: Any, right: Any) -> str:
    """The dtype of the result, or the name of the built-in error."""
    try:
        result = operation(g, _made(g, left), _made(g, right))
    except RuntimeError:
        return "RuntimeError"
    return str(result.dtype).split(".")[-1]


def _made(g: Any, operand: Operand) -> Any:
    if not isinstance(operand, tuple):
        return operand
    dtype, shape = operand
    return g.ones(shape, dtype=getattr(g, dtype))
