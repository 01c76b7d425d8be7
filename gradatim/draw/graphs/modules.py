"""Which module each node of a graph belongs to, inferred from where its parameters are used.

No engine records which module computed a node. But a module's work begins at its parameters and
ends where they have all met: for `x @ W + b` that is the sum. So every node that some, but not yet
all, of a module's parameters have reached belongs to that module.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .layout import topological_order
from .record import Edge, Graph


@dataclass(frozen=True, eq=False)
class Owner:
    """A module: its path, its class, and the names of its own parameters by id."""

    path: tuple[str, ...]
    kind: str
    names: Mapping[int, str]


@dataclass(frozen=True)
class OwnedGraph:
    """A graph and the owners of its parameters.

    `owner_of` maps each parameter leaf to an index in `owners`, `sizes` to its number of elements.
    """

    graph: Graph
    owners: Sequence[Owner]
    owner_of: Mapping[int, int]
    sizes: Mapping[int, int]
    activations: Container[int] = frozenset()


def owners(module: Any) -> list[Owner]:
    """The modules inside `module`, including itself, with the parameters that are their own.

    A module is anything with `parameters()`; its parts are found among its attributes and in the
    lists, tuples and dictionaries they hold, so that custom classes work too. A list of leaves or a
    dictionary of named ones, instead of a module, is an owner that is not folded.
    """
    if not callable(getattr(module, "parameters", None)):
        named = module.items() if isinstance(module, Mapping) else (("", leaf) for leaf in module)
        return [Owner((), "", {id(leaf): str(name) for name, leaf in named})]
    modules = []
    met: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Any]] = [((), module)]
    while waiting:
        path, part = waiting.pop()
        if id(part) in met:
            continue
        met.add(id(part))
        own = {id(p) for p in part.parameters()}
        names = {id(item): name for name, item in _items(part) if id(item) in own}
        modules.append(Owner(path, type(part).__name__, names))
        parts = [(name, item) for name, item in _items(part) if _is_module(item)]
        waiting += [((*path, name), item) for name, item in reversed(parts)]
    return modules


def _is_module(item: Any) -> bool:
    return callable(getattr(item, "parameters", None)) and not isinstance(item, type)


def _items(part: Any) -> Iterator[tuple[str, Any]]:
    """Attributes, and the items of their containers, with names: `w` or `layers.0`."""
    named = getattr(part, "_modules", None), getattr(part, "_parameters", None)
    holders = [h for h in named if isinstance(h, dict)] or [getattr(part, "__dict__", {})]
    for holder in holders:
        for name, item in holder.items():
            if isinstance(item, list | tuple):
                yield from ((f"{name}.{i}", inner) for i, inner in enumerate(item))
            elif isinstance(item, dict):
                yield from ((f"{name}.{key}", inner) for key, inner in item.items())
            else:
                yield name, item


def module_of_each(
    count: int,
    edges: Sequence[Edge],
    owner_of: Mapping[int, int],
    activations: Container[int] = frozenset(),
) -> list[int | None]:
    """The owner of every node; `owner_of` has those of the parameter leaves.

    A node in `activations` belongs to the module whose result is its only input: a neuron ends with
    its activation, where no parameter enters.
    """
    inputs: list[list[int]] = [[] for _ in range(count)]
    uses = [0] * count
    for source, target in edges:
        inputs[target].append(source)
        uses[source] += 1
    whole: dict[int, set[int]] = {}
    for leaf, owner in owner_of.items():
        whole.setdefault(owner, set()).add(leaf)
    module_of: list[int | None] = [owner_of.get(node) for node in range(count)]
    met: list[frozenset[int]] = [frozenset()] * count

    def is_open(node: int, user: int) -> bool:
        """Whether the node `user`, computed from `node`, still belongs to the module of `node`."""
        owner = module_of[node]
        if owner is None:
            return False
        if node in owner_of or len(met[node]) < len(whole[owner]):
            return True
        return user in activations and uses[node] == 1 and node not in activations

    for node in topological_order(count, edges):
        if node in owner_of:
            met[node] = frozenset((node,))
            continue
        active = [i for i in inputs[node] if is_open(i, node)]
        candidates = {module_of[i] for i in active}
        if len(candidates) == 1:
            module_of[node] = candidates.pop()
            met[node] = frozenset().union(*(met[i] for i in active))
    return module_of
