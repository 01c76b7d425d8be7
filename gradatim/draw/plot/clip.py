"""Clipping of lines to a rectangle (Liang and Barsky 1984)."""

from collections.abc import Sequence
from itertools import pairwise

from ..canvas.svg import Point

Rectangle = tuple[float, float, float, float]


def clipped(points: Sequence[Point], rectangle: Rectangle) -> list[list[Point]]:
    """The parts of the line through `points` that lie in (left, top, right, bottom).

    >>> clipped([(-1.0, 1.0), (1.0, 1.0), (1.0, 9.0)], (0.0, 0.0, 2.0, 2.0))
    [[(0.0, 1.0), (1.0, 1.0), (1.0, 2.0)]]
    """
    pieces: list[list[Point]] = []
    if len(points) == 1 and _inside(points[0], rectangle):
        return [list(points)]
    for start, end in pairwise(points):
        part = clip_segment(start, end, rectangle)
        if part is None:
            continue
        if pieces and pieces[-1][-1] == part[0] == start:
            pieces[-1].append(part[1])
        else:
            pieces.append(list(part))
    return pieces


def clip_segment(start: Point, end: Point, rectangle: Rectangle) -> tuple[Point, Point] | None:
    """The part of one straight segment inside the rectangle, or None."""
    (x0, y0), (x1, y1) = start, end
    left, top, right, bottom = rectangle
    dx, dy = x1 - x0, y1 - y0
    enter, leave = 0.0, 1.0
    for toward, room in ((-dx, x0 - left), (dx, right - x0), (-dy, y0 - top), (dy, bottom - y0)):
        if toward == 0:
            if room < 0:
                return None
        elif toward < 0:
            enter = max(enter, room / toward)
        else:
            leave = min(leave, room / toward)
    if enter > leave:
        return None
    first = start if enter == 0 else (x0 + enter * dx, y0 + enter * dy)
    last = end if leave == 1 else (x0 + leave * dx, y0 + leave * dy)
    return first, last


def _inside(point: Point, rectangle: Rectangle) -> bool:
    left, top, right, bottom = rectangle
    return left <= point[0] <= right and top <= point[1] <= bottom
