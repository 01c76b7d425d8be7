"""A frame for curves and points: axes with round numbers, and labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..canvas import theme
from ..canvas.svg import Point, line, path, text, through
from ..canvas.text_width import text_width
from .clip import clipped
from .scale import Scale, tick_labels

TITLE_SIZE = 14.0
LABEL_SIZE = 12.0
TICK_SIZE = 11.0


@dataclass(frozen=True)
class Axes:
    """Two scales, and the rectangle they span."""

    x: Scale
    y: Scale

    def place(self, point: Point) -> Point:
        """The pixel position of a data point."""
        return self.x(point[0]), self.y(point[1])

    def commands(self, lines: Sequence[Sequence[Point]]) -> str:
        """The commands of one path through the points of several lines."""
        return "".join(through([self.place(point) for point in line]) for line in lines)

    def curve(
        self,
        points: Sequence[Point],
        *,
        stroke: str,
        stroke_width: float = 2.0,
        opacity: float = 1.0,
    ) -> list[str]:
        """A line through `points`, with a gap at missing numbers, clipped to the frame."""
        box = (self.x.start, self.y.end, self.x.end, self.y.start)
        pieces = [
            piece
            for run in self._drawable_runs(points)
            for piece in clipped([self.place(point) for point in run], box)
        ]
        commands = "".join(through(piece) for piece in pieces if len(piece) > 1)
        drawn = [path(commands, stroke=stroke, stroke_width=stroke_width, opacity=opacity)]
        return drawn if commands else []

    def between(
        self, low: Sequence[Point], high: Sequence[Point], *, fill: str, opacity: float
    ) -> list[str]:
        """The band between two lines, without the points that have no place on these axes."""
        edges = [p for p in [*low, *reversed(high)] if self.is_drawable(p)]
        outline = through([self.place(point) for point in edges], closed=True)
        return [path(outline, fill=fill, opacity=opacity)] if len(edges) > 2 else []

    def lonely(self, points: Sequence[Point]) -> list[Point]:
        """The points without a neighbour to draw a line to; they are drawn as dots."""
        return [run[0] for run in self._drawable_runs(points) if len(run) == 1]

    def _drawable_runs(self, points: Sequence[Point]) -> list[list[Point]]:
        runs: list[list[Point]] = [[]]
        for point in points:
            if self.is_drawable(point):
                runs[-1].append(point)
            elif runs[-1]:
                runs.append([])
        return [run for run in runs if run]

    def is_drawable(self, point: Point) -> bool:
        """Whether a point has a place: finite, and above zero on a logarithmic axis."""
        x, y = point
        return (
            math.isfinite(x)
            and math.isfinite(y)
            and (x > 0 or not self.x.log)
            and (y > 0 or not self.y.log)
        )


def frame(
    axes: Axes,
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    x_numbers: bool = True,
    grid: bool = True,
) -> list[str]:
    """Grid lines, numbers and labels. The y label is horizontal, above its axis."""
    left, right, bottom, top = axes.x.start, axes.x.end, axes.y.start, axes.y.end
    drawn = []
    count = max(4, round((right - left) / 80))
    places = axes.x.ticks(count) if x_numbers else []
    for place, label in zip(places, tick_labels(places), strict=True):
        x = axes.x(place)
        drawn.append(line((x, bottom), (x, bottom + 4), stroke=theme.EDGE))
        drawn.append(_tick((x, bottom + 17), label, "middle"))
    for place, label in _y_numbers(axes.y):
        y = axes.y(place)
        if grid:
            drawn.append(line((left, y), (right, y), stroke=theme.HAIRLINE))
        drawn.append(_tick((left - 8, y + 4), label, "end"))
    drawn.append(line((left, bottom), (right, bottom), stroke=theme.EDGE))
    label_base = top - 10
    if y_label:
        drawn.append(text((left - 8, label_base), y_label, size=LABEL_SIZE, fill=theme.MUTED))
    if title:
        base = label_base - (20 if y_label else 0)
        drawn.append(text((left - 8, base), title, size=TITLE_SIZE, bold=True))
    if x_label:
        corner = (right, bottom + 35)
        drawn.append(text(corner, x_label, size=LABEL_SIZE, fill=theme.MUTED, anchor="end"))
    return drawn


def room_for_numbers(y: Scale) -> float:
    """The width that the numbers left of a vertical axis need."""
    return 16 + max((text_width(label, TICK_SIZE) for _, label in _y_numbers(y)), default=0.0)


def _y_numbers(y: Scale) -> list[tuple[float, str]]:
    places = y.ticks(max(2, round((y.start - y.end) / 48)))
    return [*zip(places, tick_labels(places), strict=True)]


def heading_end(axes: Axes, title: str, y_label: str = "") -> float:
    """Where the longer of the words above a frame ends: a picture must be wide enough for them."""
    widest = max(text_width(title, TITLE_SIZE, bold=True), text_width(y_label, LABEL_SIZE))
    return axes.x.start - 8 + widest


def _tick(position: Point, label: str, anchor: str) -> str:
    return text(position, label, size=TICK_SIZE, fill=theme.MUTED, anchor=anchor)
