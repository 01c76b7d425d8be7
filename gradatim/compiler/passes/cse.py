"""Common subexpressions: equal equations with equal inputs are computed once."""

from __future__ import annotations

from typing import Any

from ..ir.graph import Equation, Graph, Var, key_of, renamed


def merge_equal(graph: Graph) -> Graph:
    """Let later equal equations read the results of the first; draws are never equal."""
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
