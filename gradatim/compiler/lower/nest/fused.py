"""Fused multiply-add: products and sums that are rounded once, one instruction instead of two.

    x c + d, x c - d, d - x c     with constants c and d
    x - x y

Nowhere else, though it would always be more accurate: programs may rely on two products of the same
factors being equal, as when a mean of squares is compared with a squared mean.
"""

from __future__ import annotations

from typing import Protocol

from ...ir.graph import Var
from ...ir.nests import Argument, Leaf, Node
from ..arithmetic.floats import uses_fma
from ..text.emit import Function
from ..text.types import Value


class Operands(Protocol):
    """A scope: gives arguments their values."""

    def operand(self, a: Argument) -> Value:
        """The value of an argument."""


def rounded_once(scope: Operands, f: Function, nodes: dict[Var, Node], node: Node) -> Value | None:
    """The fused value of a sum or difference, if one of its operands is such a product."""
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
    """The factors of an argument that is a product computed in this nest."""
    node = None if isinstance(a, Leaf) else nodes.get(a)
    return node.arguments if node and node.role == "map" and node.equation.name == "mul" else ()


def _is_linear(factors: tuple[Argument, ...], other: Argument) -> bool:
    """Whether a factor and the summand are constants."""
    return _is_number(other) and any(map(_is_number, factors))


def _is_number(a: Argument) -> bool:
    return isinstance(a, Leaf) and a.number is not None
