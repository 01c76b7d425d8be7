"""Where each value is read from, once movement has become strides.

A view of a view of a variable is a strided access to that variable. If strides cannot express it,
a copy is inserted into the graph; so after `with_copies` every reshape can be read in place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from ...ops.broadcast import copy
from ..ir.graph import Equation, Graph, Var, apply, renamed
from ..ir.kinds import SUMS
from ..ir.strided import STEPS, Strided, as_rows, step


@dataclass(frozen=True)
class Source:
    """A variable and how it is read; or a constant, or a range, which take no memory."""

    var: Var
    view: Strided
    number: Any = None
    range: tuple[Any, Any] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether it is loaded from memory."""
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
        """Record the sources of an equation's results; False for a view without strides."""
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


def with_copies(graph: Graph, written: Collection[Var] = ()) -> Graph:
    """Copy what cannot be read in place, and give every output memory of its own.

    An output that is `written` over an input may have another shape.
    """
    sources = Sources(replace(graph, equations=(), outputs=()))
    new: dict[Var, Var] = {}
    kept: list[Equation] = []
    for e in graph.equations:
        e = renamed(e, new)
        wrong = _unreadable(e, sources)
        if wrong:
            copies = {v: apply(copy, (v,), {}, e.line) for v in wrong}
            kept += copies.values()
            for before in copies.values():
                sources.add(before)
            e = replace(e, inputs=tuple(copies[v].output if v in copies else v for v in e.inputs))
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
    for last in graph.outputs:
        v = new.get(last, last)
        source = sources[v]
        if last in written and source.view.is_whole and source.var.size == v.size:
            v, source = source.var, sources[source.var]
        if not (source.var is v and source.in_memory) or v in graph.inputs or v in outputs:
            copied = apply(copy, (v,), {})
            kept.append(copied)
            v = copied.output
        outputs.append(v)
    return Graph(graph.inputs, tuple(kept), tuple(outputs))


def _unreadable(e: Equation, sources: Sources) -> list[Var]:
    """The inputs that an equation cannot read in place: they must be contiguous, or in memory."""
    if e.draws:
        wrong = [v for v in e.inputs if not _lies_in_order(sources[v])]
    elif e.name == "matmul":
        wrong = [v for v in e.inputs if not sources[v].in_memory]
    elif e.name in SUMS and not _has_rows(e, sources[e.inputs[0]]):
        wrong = [*e.inputs]
    else:
        wrong = []
    return list(dict.fromkeys(wrong))


def _lies_in_order(s: Source) -> bool:
    return s.in_memory and s.view.is_whole


def _has_rows(e: Equation, s: Source) -> bool:
    """Whether the elements that a reduction combines have a single stride."""
    dims, n = e.params["dims"], len(s.view.shape)
    if len(dims) == n:
        return True
    cut = len(dims) if tuple(dims) == tuple(range(len(dims))) else n - len(dims)
    return as_rows(s.view, prod(s.view.shape[cut:])) is not None


def without_views(graph: Graph, written: Collection[Var] = ()) -> tuple[Graph, Sources]:
    """The equations that compute something, and the source of each value."""
    graph = with_copies(graph, written)
    sources = Sources(graph)
    nothing = {*STEPS, "repeated", "arange"}
    return graph.with_equations(e for e in graph.equations if e.name not in nothing), sources
