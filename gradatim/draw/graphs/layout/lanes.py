"""Step 2: lanes for edges that skip columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from .ranks import Edge


@dataclass(frozen=True)
class Lanes:
    """The graph with a point in every column that an edge passes through.

    Points 0 .. boxes-1 are the boxes themselves; the rest are points of lanes. All edges from one
    box share a lane as far as possible, since they carry one value: that keeps pictures of a value
    used a hundred times readable, and the graph small.
    """

    boxes: int
    columns: tuple[tuple[int, ...], ...]
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]
    chains: dict[Edge, tuple[int, ...]]


def with_lanes(column: Sequence[int], edges: Sequence[Edge]) -> Lanes:
    """Add the lanes that `edges` need between boxes in columns `column`."""
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for node, place in enumerate(column):
        columns[place].append(node)
    inputs: list[list[int]] = [[] for _ in column]
    outputs: list[list[int]] = [[] for _ in column]
    lane_of: list[list[int]] = [[] for _ in column]

    def join(left: int, right: int) -> None:
        outputs[left].append(right)
        inputs[right].append(left)

    def extend_lane(source: int) -> None:
        point = len(inputs)
        inputs.append([])
        outputs.append([])
        join(lane_of[source][-1] if lane_of[source] else source, point)
        lane_of[source].append(point)
        columns[column[source] + len(lane_of[source])].append(point)

    chains: dict[Edge, tuple[int, ...]] = {}
    for source, target in dict.fromkeys(edges):
        skipped = column[target] - column[source] - 1
        while len(lane_of[source]) < skipped:
            extend_lane(source)
        chain = (source, *lane_of[source][:skipped], target)
        join(chain[-2], target)
        chains[source, target] = chain
    return Lanes(len(column), _frozen(columns), _frozen(inputs), _frozen(outputs), chains)


def _frozen(lists: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(inner) for inner in lists)
