"""Step 1: the column of each box."""

from collections.abc import Sequence

Edge = tuple[int, int]


def topological_order(count: int, edges: Sequence[Edge]) -> list[int]:
    """The nodes 0 .. count-1 ordered such that each comes after all nodes with an edge to it.

    Errors: ValueError if the edges form a cycle.

    >>> topological_order(3, [(2, 0), (0, 1)])
    [2, 0, 1]
    """
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        after[source].append(target)
        waiting[target] += 1
    order = [node for node in range(count) if not waiting[node]]
    for node in order:  # grows during the loop
        for target in after[node]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    if len(order) < count:
        circle = [node for node in range(count) if waiting[node]]
        raise ValueError(
            f"cannot lay out a graph that goes round in a circle: nodes {circle[:5]} depend on"
            " themselves"
        )
    return order


def column_of_each(count: int, edges: Sequence[Edge]) -> list[int]:
    """The column of each node, such that edges go right and their lanes are short.

    Each node starts as far to the right as its consumers allow: a parameter stands beside the
    operation that uses it. Then nodes move to where their inputs' lanes and their own are shortest
    in total, until none can improve.
    """
    inputs: list[list[int]] = [[] for _ in range(count)]
    outputs: list[list[int]] = [[] for _ in range(count)]
    for source, target in dict.fromkeys(edges):
        inputs[target].append(source)
        outputs[source].append(target)
    order = topological_order(count, edges)
    column = _as_late_as_possible(order, outputs)
    for _ in range(count):
        moves = sum(_settle(node, column, inputs, outputs) for node in order)
        if not moves:
            break
    first = min(column, default=0)
    return [place - first for place in column]


def _as_late_as_possible(order: Sequence[int], outputs: Sequence[Sequence[int]]) -> list[int]:
    column = [0] * len(order)
    for node in reversed(order):
        column[node] = min((column[target] for target in outputs[node]), default=1) - 1
    return column


def _settle(
    node: int, column: list[int], inputs: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]
) -> bool:
    """Move one inner node left while that shortens the lanes; True if it moved.

    One lane serves all consumers of a node, so an input's lane shortens only if this node is its
    farthest consumer. Moving left lengthens this node's own lane by one per column.
    """
    if not inputs[node] or not outputs[node]:
        return False
    leftmost = max(column[source] for source in inputs[node]) + 1
    here = column[node]
    pulled = [_reach_without(node, source, column, outputs) for source in inputs[node]]
    best, best_length = here, 0
    for place in range(leftmost, here):
        length = (here - place) + sum(max(place, reach) - max(here, reach) for reach in pulled)
        if length < best_length:
            best, best_length = place, length
    column[node] = best
    return best != here


def _reach_without(
    node: int, source: int, column: Sequence[int], outputs: Sequence[Sequence[int]]
) -> int:
    """The column of the farthest consumer of `source` other than `node`."""
    others = (column[target] for target in outputs[source] if target != node)
    return max(others, default=column[source])
