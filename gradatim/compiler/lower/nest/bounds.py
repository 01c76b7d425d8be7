"""Bounds of an integer, where they follow from how it is computed.

An index computed from indices that were checked is not checked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...ir.graph import Var
from ...ir.nests import Argument, Leaf, Node

Bounds = tuple[int, int]  # least and largest value
_RULES: dict[str, Callable[[Bounds, Bounds], Bounds]] = {
    "add": lambda x, y: (x[0] + y[0], x[1] + y[1]),
    "mul": lambda x, y: _ends([i * j for i in x for j in y]),
}


def is_inside(a: Argument, nodes: Mapping[Var, Node], count: int) -> bool:
    """Whether the index `a` is known to be in 0 .. count - 1."""
    bounds = bounds_of(a, nodes)
    return bounds is not None and bounds[0] >= 0 and bounds[1] < count


def bounds_of(a: Argument, nodes: Mapping[Var, Node]) -> Bounds | None:
    """The bounds of an integer; None if unknown."""
    if isinstance(a, Leaf):
        return _of_leaf(a)
    node = nodes.get(a)
    if node is None:
        return None
    if node.role == "load":  # an element of the table, whichever it is
        return bounds_of(node.arguments[0], nodes)
    rule = _RULES.get(node.equation.name)
    if node.role != "map" or rule is None:
        return None
    x, y = (bounds_of(v, nodes) for v in node.arguments)
    return None if x is None or y is None else rule(x, y)


def _of_leaf(leaf: Leaf) -> Bounds | None:
    if leaf.var.dtype.kind != "i" or leaf.in_memory or not leaf.var.size:
        return None
    if leaf.range is None:
        return int(leaf.number), int(leaf.number)
    start, step = leaf.range
    return _ends([int(start), int(start + step * (leaf.var.size - 1))])


def _ends(numbers: list[int]) -> Bounds:
    return min(numbers), max(numbers)
