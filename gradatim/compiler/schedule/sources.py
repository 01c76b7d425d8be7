"""Where each value is read from, once movement has become strides.

A view of a view of a variable is a strided reading of that variable. Where strides cannot say it,
a copy is put into the graph; so after `with_copies` every reshape can be read where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from ...ops.broadcast import copy
from ..ir import Equation, Graph, Var, apply
from ..kinds import SUMS
from .strided import STEPS, Strided, as_rows, step


@dataclass(frozen=True)
class Source:
    """A variable and how it is read; or a number, or a range, in no memory."""

    var: Var
    view: Strided
    number: Any = None
    range: tuple[Any, Any] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether something is loaded."""
        return self.number is None and self.range is None


class Sources(dict[Var, Source]):
    """The source of every variable of a graph."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        for v in graph.inputs:
            self[v] = Source(v, Strided.whole(v.shape))
        for e in graph.equations:
            self.add(e)

    def add(self, e: Equation) -> bool:
        """Note where an equation's results lie; False for a view that strides cannot say."""
        for v in e.outputs:
            self[v] = Source(v, Strided.whole(v.shape))
        if e.name == "repeated":
            self[e.output] = replace(self[e.output], number=e.params["value"])
        elif e.name == "arange":
            ends = e.params["start"], e.params["step"]
            self[e.output] = replace(self[e.output], range=ends)
        elif e.name in STEPS:
            source = self[e.inputs[0]]
            view = step(source.view, e)
            if view is None:
                return False
            self[e.output] = replace(source, view=view)
        return True


def with_copies(graph: Graph) -> Graph:
    """Copy what cannot be read where it lies, and give every output memory of its own."""
    sources = Sources(replace(graph, equations=(), outputs=()))
    new: dict[Var, Var] = {}
    kept: list[Equation] = []
    for e in graph.equations:
        e = replace(e, inputs=tuple(new.get(v, v) for v in e.inputs))
        if _wants_order(e, sources):
            ordered = [apply(copy, (v,), {}, e.line) for v in e.inputs]
            kept += ordered
            for before in ordered:
                sources.add(before)
            e = replace(e, inputs=tuple(before.output for before in ordered))
        if not sources.add(e):
            before = apply(copy, e.inputs, {}, e.line)
            kept.append(before)
            sources.add(before)
            moved = apply(e.primitive, before.outputs, e.params, e.line)
            sources.add(moved)
            new[e.output] = moved.output
            e = moved
        kept.append(e)
    outputs = []
    for v in graph.outputs:
        v = new.get(v, v)
        source = sources[v]
        if not (source.var is v and source.in_memory) or v in graph.inputs or v in outputs:
            made = apply(copy, (v,), {})
            kept.append(made)
            v = made.output
        outputs.append(v)
    return Graph(graph.inputs, tuple(kept), tuple(outputs))


def _wants_order(e: Equation, sources: Sources) -> bool:
    """Whether an equation can only read what lies in order, and some of its inputs do not."""
    found = [sources[v] for v in e.inputs]
    if e.draws:
        return not all(s.in_memory and s.view.is_whole for s in found)
    if e.name not in SUMS:
        return False
    dims, (s,) = e.params["dims"], found
    n = len(s.view.shape)
    if len(dims) == n:
        return False
    cut = len(dims) if tuple(dims) == tuple(range(len(dims))) else n - len(dims)
    return as_rows(s.view, prod(s.view.shape[cut:])) is None


def without_views(graph: Graph) -> tuple[Graph, Sources]:
    """The equations that compute something, and where each value is read from."""
    graph = with_copies(graph)
    sources = Sources(graph)
    nothing = {*STEPS, "repeated", "arange"}
    return graph.with_equations(e for e in graph.equations if e.name not in nothing), sources
