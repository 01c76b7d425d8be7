"""Folding a graph by module: neurons, layers or whole blocks, by the level asked for."""

from .fold import Fold, fold
from .modules import OwnedGraph, module_of_each
from .record import Graph, Kind
from .significant import grouped

Path = tuple[str, ...]


def depth(owned: OwnedGraph) -> int:
    """How many levels of modules the parameters of a graph lie under."""
    used = {owned.owners[i] for i in owned.owner_of.values()}
    return max((len(owner.path) or bool(owner.kind) for owner in used), default=0)


def fold_by_module(owned: OwnedGraph, level: int) -> Graph:
    """The graph with one node for each module of the first `level` levels."""
    groups = _groups(owned, level)
    paths = {path for path in groups if path is not None}
    return fold(owned.graph, groups, {path: _about(owned, path) for path in paths})


def _groups(owned: OwnedGraph, level: int) -> list[Path | None]:
    graph = owned.graph
    modules = module_of_each(len(graph.nodes), graph.edges, owned.owner_of, owned.activations)
    groups: list[Path | None] = []
    for module in modules:
        owner = None if module is None else owned.owners[module]
        foldable = owner is not None and (owner.path or owner.kind)
        groups.append(owner.path[:level] if owner is not None and foldable else None)
    return _with_constants(graph, groups)


def _with_constants(graph: Graph, groups: list[Path | None]) -> list[Path | None]:
    """Numbers without a name join the only group that uses them."""
    users: dict[int, set[Path | None]] = {}
    for source, target in graph.edges:
        users.setdefault(source, set()).add(groups[target])
    joined = list(groups)
    for i, node in enumerate(graph.nodes):
        if node.kind is Kind.INPUT and not node.label and len(users.get(i, ())) == 1:
            (joined[i],) = users[i]
    return joined


def _about(owned: OwnedGraph, path: Path) -> Fold:
    inside = [i for i, o in owned.owner_of.items() if owned.owners[o].path[: len(path)] == path]
    count = sum(owned.sizes[i] for i in inside)
    kind = next((owner.kind for owner in owned.owners if owner.path == path), "")
    plural = "" if count == 1 else "s"
    return Fold(".".join(path) or kind, kind or "holds", f"{grouped(count)} parameter{plural}")
