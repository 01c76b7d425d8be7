"""Dead code: equations whose results nobody reads. Draws stay, since they move their generator."""

from __future__ import annotations

from ..ir import Graph


def drop_unused(graph: Graph) -> Graph:
    """Keep what the outputs need, and every draw."""
    needed = set(graph.outputs)
    kept = []
    for e in reversed(graph.equations):
        if e.draws or not needed.isdisjoint(e.outputs):
            kept.append(e)
            needed.update(e.inputs)
    return graph.with_equations(reversed(kept))
