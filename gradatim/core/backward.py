"""The backward pass: walk the tape back in time and accumulate gradients.

The walk is iterative: collect the entries reachable from the roots, sort them by the clock (an
entry is newer than all its inputs) and visit each once, newest first. Pending gradients live in a
dictionary; only leaves, and tensors with `retain_grad`, keep theirs.
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
    from collections.abc import Collection, Iterable, Sequence

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
    """Propagate `seeds` back from `roots`, into the leaves' `.grad` or to `targets`.

    With `targets` the result maps each target reached to its gradient, and no `.grad` changes.
    Saved values are released on the way unless `retain_graph`; with `create_graph` the gradient
    computation is itself recorded on the tape.
    """
    order = sorted(_reachable(roots), key=_TIME, reverse=True)
    wanted = _NOTHING if targets is None else set(targets)
    if targets is not None:
        order = _on_the_way(order, wanted)
    pending = PendingGradients(retain_graph, create_graph, wanted, into_leaves=targets is None)
    for root, seed in zip(roots, seeds, strict=True):
        pending.add(root, seed, fresh=False)
    found: dict[Edge, Any] = {}
    with GradMode(create_graph):
        for node in order:
            gradient, fresh = pending.take(node)
            if gradient is None:
                continue
            if node.hooks:
                gradient, fresh = run_hooks(node, gradient), False
            if wanted and node in wanted:
                found[node] = gradient
            node.visit(gradient, pending, fresh=fresh)
    return found


class PendingGradients:
    """Gradients of tape entries that are still to be visited.

    A fresh gradient has no other reference, so further gradients can be added to it in place.
    """

    __slots__ = ("_arrived", "_fresh", "_into_leaves", "_parts", "create_graph", "retain_graph",
                 "wanted")  # fmt: skip

    def __init__(
        self,
        retain_graph: bool,
        create_graph: bool,
        wanted: Collection[Edge] = (),
        *,
        into_leaves: bool,
    ) -> None:
        self._arrived: dict[Edge, Any] = {}
        self._fresh: set[Edge] = set()
        self._parts: dict[Edge, Parts] = {}
        self._into_leaves = into_leaves
        self.retain_graph = retain_graph
        self.create_graph = create_graph
        self.wanted = wanted  # the entries whose gradients were asked for

    def add(self, edge: Edge | None, gradient: Any, *, fresh: bool) -> None:
        """Add a gradient for an entry; `fresh` if nothing else references its memory."""
        if edge is None or gradient is None:
            return
        arrived = self._arrived
        if edge in arrived:
            before, value = arrived[edge], gradient._value
            if self._is_ours(edge, before, value) and before._type == gradient._type:
                np.add(before._value, value, before._value)
                return
            gradient, fresh = before + gradient, True
        arrived[edge] = gradient
        if fresh:
            self._fresh.add(edge)

    def add_part(self, node: Any, gradient: Any) -> bool:
        """Collect the gradient of a slice, to be joined with others; False if it cannot be."""
        edge, kind, value = node.edges[0], node.types[0], gradient._value
        if self.create_graph or type(value) is not np.ndarray or value.dtype != kind.dtype:
            return False
        if edge not in self._parts:
            self._parts[edge] = Parts(kind)
        if not self._parts[edge].add(node, value):
            self._join(edge)
        return True

    def _join(self, edge: Edge) -> None:
        """Add the collected gradients of slices to that of the whole tensor."""
        parts, before = self._parts.pop(edge), self._arrived.get(edge)
        if before is None:
            self._arrived[edge] = wrap(parts.joined())
            self._fresh.add(edge)
        elif self._is_ours(edge, before, before._value):
            parts.added_to(before._value)
        else:
            self._arrived[edge] = before + wrap(parts.joined())
            self._fresh.add(edge)

    def _is_ours(self, edge: Edge, arrived: Any, more: Any) -> bool:
        """Whether a value may be added to a gradient in place."""
        if edge not in self._fresh or self.create_graph:
            return False
        value = arrived._value
        if type(value) is not np.ndarray or type(more) is not np.ndarray:
            return False  # a variable of a trace, or a batch of `vmap`
        flags = value.flags
        return bool(flags.c_contiguous and flags.writeable)  # not a broadcast scalar

    def add_slot(self, output: Output, gradient: Any) -> None:
        """Add the gradient of one output of a multi-output operation."""
        slots = self._arrived.setdefault(output.node, [None] * output.node.output_count)
        before = slots[output.index]
        slots[output.index] = gradient if before is None else before + gradient

    def take(self, edge: Edge) -> tuple[Any, bool]:
        """The gradient of an entry (None if there is none), and whether it is fresh."""
        if self._parts and edge in self._parts:
            self._join(edge)
        return self._arrived.pop(edge, None), edge in self._fresh

    def reach_leaf(self, leaf: Leaf, gradient: Any, *, fresh: bool) -> None:
        """Add the complete gradient of a leaf to its `.grad`, unless there are targets."""
        if self._into_leaves:
            tensor = leaf.tensor()
            if tensor is not None:
                add_to_grad(tensor, leaf, gradient, fresh=fresh, create_graph=self.create_graph)


def add_to_grad(
    tensor: Any, edge: Edge, gradient: Any, *, fresh: bool = False, create_graph: bool
) -> None:
    """Add a gradient to `.grad`, then run the post-accumulate hooks."""
    accumulate_grad(tensor, gradient, fresh=fresh, create_graph=create_graph)
    if type(edge) is Leaf and edge.after:
        with GradMode(create_graph):
            for hook in list(edge.after.values()):
                hook(tensor)


def _reachable(roots: Iterable[Edge]) -> dict[Edge, None]:
    """All entries reachable from the roots, in the same order in every run.

    A set is ordered by address, so leaves, which all have time 0, would be visited in a different
    order in each process, and a traced step would miss the compiler's cache on disk.
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
    """The entries on a path to a target: no other gradients need to be computed."""
    leads = set(targets)
    for node in reversed(order):
        if any(edge in leads for edge in node.edges):
            leads.add(node)
    return [node for node in order if node in leads]


def run_hooks(node: Any, gradient: Any) -> Any:
    """Run an entry's hooks, `retain_grad` last, and return the resulting gradient."""
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
