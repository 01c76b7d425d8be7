"""Products and sums that are rounded once: one instruction instead of two.

    x c + d, x c - d, d - x c     with numbers c and d
    x - x y

Nowhere else, though each result would be nearer the true one: a program may count on it that two
products of the same factors are equal, as where a mean of squares is compared with a squared mean.
"""

from __future__ import annotations

from typing import Protocol

from ...ir.graph import Var
from ...ir.nests import Argument, Leaf, Node
from ..arithmetic.floats import uses_fma
from ..text.emit import Function, Value


class Operands(Protocol):
    """Where arguments have values."""

    def operand(self, a: Argument) -> Value:
        """The value of one."""


def rounded_once(scope: Operands, f: Function, nodes: dict[Var, Node], node: Node) -> Value | None:
    """The value of a sum or a difference of which one part is a product, if it is such a one."""
    name, dtype = node.equation.name, node.equation.inputs[0].dtype
    if name not in ("add", "sub") or dtype.kind != "f" or not uses_fma(f):
        return None
    first, second = node.arguments
    factors = _factors(nodes, second)
    if factors and (_is_linear(factors, first) or (name == "sub" and first in factors)):
        x, y, z = (scope.operand(a) for a in (*factors, first))
        return f.fma(x if name == "add" else f.fneg(x), y, z)
    factors = _factors(nodes, first)
    if factors and _is_linear(factors, second):
        x, y, z = (scope.operand(a) for a in (*factors, second))
        return f.fma(x, y, z if name == "add" else f.fneg(z))
    return None


def _factors(nodes: dict[Var, Node], a: Argument) -> tuple[Argument, ...]:
    """What an argument is the product of, if it is one that is made in the nest."""
    node = None if isinstance(a, Leaf) else nodes.get(a)
    return node.arguments if node and node.role == "map" and node.equation.name == "mul" else ()


def _is_linear(factors: tuple[Argument, ...], other: Argument) -> bool:
    """Whether a factor and what is added are numbers."""
    return _is_number(other) and any(map(_is_number, factors))


def _is_number(a: Argument) -> bool:
    return isinstance(a, Leaf) and a.number is not None
