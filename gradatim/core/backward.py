"""Walk the tape back in time and add up gradients. The tape itself is never changed.

The walk is iterative: collect the nodes behind the roots, sort them by the clock (a node is
younger than all it was computed from) and visit each once, youngest first. Gradients in flight
live in a dictionary; only leaves, and tensors that asked with `retain_grad`, keep theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .context import GradMode, local
from .errors import AutogradError
from .handle import alias
from .inplace import accumulate_grad
from .primitive import OUT, PARAM, SAVED, TYPE
from .tape import Leaf, Node, Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .tape import Edge


def walk(
    roots: Sequence[Edge],
    seeds: Sequence[Any],
    *,
    targets: Sequence[Edge] | None = None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Edge, Any]:
    """Send `seeds` back from `roots`; the gradient at each target, or into the leaves' `.grad`.

    With `targets` nothing is stored anywhere but in the answer. Nodes are released behind the
    walk unless `retain_graph`; gradients are taped themselves if `create_graph`.
    """
    order = sorted(_reachable(roots), key=_time, reverse=True)
    wanted = None if targets is None else set(targets)
    if wanted is not None:
        order = _on_the_way(order, wanted)
    flight = _Flight()
    for root, seed in zip(roots, seeds, strict=True):
        flight.add(root, seed, fresh=False)
    found: dict[Edge, Any] = {}
    with GradMode(create_graph):
        for node in order:
            arrived = flight.take(node)
            if arrived is None:
                continue
            gradient, fresh = arrived
            if node.hooks:
                gradient, fresh = _run_hooks(node, gradient), False
            if wanted is not None and node in wanted:
                found[node] = gradient
            if type(node) is Leaf:
                if wanted is None:
                    accumulate_grad(node, gradient, fresh=fresh, create_graph=create_graph)
                continue
            if type(node) is Output:
                _retain(node, gradient)
                flight.add_slot(node, gradient)
                continue
            if type(node) is Node:
                _retain(node, gradient)
                for i, new in pull(node, gradient):
                    flight.add(node.edges[i], new, fresh=_made_by_rule(new, gradient))
                if not retain_graph:
                    node.saved, node.out = (() if not node.saved else None), ()
                continue
            for i, new in node.pull(gradient, retain_graph):
                flight.add(node.edges[i], new, fresh=False)
    return found


def _time(node: Edge) -> int:
    return node.time  # type: ignore[no-any-return]


def _reachable(roots: Iterable[Edge]) -> set[Edge]:
    seen = set(roots)
    stack = list(seen)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return seen


def _on_the_way(order: list[Edge], targets: set[Edge]) -> list[Edge]:
    """Only the nodes that lead to a target, so that nothing else is computed."""
    leads = set(targets)
    for node in reversed(order):
        if any(edge in leads for edge in node.edges):
            leads.add(node)
    return [node for node in order if node in leads]


class _Flight:
    """Gradients on their way, by the node they go to, and which of them are ours to keep."""

    __slots__ = ("_arrived", "_fresh")

    def __init__(self) -> None:
        self._arrived: dict[Edge, Any] = {}
        self._fresh: set[Edge] = set()

    def add(self, edge: Edge, gradient: Any, *, fresh: bool) -> None:
        if edge is None or gradient is None:
            return
        before = self._arrived.get(edge)
        if before is None:
            self._arrived[edge] = gradient
            if fresh:
                self._fresh.add(edge)
        else:
            self._arrived[edge] = before + gradient
            self._fresh.add(edge)

    def add_slot(self, output: Output, gradient: Any) -> None:
        slots = self._arrived.setdefault(output.node, [None] * output.node.output_count)
        before = slots[output.index]
        slots[output.index] = gradient if before is None else before + gradient

    def take(self, edge: Edge) -> tuple[Any, bool] | None:
        gradient = self._arrived.pop(edge, None)
        if gradient is None:
            return None
        return gradient, edge in self._fresh


def _made_by_rule(new: Any, incoming: Any) -> bool:
    """Whether a rule's result has memory of its own (some hand on what came in, or a view)."""
    return new is not None and (type(incoming) is list or new._storage is not incoming._storage)


def pull(node: Node, gradient: Any) -> list[tuple[int, Any]]:
    """Call the rules of one node: the gradient for each input that wants one."""
    saved = _unpack(node)
    results = []
    for i, rule, sources in node.plan.rules:
        if node.edges[i] is None:
            continue
        arguments = []
        for kind, key in sources:
            if kind == SAVED:
                arguments.append(saved[key])
            elif kind == OUT:
                arguments.append(_output(node, key))
            elif kind == PARAM:
                arguments.append(node.params[key])
            elif kind == TYPE:
                arguments.append(node.types[key])
            else:
                arguments.append(node.types)
        results.append((i, rule(gradient, *arguments)))
    if local.context.anomaly:
        check_for_nan(node.name, node.trace, results)
    return results


def _unpack(node: Node) -> tuple[Any, ...]:
    saved = node.saved
    if saved is None or (node.plan.keeps_out and not node.out):
        raise AutogradError(
            f"backward: the graph behind {node.name} was already walked and its saved values "
            "freed; pass retain_graph=True to the first backward() if you need a second one"
        )
    for x in saved:
        if x._storage.written > node.time:
            raise AutogradError(_overwritten(node, f"an input of shape {tuple(x._value.shape)}"))
    for storage in node.out:
        if storage is not None and storage.written > node.time:
            raise AutogradError(_overwritten(node, "its result"))
    return saved


def _overwritten(node: Node, what: str) -> str:
    return (
        f"backward: {node.name} needs {what}, but it was overwritten in place since; "
        "use the out-of-place form (x = x + 1 instead of x += 1) or write to a .clone()"
    )


def _output(node: Node, index: int) -> Any:
    """A saved output as a tensor again, on the tape where the original stood."""
    storage = node.out[index]
    assert storage is not None
    tensor = alias(storage.value, storage)
    tensor._edge = node if len(node.out) == 1 else Output(node, index)
    return tensor


def _run_hooks(node: Edge, gradient: Any) -> Any:
    for hook in list(node.hooks.values()):
        changed = hook(gradient)
        if changed is not None:
            gradient = changed
    return gradient


def _retain(node: Node | Output, gradient: Any) -> None:
    tensor = node.retained() if node.retained is not None else None
    if tensor is not None:
        before = tensor.grad
        tensor.grad = gradient.clone() if before is None else before + gradient


def check_for_nan(name: str, trace: Any, results: Iterable[tuple[int, Any]]) -> None:
    """Anomaly mode: refuse a gradient with nan, and say which forward operation it belongs to."""
    for i, gradient in results:
        if gradient is not None and bool((gradient != gradient).any()):
            where = "".join(trace.format()[-4:]) if trace is not None else "unknown\n"
            raise AutogradError(
                f"backward: {name} returned nan for its input {i}; the forward call was\n{where}"
            )
