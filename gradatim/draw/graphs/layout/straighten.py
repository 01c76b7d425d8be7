"""The end of step 4: lanes that rise by a few pixels are straightened.

Relaxation ends with long horizontal runs and small steps between them: moving a single point does
not help, only moving a whole run does. So each run is tried at the height of an adjacent one.
"""

from collections.abc import Sequence

from .lanes import Lanes

Links = list[list[tuple[int, float]]]

_PASSES = 3
_SMALL_STEP = 14.0
_LEVEL = 0.01


def straighten(
    lanes: Lanes,
    columns: Sequence[Sequence[int]],
    gaps: Sequence[Sequence[float]],
    y: list[float],
    links: Links,
) -> None:
    """Shift horizontal runs, with the boxes at their ends, to a neighbour's height if free."""
    room = _Room(columns, gaps, y)
    for _ in range(_PASSES):
        moved = False
        for point in range(len(links)):
            for other, _weight in links[point]:
                step = y[other] - y[point]
                if _LEVEL < abs(step) < _SMALL_STEP:
                    moved |= _shift(_run(point, lanes, y, links), step, room, links)
        if not moved:
            return


class _Room:
    """How far each point can move before it meets its neighbour in the column."""

    def __init__(
        self,
        columns: Sequence[Sequence[int]],
        gaps: Sequence[Sequence[float]],
        y: list[float],
    ) -> None:
        self.y = y
        self.above: dict[int, tuple[int, float]] = {}
        self.below: dict[int, tuple[int, float]] = {}
        for column, column_gaps in zip(columns, gaps, strict=True):
            for upper, lower, gap in zip(column, column[1:], column_gaps[1:], strict=False):
                self.above[lower] = (upper, gap)
                self.below[upper] = (lower, gap)

    def lets(self, point: int, step: float) -> bool:
        beside = (self.above if step < 0 else self.below).get(point)
        if beside is None:
            return True
        other, gap = beside
        return abs(self.y[other] - self.y[point]) - abs(step) >= gap - 1e-9


def _run(point: int, lanes: Lanes, y: Sequence[float], links: Links) -> set[int]:
    """The point and everything connected to it by horizontal lane edges."""
    run = {point}
    waiting = [point]
    while waiting:
        here = waiting.pop()
        for other, _weight in links[here]:
            in_lane = here >= lanes.boxes or other >= lanes.boxes
            if other not in run and in_lane and abs(y[other] - y[here]) <= _LEVEL:
                run.add(other)
                waiting.append(other)
    return run


def _shift(run: set[int], step: float, room: _Room, links: Links) -> bool:
    """Move the whole run by `step` if there is room and its edges get no longer."""
    y = room.y
    if not all(room.lets(point, step) for point in run):
        return False
    change = sum(
        weight * (abs(y[point] + step - y[other]) - abs(y[point] - y[other]))
        for point in run
        for other, weight in links[point]
        if other not in run
    )
    if change > 1e-6:
        return False
    for point in run:
        y[point] += step
    return True
