"""The backward pass through a function, traced together with its forward pass.

When the function is done, the gradients of its results are variables like any others: they are sent
back over the tape that it left, and what the gradient rules compute is recorded too. The walk ends
at tensors that existed before: arguments and captured tensors, leaves or not, where the real tape
continues when the program runs. Gradients are assumed to arrive at all results; if only some do,
`backward/` removes what the others contribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from weakref import ref

from ...core.backward import PendingGradients, run_hooks
from ...core.context import GradMode
from ...core.errors import AutogradError
from ...core.handle import Handle, wrap
from ...core.nodes import RETAIN, Leaf
from ...core.tape import history
from ..ir.graph import Equation, Var
from .given import Given
from .results import is_traced
from .tracer import Tracer

Source = int | ref[Handle]  # the position of an argument, or a tensor


@dataclass(frozen=True, eq=False)
class Way:
    """The equations from the gradients of all results to those of the sources, by source number."""

    arrive: tuple[Var, ...]
    equations: tuple[Equation, ...]
    leave: dict[int, Var]


@dataclass(frozen=True, eq=False)
class Joint:
    """The backward pass through a function.

    `sources` are the tensors where it ends. For each result with a history, `reach` gives the
    sources behind it, and `behind` the other results behind it. The last of these results are
    `written`: tensors that existed before and got a new history.
    """

    sources: tuple[Source, ...]
    reach: tuple[frozenset[int], ...]
    behind: tuple[frozenset[int], ...]
    written: tuple[Source, ...]
    way: Way


def joint(tracer: Tracer, given: Given, returned: Sequence[Handle], since: int) -> Joint | None:
    """The backward pass from results with a history; None if there are none.

    `returned` are those the function returned, `since` is the time when the trace began. Errors:
    AutogradError if gradients cannot be sent back; whatever a gradient rule raises.
    """
    ends = _Ends(tracer, given, since)
    written = [*ends.written()]
    roots = [*map(history, returned), *(x._edge for _, x in written)]
    if not roots:
        return None
    behind = [ends.behind(root) for root in roots]
    _check_kept(returned, behind)
    numbers = {edge: i for i, edge in enumerate(dict.fromkeys(e for _, es in behind for e in es))}
    types = [x._value for x in (*returned, *(x for _, x in written))]
    return Joint(
        tuple(ends.source(edge) for edge in numbers),
        tuple(frozenset(numbers[e] for e in es) for _, es in behind),
        tuple(
            frozenset(k for k, other in enumerate(roots) if other in own and other is not root)
            for root, (own, _) in zip(roots, behind, strict=True)
        ),
        tuple(source for source, _ in written),
        _way(tracer, list(zip(roots, types, strict=True)), behind, numbers),
    )


class _Ends:
    """Finds where the function's part of the tape ends."""

    def __init__(self, tracer: Tracer, given: Given, since: int) -> None:
        self.tracer, self.given, self.since = tracer, given, since
        self.places = {id(new): i for i, _, new in given.pairs()}
        self.holders = {id(kept.get("_edge")): t for t, kept in tracer.met.values()}

    def written(self) -> list[tuple[Source, Any]]:
        """The arguments and captured tensors whose history changed when they were written."""
        written: list[tuple[Source, Any]] = [
            (i, new) for i, _, new in self.given.pairs() if self._is_new(new._edge)
        ]
        for t, kept in self.tracer.met.values():
            if t._base is None and t._edge is not kept.get("_edge") and self._is_new(t._edge):
                written.append((ref(t), t))
        return written

    def _is_new(self, edge: Any) -> bool:
        return edge is not None and not isinstance(edge, Leaf) and edge.time >= self.since

    def behind(self, root: Any) -> tuple[dict[Any, None], dict[Any, None]]:
        """The tape entries behind a result: the function's own, and those where its part ends."""
        own: dict[Any, None] = {}
        ends: dict[Any, None] = {}
        stack = [root]
        while stack:
            edge = stack.pop()
            if edge is None or edge in own or edge in ends:
                continue
            if self._is_new(edge):
                own[edge] = None
                stack += edge.edges
            elif not isinstance(edge, Leaf) or self._is_outside(edge):
                ends[edge] = None
            else:
                own[edge] = None  # a leaf that the function made
        return own, ends

    def _is_outside(self, leaf: Leaf) -> bool:
        tensor = leaf.tensor()
        return tensor is not None and (id(tensor) in self.places or id(tensor) in self.tracer.met)

    def source(self, edge: Any) -> Source:
        """The tensor whose history continues at an edge."""
        tensor = edge.tensor() if isinstance(edge, Leaf) else self.holders.get(id(edge))
        if tensor is None:
            raise AutogradError("its history continues at a tensor that no longer exists")
        place = self.places.get(id(tensor))
        return ref(tensor) if place is None else place


def _check_kept(returned: Sequence[Handle], behind: Sequence[Any]) -> None:
    """Refuse gradients that would have to be kept at tensors created by the function."""
    for x in returned:
        if RETAIN in (getattr(history(x), "hooks", None) or {}):
            raise AutogradError("it calls retain_grad() on a tensor that it returns")
    for own, _ in behind:
        for edge in own:
            tensor = edge.tensor() if isinstance(edge, Leaf) else None
            if tensor is not None and is_traced(tensor):
                raise AutogradError(
                    "it creates a leaf, whose .grad would have to be filled; create it outside"
                )


def _way(
    tracer: Tracer,
    roots: Sequence[tuple[Any, Any]],
    behind: Sequence[tuple[dict[Any, None], dict[Any, None]]],
    numbers: dict[Any, int],
) -> Way:
    """Trace the backward pass from the roots."""
    arrive = tuple(Var(like.shape, like.dtype) for _, like in roots)
    tracer.made.update(arrive)
    pending = PendingGradients(retain_graph=True, create_graph=False, into_leaves=False)
    own = dict.fromkeys(edge for edges, _ in behind for edge in edges)
    with _aside(tracer) as equations, GradMode(False):
        for (edge, _), gradient in zip(roots, arrive, strict=True):
            pending.add(edge, wrap(gradient), fresh=False)
        for node in sorted(own, key=attrgetter("time"), reverse=True):
            gradient, fresh = pending.take(node)
            if gradient is not None:
                if node.hooks:
                    gradient, fresh = run_hooks(node, gradient), False
                node.visit(gradient, pending, fresh=fresh)
        arrived = {number: pending.take(edge)[0] for edge, number in numbers.items()}
        leave = {i: tracer.read(g) for i, g in arrived.items() if g is not None}
    return Way(arrive, tuple(equations), leave)


@contextmanager
def _aside(tracer: Tracer) -> Iterator[list[Equation]]:
    """Collect the equations recorded in the block separately: they are not the function's."""
    equations: list[Equation] = []
    begin = len(tracer.equations)
    before = [dict(table) for table in (tracer.seen, tracer.written, tracer.grads)]
    current = dict(tracer.current)
    try:
        yield equations
        if before[1:] != [tracer.written, tracer.grads]:
            raise AutogradError("its backward pass changes tensors that existed before")
        equations += tracer.equations[begin:]
    finally:
        del tracer.equations[begin:]
        tracer.current.update(current)
        tables: list[dict[Any, Any]] = [tracer.seen, tracer.written, tracer.grads]
        for table, old in zip(tables, before, strict=True):
            table.clear()
            table.update(old)
