"""Walk the tape back in time and add up gradients. The tape itself is never changed.

The walk is iterative: collect the entries behind the roots, sort them by the clock (an entry is
younger than all it was computed from) and visit each once, youngest first. Gradients in flight
live in a dictionary; only leaves, and tensors that asked with `retain_grad`, keep theirs.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .context import GradMode
from .errors import AutogradError
from .handle import Handle, wrap
from .inplace import accumulate_grad
from .nodes import RETAIN, Leaf
from .parts import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .nodes import Edge, Output


_TIME = attrgetter("time")
_NOTHING: set[Any] = set()


def walk(
    roots: Sequence[Edge],
    seeds: Sequence[Any],
    *,
    targets: Sequence[Edge] | None = None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Edge, Any]:
    """Send `seeds` back from `roots`; the gradient at each target, or into the leaves' `.grad`.

    With `targets` nothing is stored anywhere but in the answer. Saved values are released
    behind the walk unless `retain_graph`; gradients are taped themselves if `create_graph`.
    """
    order = sorted(_reachable(roots), key=_TIME, reverse=True)
    wanted = _NOTHING if targets is None else set(targets)
    if targets is not None:
        order = _on_the_way(order, wanted)
    flight = Flight(retain_graph, create_graph, into_leaves=targets is None)
    for root, seed in zip(roots, seeds, strict=True):
        flight.add(root, seed, fresh=False)
    found: dict[Edge, Any] = {}
    with GradMode(create_graph):
        for node in order:
            gradient, fresh = flight.take(node)
            if gradient is None:
                continue
            if node.hooks:
                gradient, fresh = run_hooks(node, gradient), False
            if wanted and node in wanted:
                found[node] = gradient
            node.visit(gradient, flight, fresh=fresh)
    return found


class Flight:
    """Gradients on their way, by the entry they go to, and which of them are ours to keep."""

    __slots__ = ("_arrived", "_fresh", "_into_leaves", "_parts", "create_graph", "retain_graph")

    def __init__(self, retain_graph: bool, create_graph: bool, *, into_leaves: bool) -> None:
        self._arrived: dict[Edge, Any] = {}
        self._fresh: set[Edge] = set()
        self._parts: dict[Edge, Parts] = {}
        self._into_leaves = into_leaves
        self.retain_graph = retain_graph
        self.create_graph = create_graph

    def add(self, edge: Edge | None, gradient: Any, *, fresh: bool) -> None:
        """One more gradient for an entry; `fresh` if nobody else holds its memory."""
        if edge is None or gradient is None:
            return
        arrived = self._arrived
        if edge in arrived:
            before = arrived[edge]
            if self._is_ours(edge, before) and before._type == gradient._type:
                np.add(before._value, gradient._value, before._value)
                return
            gradient, fresh = before + gradient, True
        arrived[edge] = gradient
        if fresh:
            self._fresh.add(edge)

    def add_part(self, node: Any, gradient: Any) -> bool:
        """Let what arrived at a part wait for the other parts of the same whole."""
        edge, kind, value = node.edges[0], node.types[0], gradient._value
        if self.create_graph or type(value) is not np.ndarray or value.dtype != kind.dtype:
            return False
        if edge not in self._parts:
            self._parts[edge] = Parts(kind)
        if not self._parts[edge].add(node, value):
            self._join(edge)
        return True

    def _join(self, edge: Edge) -> None:
        """Add the parts that wait to what arrived at the whole."""
        parts, before = self._parts.pop(edge), self._arrived.get(edge)
        if before is None:
            self._arrived[edge] = wrap(parts.joined())
            self._fresh.add(edge)
        elif self._is_ours(edge, before):
            parts.added_to(before._value)
        else:
            self._arrived[edge] = before + wrap(parts.joined())
            self._fresh.add(edge)

    def _is_ours(self, edge: Edge, arrived: Any) -> bool:
        """Whether the numbers that arrived at an entry may be overwritten."""
        if edge not in self._fresh or self.create_graph:
            return False
        value = arrived._value
        if type(value) is not np.ndarray:  # it is only traced
            return False
        flags = value.flags
        return bool(flags.c_contiguous and flags.writeable)  # not one number that is repeated

    def add_slot(self, output: Output, gradient: Any) -> None:
        """One more gradient for one output of an operation with several."""
        slots = self._arrived.setdefault(output.node, [None] * output.node.output_count)
        before = slots[output.index]
        slots[output.index] = gradient if before is None else before + gradient

    def take(self, edge: Edge) -> tuple[Any, bool]:
        """What arrived at an entry (None if nothing did), and whether it is ours to keep."""
        if self._parts and edge in self._parts:
            self._join(edge)
        return self._arrived.pop(edge, None), edge in self._fresh

    def land(self, leaf: Leaf, gradient: Any, *, fresh: bool) -> None:
        """A gradient has come to a leaf."""
        if self._into_leaves:
            tensor = leaf.tensor()
            if tensor is not None:
                land(tensor, leaf, gradient, fresh=fresh, create_graph=self.create_graph)


def land(
    tensor: Any, edge: Edge, gradient: Any, *, fresh: bool = False, create_graph: bool
) -> None:
    """Add a gradient to `.grad`, and call those who wait for it."""
    accumulate_grad(tensor, gradient, fresh=fresh, create_graph=create_graph)
    if type(edge) is Leaf and edge.after:
        with GradMode(create_graph):
            for hook in list(edge.after.values()):
                hook(tensor)


def _reachable(roots: Iterable[Edge]) -> dict[Edge, None]:
    """All entries behind the roots; leaves, which are of one time, come in the same order always.

    A set would order them by where they lie in memory, and a traced step would be another program
    each time, which the cache on disk does not know.
    """
    seen = dict.fromkeys(roots)
    stack = list(seen)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge not in seen:
                seen[edge] = None
                stack.append(edge)
    return seen


def _on_the_way(order: list[Edge], targets: set[Edge]) -> list[Edge]:
    """Only the entries that lead to a target, so that nothing else is computed."""
    leads = set(targets)
    for node in reversed(order):
        if any(edge in leads for edge in node.edges):
            leads.add(node)
    return [node for node in order if node in leads]


def run_hooks(node: Any, gradient: Any) -> Any:
    """What an entry's hooks make of the gradient that has arrived there."""
    hooks = dict(node.hooks)
    last = hooks.pop(RETAIN, None)
    for hook in hooks.values():
        changed = hook(gradient)
        if changed is not None:
            _check_changed(hook, gradient, changed)
            gradient = changed
    if last is not None:
        last(gradient)
    return gradient


def _check_changed(hook: Any, gradient: Any, changed: Any) -> None:
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(changed, Handle):
        raise TypeError(
            f"hook {name}: must return a tensor, which takes the gradient's place, or None, not "
            f"{type(changed).__name__}"
        )
    was, now = gradient._type, changed._type
    if was != now:
        raise AutogradError(
            f"hook {name}: returned shape {[*now.shape]} and dtype {now.dtype} for a gradient of "
            f"shape {[*was.shape]} and dtype {was.dtype}; they must be equal"
        )
