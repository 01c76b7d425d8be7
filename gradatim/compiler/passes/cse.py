"""Common subexpressions: what is computed twice from the same values is computed once."""

from __future__ import annotations

from typing import Any

from ..ir.graph import Equation, Graph, Var, key_of, renamed


def merge_equal(graph: Graph) -> Graph:
    """Let later equal equations read the results of the first. Draws differ every time."""
    first: dict[Any, Equation] = {}
    new: dict[Var, Var] = {}
    kept = []
    for e in graph.equations:
        e = renamed(e, new)
        same = e if e.draws else first.setdefault((e.name, e.inputs, key_of(e.params)), e)
        if same is e:
            kept.append(e)
        else:
            new.update(zip(e.outputs, same.outputs, strict=True))
    return graph.with_equations(kept).rename(new)
