"""From a scalar `Value` to the graph behind it.

Works with any class that has `data`, `grad`, its inputs (`_children`, or micrograd's `_prev`) and
its operation (`_op`): the library's own, micrograd's, or one a student writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..canvas.significant import grouped, significant
from .modules import OwnedGraph, Owner, owners
from .record import NOT_COMPUTED, Graph, Kind, Node

_ACTIVATIONS = frozenset({"tanh", "relu", "ReLU", "sigmoid"})


def is_value(x: object) -> bool:
    """Whether `x` looks like a scalar with a history."""
    return hasattr(x, "_op") and hasattr(x, "data") and hasattr(x, "grad")


def children(value: Any) -> tuple[Any, ...]:
    """The inputs that a value was computed from, in the order of the operands."""
    return tuple(value._children if hasattr(value, "_children") else getattr(value, "_prev", ()))


def history(root: Any) -> list[Any]:
    """Every value behind `root`, inputs before their results, `root` last.

    Iterative, because a chain may be deeper than Python's stack.
    """
    order: list[Any] = []
    met = {id(root)}
    waiting = [(root, iter(children(root)))]
    while waiting:
        value, rest = waiting[-1]
        child = next((child for child in rest if id(child) not in met), None)
        if child is None:
            order.append(value)
            waiting.pop()
        else:
            met.add(id(child))
            waiting.append((child, iter(children(child))))
    return order


def owned_value_graph(root: Any, module: Any | None) -> OwnedGraph:
    """The graph behind `root`, and the owners of its parameters."""
    values = history(root)
    place = {id(value): i for i, value in enumerate(values)}
    modules = _owners(values, module)
    owner_of: dict[int, int] = {}
    names: dict[int, str] = {}
    for i, owner in enumerate(modules):
        for leaf, name in owner.names.items():
            if leaf in place:
                owner_of[place[leaf]] = i
                names[place[leaf]] = name
    drawn = value_graph(values, owner_of if modules else None, names)
    activations = {i for i, node in enumerate(drawn.nodes) if node.operation in _ACTIVATIONS}
    return OwnedGraph(drawn, modules, owner_of, dict.fromkeys(owner_of, 1), activations)


def value_graph(
    values: Sequence[Any],
    parameters: Mapping[int, object] | None = None,
    names: Mapping[int, str] | None = None,
) -> Graph:
    """The graph of `values`, which are in the order of `history`.

    `parameters` has the indices of parameter leaves; without it every leaf with a label counts as
    one. `names` has labels for indices that have none of their own.
    """
    index = {id(value): i for i, value in enumerate(values)}
    known = gradients_known(values)
    nodes = tuple(
        Node(
            label=label(value) or (names or {}).get(i, ""),
            operation=str(value._op) if children(value) else "",
            rows=(("data", significant(value.data)), ("grad", _gradient(value, known[i]))),
            kind=_kind(value, i, len(values), parameters),
            details=_details(value, known[i]),
        )
        for i, value in enumerate(values)
    )
    edges = tuple((index[id(child)], index[id(v)]) for v in values for child in children(v))
    state = "with gradients" if known[-1] else "gradients not computed"
    root = nodes[-1].label or "a value"
    return Graph(
        nodes,
        edges,
        title=f"Compute graph of {root}",
        description=f"{grouped(len(nodes))} values, {state};"
        f" {root} = {significant(values[-1].data)}.",
    )


def label(value: Any) -> str:
    """The label of a value, or "" if it has none."""
    return str(getattr(value, "label", "") or "")


def gradients_known(values: Sequence[Any]) -> list[bool]:
    """Whether `backward()` has reached each value.

    For a class that does not record it, the numbers tell: `backward()` makes the root's gradient 1.
    """
    root = values[-1]
    if hasattr(root, "has_grad"):
        return [bool(value.has_grad) for value in values]
    return [bool(root.grad) or bool(value.grad) for value in values]


def _owners(values: Sequence[Any], module: Any | None) -> list[Owner]:
    """The owner of each parameter, from `module` or from labels such as `layer1.n2.w3`."""
    modules = [] if module is None else owners(module)
    by_path: dict[tuple[str, ...], dict[int, str]] = {}
    for value in values:
        if not children(value):
            *path, name = label(value).split(".")
            if path:
                by_path.setdefault(tuple(path), {})[id(value)] = name
    if module is None:
        return [Owner(path, "", names) for path, names in by_path.items()]
    # Labels name a module and its parents better than the attributes that hold them.
    labelled = {frozenset(names): path for path, names in by_path.items()}
    better: dict[tuple[str, ...], tuple[str, ...]] = {}
    for owner in modules:
        spoken = labelled.get(frozenset(owner.names), ())
        if len(spoken) == len(owner.path):
            better |= {owner.path[:k]: spoken[:k] for k in range(len(spoken) + 1)}
    return [replace(owner, path=better.get(owner.path, owner.path)) for owner in modules]


def _gradient(value: Any, known: bool) -> str:
    return significant(value.grad) if known and value.grad is not None else NOT_COMPUTED


def _kind(value: Any, place: int, count: int, parameters: Mapping[int, object] | None) -> Kind:
    if children(value):
        return Kind.RESULT if place == count - 1 else Kind.OPERATION
    named = bool(label(value)) if parameters is None else place in parameters
    return Kind.PARAMETER if named else Kind.INPUT


def _details(value: Any, known: bool) -> str:
    name = label(value) or "no label"
    heading = f"{name}, made by {value._op}" if children(value) else name
    gradient = f"{value.grad!r}" if known else NOT_COMPUTED
    return f"{heading}\ndata {value.data!r}\ngrad {gradient}"
