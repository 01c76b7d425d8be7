"""Fold a graph by module: neurons, layers or whole blocks, by level."""

from collections import Counter
from collections.abc import Hashable

from ..canvas.significant import grouped
from .fold import Fold, fold, on_circles
from .modules import OwnedGraph, module_of_each
from .record import Graph, Kind

Path = tuple[str, ...]


def depth(owned: OwnedGraph) -> int:
    """The number of module levels above the parameters of a graph."""
    used = {owned.owners[i] for i in owned.owner_of.values()}
    return max((len(owner.path) or bool(owner.kind) for owner in used), default=0)


def fold_by_module(owned: OwnedGraph, level: int) -> Graph:
    """The graph with one node for each module of the first `level` levels."""
    groups = _groups(owned, level)
    kinds = {owner.path: owner.kind for owner in owned.owners}
    counts: Counter[Path] = Counter()
    for leaf, owner in owned.owner_of.items():
        counts[owned.owners[owner].path[:level]] += owned.sizes[leaf]
    paths = {path for path in groups if path is not None}
    folds: dict[Hashable, Fold] = {
        path: _about(path, kinds.get(path, ""), counts[path]) for path in paths
    }
    return fold(owned.graph, groups, folds)


def _groups(owned: OwnedGraph, level: int) -> list[Path | None]:
    graph = owned.graph
    modules = module_of_each(len(graph.nodes), graph.edges, owned.owner_of, owned.activations)
    groups: list[Path | None] = []
    for module in modules:
        owner = None if module is None else owned.owners[module]
        foldable = owner is not None and (owner.path or owner.kind)
        groups.append(owner.path[:level] if owner is not None and foldable else None)
    return _with_constants(graph, _with_between(graph, groups))


def _with_between(graph: Graph, groups: list[Path | None]) -> list[Path | None]:
    """Nodes on a path from a group back into it join it: the tanh between a block's layers."""
    inputs: list[list[int]] = [[] for _ in groups]
    users: list[list[int]] = [[] for _ in groups]
    for source, target in graph.edges:
        inputs[target].append(source)
        users[source].append(target)
    joined = list(groups)
    circles = on_circles(graph, groups)
    for path in dict.fromkeys(group for group in groups if group in circles):
        members = [i for i, group in enumerate(groups) if group == path]
        for i in _reached(members, users) & _reached(members, inputs):
            if groups[i] is None:
                joined[i] = path
    return joined


def _reached(start: list[int], neighbours: list[list[int]]) -> set[int]:
    """All nodes reachable from `start`, which itself counts only if reached again."""
    reached: set[int] = set()
    waiting = list(start)
    while waiting:
        for i in neighbours[waiting.pop()]:
            if i not in reached:
                reached.add(i)
                waiting.append(i)
    return reached


def _with_constants(graph: Graph, groups: list[Path | None]) -> list[Path | None]:
    """Constants without a name join the only group that uses them."""
    users: dict[int, set[Path | None]] = {}
    for source, target in graph.edges:
        users.setdefault(source, set()).add(groups[target])
    joined = list(groups)
    for i, node in enumerate(graph.nodes):
        if node.kind is Kind.INPUT and not node.label and len(users.get(i, ())) == 1:
            (joined[i],) = users[i]
    return joined


def _about(path: Path, kind: str, count: int) -> Fold:
    plural = "" if count == 1 else "s"
    return Fold(".".join(path) or kind, kind or "holds", f"{grouped(count)} parameter{plural}")
