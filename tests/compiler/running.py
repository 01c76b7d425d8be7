"""Compiling in tests: all stages, with the verifier after each pass, and one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradatim.compiler.guards.check import Guards
from gradatim.compiler.ir.graph import Equation, Graph
from gradatim.compiler.ir.nests import Schedule
from gradatim.compiler.ir.verify import verify
from gradatim.compiler.machine.target import host
from gradatim.compiler.passes.order import optimise, stages
from gradatim.compiler.pipeline.compiled import compile_graph
from gradatim.compiler.pipeline.draft import NumpyStep, scheduled
from gradatim.compiler.runtime.binding import Binding
from gradatim.compiler.runtime.returned import filled
from gradatim.compiler.trace.trace import trace
from gradatim.core.handle import wrap


class Bound:
    """A function as machine code, made from its arguments at hand; what it reads is not guarded."""

    def __init__(self, function: Callable[..., Any], tensors: Sequence[Any]) -> None:
        traced = trace(function, tensors)
        first = traced.result_count
        updates = [(first + k, i) for k, i in enumerate(traced.written)]
        made = compile_graph(traced.graph, updates, first, use_cache=False, simpler=verified)
        self.binding = Binding(traced, made, Guards(()))

    def __call__(self, *tensors: Any) -> Any:
        """What the function returns; what it writes is written."""
        arrays = self.binding.run(tensors)
        found = [None if a is None else wrap(a) for a in arrays]
        return filled(self.binding.traced.results, found, list(tensors))

    def segments(self) -> dict[str, str]:
        """The operations left to NumPy, and why."""
        steps = self.binding.compiled.steps
        return {s.equation.name: s.reason for s in steps if isinstance(s, NumpyStep)}


def verified(graph: Graph) -> Graph:
    """The graph after all passes, each of which gives one that is right."""
    right: set[Equation] = set()
    before = verify(graph, right)
    for _, after in stages(graph):
        if after.equations != before.equations or after.outputs != before.outputs:
            verify(after, right)
        before = after
    return before


def schedule_of(graph: Graph, updates: Sequence[tuple[int, int]]) -> Schedule:
    """The loop nests of a graph, after all passes."""
    return scheduled(optimise(graph), updates, host())


def compiled(function: Callable[..., Any], *tensors: Any) -> Any:
    """One compiled call."""
    return Bound(function, tensors)(*tensors)
