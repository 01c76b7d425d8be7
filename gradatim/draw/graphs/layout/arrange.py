"""Step 5: boxes and routes in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from .heights import heights
from .lanes import Lanes, with_lanes
from .ordering import crossings, order_columns
from .ranks import Edge, column_of_each

Point = tuple[float, float]

_BOX_GAP = 18.0
_LANE_GAP = 10.0
_LANE_TO_BOX_GAP = 14.0
_COLUMN_GAP = 44.0
_STEEPEST_EXTRA = 76.0


@dataclass(frozen=True)
class Box:
    """A rectangle: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center_y(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Route:
    """The route of an edge: horizontal stretches, one per column, connected by curves.

    Each stretch is (x of its start, x of its end, y). The first starts at the right side of the
    source, the last ends at the left side of the target.
    """

    stretches: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Arrangement:
    """The position of everything, in pixels from the top left corner at (0, 0)."""

    boxes: tuple[Box, ...]
    routes: dict[Edge, Route]
    width: float
    height: float
    crossings: int


def arrange(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Arrangement:
    """Lay out boxes of the given (width, height) so that every edge (source, target) goes right.

    The result is deterministic. Errors: ValueError if the edges form a cycle.

    >>> found = arrange([(10, 10), (10, 10)], [(0, 1)])
    >>> found.boxes[0].x < found.boxes[1].x
    True
    """
    lanes = with_lanes(column_of_each(len(sizes), edges), edges)
    columns = order_columns(lanes)
    gaps = [_gaps(column, sizes) for column in columns]
    y = heights(lanes, columns, gaps)
    spans = _column_spans(lanes, columns, sizes, y)
    boxes = _boxes(columns, sizes, spans, y)
    top = min([box.y for box in boxes] + y[lanes.boxes :], default=0.0)
    boxes = [Box(box.x, box.y - top, box.width, box.height) for box in boxes]
    level = [value - top for value in y]
    return Arrangement(
        tuple(boxes),
        _routes(lanes, columns, boxes, spans, level),
        max((end for _, end in spans), default=0.0),
        max([box.y + box.height for box in boxes] + level[lanes.boxes :], default=0.0),
        crossings(lanes, columns),
    )


def _gaps(column: Sequence[int], sizes: Sequence[tuple[float, float]]) -> list[float]:
    """The minimum distance of each point's centre from that of the point above it."""
    gaps = []
    for place, point in enumerate(column):
        if not place:
            gaps.append(0.0)
            continue
        above = column[place - 1]
        lanes = (above >= len(sizes)) + (point >= len(sizes))
        halves = sum(sizes[p][1] / 2 for p in (above, point) if p < len(sizes))
        gaps.append(halves + (_BOX_GAP, _LANE_TO_BOX_GAP, _LANE_GAP)[lanes])
    return gaps


def _column_spans(
    lanes: Lanes,
    columns: Sequence[Sequence[int]],
    sizes: Sequence[tuple[float, float]],
    y: Sequence[float],
) -> list[tuple[float, float]]:
    """The start and end of each column; steep edges get more space before their column."""
    spans: list[tuple[float, float]] = []
    x = 0.0
    for i, column in enumerate(columns):
        if i:
            rises = (abs(y[p] - y[q]) for p in column for q in lanes.inputs[p])
            x += _COLUMN_GAP + min(max(rises, default=0.0) / 8, _STEEPEST_EXTRA)
        width = max(sizes[p][0] for p in column if p < len(sizes))
        spans.append((x, x + width))
        x += width
    return spans


def _boxes(
    columns: Sequence[Sequence[int]],
    sizes: Sequence[tuple[float, float]],
    spans: Sequence[tuple[float, float]],
    y: Sequence[float],
) -> list[Box]:
    """Boxes are right-aligned in their column, so that edges leave a column on one line."""
    boxes = [Box(0.0, 0.0, 0.0, 0.0)] * len(sizes)
    for column, (_, end) in zip(columns, spans, strict=True):
        for point in column:
            if point < len(sizes):
                width, height = sizes[point]
                boxes[point] = Box(end - width, y[point] - height / 2, width, height)
    return boxes


def _routes(
    lanes: Lanes,
    columns: Sequence[Sequence[int]],
    boxes: Sequence[Box],
    spans: Sequence[tuple[float, float]],
    level: Sequence[float],
) -> dict[Edge, Route]:
    column_of = {point: i for i, column in enumerate(columns) for point in column}

    def stretch(point: int) -> tuple[float, float, float]:
        return (*spans[column_of[point]], level[point])

    routes = {}
    for (source, target), chain in lanes.chains.items():
        right = boxes[source].x + boxes[source].width
        leave = (right, right, level[source])
        enter = (spans[column_of[target]][0], boxes[target].x, level[target])
        routes[source, target] = Route((leave, *map(stretch, chain[1:-1]), enter))
    return routes
