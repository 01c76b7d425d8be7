"""Folding: merging many nodes into one, so that a large graph becomes readable."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from .record import Edge, Graph, Kind, Node

Name = tuple[str, Hashable]


@dataclass(frozen=True)
class Fold:
    """The contents of a folded node: its label, the class it stands for, and its size."""

    label: str
    kind: str
    size: str


def fold(
    graph: Graph, group_of: Sequence[Hashable | None], folds: Mapping[Hashable, Fold]
) -> Graph:
    """The graph with every group merged into one node.

    `group_of` has the group of each node, or None for a node that stays. A group whose folding
    would create a cycle (a part that is applied to its own result) stays open.
    """
    groups = _acyclic(graph, group_of)
    members: dict[Name, list[int]] = {}
    for node, group in enumerate(groups):
        members.setdefault(_name(node, group), []).append(node)
    # A folded node takes the position of its last member, so that the graph's result stays last.
    ordered = sorted(members.values(), key=lambda inside: inside[-1])
    place = {node: i for i, inside in enumerate(ordered) for node in inside}
    leaving = {a for a, b in graph.edges if place[a] != place[b]}
    nodes = []
    for inside in ordered:
        group = groups[inside[0]]
        if group is None:
            nodes.append(graph.nodes[inside[0]])
        else:
            exits = [node for node in inside if node in leaving] or inside[-1:]
            nodes.append(_folded([graph.nodes[i] for i in exits], len(inside), folds[group]))
    return replace(graph, nodes=tuple(nodes), edges=_outer_edges(graph.edges, groups, place))


def _outer_edges(
    edges: Sequence[Edge], groups: Sequence[Hashable | None], place: Mapping[int, int]
) -> tuple[Edge, ...]:
    """Edges between different nodes of the folded graph, each pair of folded nodes only once."""
    kept: list[Edge] = []
    seen: set[Edge] = set()
    for source, target in edges:
        edge = (place[source], place[target])
        folded = groups[source] is not None or groups[target] is not None
        if edge[0] == edge[1] or (folded and edge in seen):
            continue
        seen.add(edge)
        kept.append(edge)
    return tuple(kept)


def _folded(exits: Sequence[Node], size: int, about: Fold) -> Node:
    """One node for `size` nodes. If a single value leaves the group, its facts are shown."""
    label = about.label
    facts: tuple[tuple[str, str], ...] = (("gives", f"{len(exits)} values"),)
    if len(exits) == 1:
        facts = exits[0].rows
        label += f" → {exits[0].label}" if exits[0].label else ""
    return Node(
        label=label,
        operation="",
        rows=((about.kind, about.size), *facts),
        kind=Kind.FOLDED,
        details=f"{about.label}\n{about.kind}, {about.size}, {size} nodes",
    )


def _acyclic(graph: Graph, group_of: Sequence[Hashable | None]) -> list[Hashable | None]:
    """The groups without those that would lie on a cycle."""
    groups = list(group_of)
    while circle := on_circles(graph, groups):
        groups = [None if group in circle else group for group in groups]
    return groups


def on_circles(graph: Graph, groups: Sequence[Hashable | None]) -> set[Hashable]:
    """The groups that, each merged into one node, would lie on a cycle or between two cycles."""
    names = [_name(node, group) for node, group in enumerate(groups)]
    edges = {(names[a], names[b]) for a, b in graph.edges if names[a] != names[b]}
    circle = _left_over(edges) & _left_over({(b, a) for a, b in edges})
    return {name for kind, name in circle if kind == "group"}


def _name(node: int, group: Hashable | None) -> Name:
    return ("stays", node) if group is None else ("group", group)


def _left_over(edges: set[tuple[Name, Name]]) -> set[Name]:
    """The nodes on cycles and those reachable from them, which Kahn's algorithm never frees."""
    after: dict[Name, list[Name]] = {}
    waiting: dict[Name, int] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
        waiting[b] = waiting.get(b, 0) + 1
        waiting.setdefault(a, 0)
    free = [node for node, count in waiting.items() if not count]
    while free:
        for target in after.get(free.pop(), ()):
            waiting[target] -= 1
            if not waiting[target]:
                free.append(target)
    return {node for node, count in waiting.items() if count}
