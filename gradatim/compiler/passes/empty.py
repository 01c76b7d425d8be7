"""Empty arrays are not computed, and a reduction over an empty array is a constant.

So no later stage meets a loop without iterations. Draws stay: they advance their generator.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ops.broadcast import copy
from ...ops.movement import cat
from ..ir.graph import Equation, Graph, Var, apply, renamed
from .fold import repeat

OF_NOTHING = {"reduce_sum": 0, "any": False, "all": True, "reduce_prod": 1, "matmul": 0}


def without_empties(graph: Graph) -> Graph:
    """Replace what is empty, or computed from what is empty, by constants that take no memory."""
    new: dict[Var, Var] = {}
    kept = []
    for e in graph.equations:
        e = renamed(e, new)
        replacement = _replacement(e)
        if replacement is not e:
            new[e.output] = replacement.output
        kept.append(replacement)
    return graph.with_equations(kept).rename(new)


def _replacement(e: Equation) -> Equation:
    if e.draws or len(e.outputs) > 1 or e.name == "repeated":
        return e
    if not e.output.size:
        return repeat(e, 0, e.output)
    if all(v.size for v in e.inputs):
        return e
    if e.name in OF_NOTHING:
        return repeat(e, OF_NOTHING[e.name], e.output)
    rule = RULES.get(e.name)
    return rule(e) if rule else e


def _rest(e: Equation) -> Equation:
    return apply(cat, [v for v in e.inputs if v.size], e.params, e.line)


def _unchanged(e: Equation) -> Equation:
    """The update writes nothing into x."""
    return apply(copy, e.inputs[:1], {}, e.line)


RULES: dict[str, Callable[[Equation], Equation]] = {
    "cat": _rest,
    "update_view": _unchanged,
    "put": _unchanged,
    "scatter": _unchanged,
    "scatter_extreme": _unchanged,
    "scatter_prod": _unchanged,
}
