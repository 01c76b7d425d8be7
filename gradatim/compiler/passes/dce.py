"""Dead code: equations whose results are never read. Draws stay: they advance their generator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..ir.graph import Equation, Graph, Var


def drop_unused(graph: Graph) -> Graph:
    """Keep the equations that the outputs need, and every draw."""
    return graph.with_equations(needed(graph.equations, graph.outputs))


def needed(equations: Sequence[Equation], outputs: Iterable[Var]) -> list[Equation]:
    """The equations that some outputs need, in their order, and every draw."""
    used, kept = set(outputs), []
    for e in reversed(equations):
        if e.draws or not used.isdisjoint(e.outputs):
            kept.append(e)
            used.update(e.inputs)
    kept.reverse()
    return kept
