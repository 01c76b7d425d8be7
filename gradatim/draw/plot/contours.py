"""Contour lines and regions of a function of two numbers, by marching squares."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...core.errors import ArgumentError
from ..canvas.svg import Point

# An edge of the grid: column, row, and whether it is vertical.
_GridEdge = tuple[int, int, bool]


@dataclass(frozen=True)
class Field:
    """Heights on a grid: `heights[j][i]` at (`xs[i]`, `ys[j]`)."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    heights: tuple[tuple[float, ...], ...]


def sampled(
    f: Callable[[Sequence[Point]], Sequence[float]],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    cells: int,
) -> Field:
    """The heights that `f` returns for all points of a grid of `cells` x `cells`, in one call."""
    xs, ys = spaced(*x_range, cells), spaced(*y_range, cells)
    flat = list(f([(x, y) for y in ys for x in xs]))
    if len(flat) != len(xs) * len(ys):
        raise ArgumentError(f"the function gave {len(flat)} numbers for {len(xs) * len(ys)} points")
    rows = (tuple(flat[i : i + len(xs)]) for i in range(0, len(flat), len(xs)))
    return Field(xs, ys, tuple(rows))


def spaced(low: float, high: float, cells: int) -> tuple[float, ...]:
    """`cells` + 1 numbers from `low` to `high`, evenly spaced."""
    return tuple(low + (high - low) * i / cells for i in range(cells + 1))


def contour(field: Field, level: float) -> list[list[Point]]:
    """The lines at height `level`; a closed line ends where it begins."""
    joined: dict[_GridEdge, list[_GridEdge]] = {}
    for a, b in _segments(field, level):
        joined.setdefault(a, []).append(b)
        joined.setdefault(b, []).append(a)
    ends = [edge for edge, others in joined.items() if len(others) == 1]
    lines = []
    for start in [*ends, *joined]:
        if joined[start]:
            trail = _trail(start, joined)
            lines.append([_crossing(field, level, edge) for edge in trail])
    return lines


def region(field: Field, level: float) -> list[list[Point]]:
    """Closed lines around the parts above `level`; fill them by the even-odd rule.

    A zero-width border below the level closes regions that extend beyond the grid.
    """
    low = min([h for row in field.heights for h in row if math.isfinite(h)] + [level]) - 1.0
    rim = (low,) * (len(field.xs) + 2)
    padded = Field(
        (field.xs[0], *field.xs, field.xs[-1]),
        (field.ys[0], *field.ys, field.ys[-1]),
        (rim, *((low, *(_number(h, low) for h in row), low) for row in field.heights), rim),
    )
    return contour(padded, level)


def _number(height: float, otherwise: float) -> float:
    return height if math.isfinite(height) else otherwise


def _segments(field: Field, level: float) -> Iterator[tuple[_GridEdge, _GridEdge]]:
    """For each cell, the pairs of its edges that the contour joins."""
    for j in range(len(field.ys) - 1):
        lower, upper = field.heights[j], field.heights[j + 1]
        for i in range(len(field.xs) - 1):
            corners = (lower[i], lower[i + 1], upper[i + 1], upper[i])
            case = sum(1 << k for k, height in enumerate(corners) if height > level)
            if case in (0, 15) or not all(map(math.isfinite, corners)):
                continue
            # Edges in corner order: from corner k to corner k + 1.
            edges = ((i, j, False), (i + 1, j, True), (i, j + 1, False), (i, j, True))
            for a, b in _joins(case, sum(corners) / 4 > level):
                yield edges[a], edges[b]


def _joins(case: int, center_above: bool) -> tuple[tuple[int, int], ...]:
    """Which edges of a cell are joined; bit k of `case` is set if corner k is above.

    If opposite corners are above (a saddle), the centre decides which pair is separated.
    """
    if case in (5, 10):
        around_0_and_2, around_1_and_3 = ((3, 0), (1, 2)), ((0, 1), (2, 3))
        return around_1_and_3 if (case == 5) == center_above else around_0_and_2
    crossed = [k for k in range(4) if (case >> k & 1) != (case >> (k + 1) % 4 & 1)]
    return ((crossed[0], crossed[1]),)


def _trail(start: _GridEdge, joined: dict[_GridEdge, list[_GridEdge]]) -> list[_GridEdge]:
    """Walk from edge to edge, consuming the joints on the way."""
    trail = [start]
    while joined[trail[-1]]:
        here = trail[-1]
        onward = joined[here].pop()
        joined[onward].remove(here)
        trail.append(onward)
    return trail


def _crossing(field: Field, level: float, edge: _GridEdge) -> Point:
    """Where on a grid edge the height is `level`, by linear interpolation."""
    i, j, upright = edge
    i1, j1 = (i, j + 1) if upright else (i + 1, j)
    a, b = field.heights[j][i], field.heights[j1][i1]
    share = (level - a) / (b - a)
    x = field.xs[i] + share * (field.xs[i1] - field.xs[i])
    y = field.ys[j] + share * (field.ys[j1] - field.ys[j])
    return x, y
