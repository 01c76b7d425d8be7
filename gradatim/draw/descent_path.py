"""`draw.descent`: gradient descent as a path on a curve or on contours, a panel per rate."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..core.errors import ArgumentError
from ..scalar import Value
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_float, one_or_more
from .canvas.significant import compact
from .canvas.svg import Point, circle, group, path, text
from .plot.axes import Axes, frame
from .plot.contours import contour, region, sampled, spaced
from .plot.scale import Scale, limits

_SIDE = 264.0
_LEFT, _TOP, _BOTTOM, _GAP = 46.0, 62.0, 34.0, 14.0
_CURVE_CELLS = 240
_FIELD_CELLS = 72
_LEVELS = 12
_ROOM = 1.3  # size of the panel relative to the distance from its centre to the start of the path
_NUDGE = 1e-5
MOST_STEPS = 10_000
MOST_RATES = 6


@dataclass(frozen=True)
class Descent:
    """The points visited at one rate; the last may be where numbers overflow."""

    rate: float
    points: tuple[tuple[float, ...], ...]
    heights: tuple[float, ...]


def descent(
    f: Callable[..., Any],
    x0: Any,
    *,
    lr: float | Sequence[float] = 0.1,
    steps: int = 20,
    title: str = "",
) -> Drawing:
    """Draw gradient descent on `f` from `x0`: x <- x - lr * f'(x), `steps` times.

    `f(x)` is drawn as a curve if `x0` is a number, `f(x, y)` as contours if `x0` is a pair. Several
    rates in `lr` give panels side by side, with the same axes. The gradient is that of `backward()`
    if `f` works on `Value`s, else a central difference.

    Errors: ArgumentError for a start or rates that are not numbers, or more than 10,000 steps.

    >>> descent(lambda x: x**2 + 1, 3.0, lr=[0.02, 0.2, 1.05])
    <Drawing: Gradient descent, ...>
    """
    start, rates = tuple(one_or_more(x0)), one_or_more(lr)
    _check(start, rates, steps)
    gradient = gradient_of(f, start)
    paths = [_descend(f, gradient, start, rate, steps) for rate in rates]
    middle, reach = _view(paths)
    panel = _curve_panels if len(start) == 1 else _contour_panels
    panels = panel(f, paths, middle, reach)
    width = _LEFT + _SIDE + _GAP
    head = 26.0 if title else 0.0
    drawn = [text((_LEFT - 8, 30), title, size=15, bold=True)] if title else []
    drawn += [group(p, shift=(i * width, head)) for i, p in enumerate(panels)]
    return Drawing(
        width=width * len(panels) + 12,
        height=head + _TOP + _SIDE + _BOTTOM,
        elements=tuple(drawn),
        title=title or "Gradient descent",
        description="; ".join(f"rate {compact(p.rate)}: {_outcome(p, paths)}" for p in paths),
    )


def _check(start: tuple[float, ...], rates: Sequence[float], steps: int) -> None:
    if len(start) not in (1, 2) or not all(map(math.isfinite, start)):
        raise ArgumentError(
            f"draw.descent starts from one finite number or from two, got {list(start)}"
        )
    if not 0 < len(rates) <= MOST_RATES or not all(map(math.isfinite, rates)):
        raise ArgumentError(f"draw.descent draws 1 to {MOST_RATES} finite rates, got {list(rates)}")
    if not 0 < steps <= MOST_STEPS:
        raise ArgumentError(f"draw.descent takes 1 to {MOST_STEPS:,} steps, got {steps}")


def gradient_of(
    f: Callable[..., Any], start: Sequence[float]
) -> Callable[[Sequence[float]], list[float]]:
    """The gradient of `f` by `backward()` if correct at `start`, else by finite differences.

    It is not enough that `f` runs on Values: `math.sin(value)` returns a plain number, and the
    gradient would silently miss what depends on it.
    """

    def by_backward(x: Sequence[float]) -> list[float]:
        leaves = [Value(number) for number in x]
        f(*leaves).backward()
        return [leaf.grad for leaf in leaves]

    def by_nudging(x: Sequence[float]) -> list[float]:
        slopes = []
        for i, number in enumerate(x):
            h = _NUDGE * max(1.0, abs(number))
            up, down = [*x], [*x]
            up[i], down[i] = number + h, number - h
            slopes.append((as_float(f(*up)) - as_float(f(*down))) / (2 * h))
        return slopes

    estimate = by_nudging(start)
    try:
        exact = by_backward(start)
    except (TypeError, AttributeError, ValueError, ArithmeticError):
        return by_nudging
    size = max(map(abs, [*estimate, 1.0]))
    agree = all(abs(a - b) <= 1e-3 * size for a, b in zip(exact, estimate, strict=True))
    return by_backward if agree else by_nudging


def _descend(
    f: Callable[..., Any],
    gradient: Callable[[Sequence[float]], list[float]],
    start: tuple[float, ...],
    rate: float,
    steps: int,
) -> Descent:
    points, heights = [start], [_height(f, start)]
    for _ in range(steps):
        try:
            slopes = gradient(points[-1])
        except ArithmeticError:  # the numbers have overflowed Python's floats
            break
        point = tuple(x - rate * slope for x, slope in zip(points[-1], slopes, strict=True))
        if not all(map(math.isfinite, point)):
            break
        points.append(point)
        heights.append(_height(f, point))
    return Descent(rate, tuple(points), tuple(heights))


def _height(f: Callable[..., Any], point: Sequence[float]) -> float:
    try:
        return as_float(f(*point))
    except ArithmeticError:
        return math.inf


def _view(paths: Sequence[Descent]) -> tuple[tuple[float, ...], float]:
    """The range of all panels: around the lowest point found, a bit farther than the start.

    Diverging paths are ignored: that they leave the picture is the point of drawing them.
    """
    start = paths[0].points[0]
    calm = [p for p in paths if not _diverges(p)] or [Descent(0.0, (start,), paths[0].heights[:1])]
    visited = [pair for p in calm for pair in zip(p.heights, p.points, strict=True)]
    lowest = min(visited)[1]
    away = max(abs(a - b) for _, point in visited for a, b in zip(point, lowest, strict=True))
    return lowest, (away or 1.0) * _ROOM


def _diverges(p: Descent) -> bool:
    return not p.heights[-1] <= p.heights[0]


def _outcome(p: Descent, paths: Sequence[Descent]) -> str:
    """How a path ended, in words."""
    steps = len(p.points) - 1
    ending = f"f = {compact(p.heights[-1])} after {steps} step{'' if steps == 1 else 's'}"
    if _diverges(p):
        return f"diverges: {ending}"
    best = min(min(q.heights) for q in paths)
    todo, whole = p.heights[-1] - best, p.heights[0] - best
    return f"arrives: {ending}" if todo <= 0.01 * whole else f"on the way: {ending}"


def _curve_panels(
    f: Callable[..., Any], paths: Sequence[Descent], middle: tuple[float, ...], reach: float
) -> list[list[str]]:
    x_range = (middle[0] - reach, middle[0] + reach)
    curve = [(x, _height(f, (x,))) for x in spaced(*x_range, _CURVE_CELLS)]
    y_range = limits((y for _, y in curve), margin=0.08)
    axes = _axes(x_range, y_range)
    panels = []
    for p in paths:
        steps = [(x, y) for (x,), y in zip(p.points, p.heights, strict=True)]
        drawn = frame(axes)
        drawn += axes.curve(curve, stroke=theme.EDGE, stroke_width=2.2)
        panels.append([*drawn, *_steps(axes, steps), *_heading(p, paths)])
    return panels


def _contour_panels(
    f: Callable[..., Any], paths: Sequence[Descent], middle: tuple[float, ...], reach: float
) -> list[list[str]]:
    x_range, y_range = ((c - reach, c + reach) for c in middle)
    field = sampled(lambda points: [_height(f, p) for p in points], x_range, y_range, _FIELD_CELLS)
    axes = _axes(x_range, y_range)
    finite = [h for row in field.heights for h in row if math.isfinite(h)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    # Squares: the contours of a bowl are then evenly spaced instead of crowding at the rim.
    levels = [low + (high - low) * (k / (_LEVELS + 1)) ** 2 for k in range(1, _LEVELS + 1)]
    ground = []
    for level in levels:
        ground.append(path(axes.commands(region(field, level)), fill=theme.BLUE, opacity=0.05))
        lines = axes.commands(contour(field, level))
        ground.append(path(lines, stroke=theme.EDGE, stroke_width=0.8))
    return [
        [*ground, *frame(axes, grid=False), *_steps(axes, p.points), *_heading(p, paths)]
        for p in paths
    ]


def _axes(x_range: tuple[float, float], y_range: tuple[float, float]) -> Axes:
    return Axes(Scale(*x_range, _LEFT, _LEFT + _SIDE), Scale(*y_range, _TOP + _SIDE, _TOP))


def _steps(axes: Axes, points: Sequence[Sequence[float]]) -> list[str]:
    """The path, a dot for each point inside the panel, and a ring at its start."""
    places = _until_gone(axes, [(point[0], point[1]) for point in points])
    drawn = axes.curve(places, stroke=theme.ACCENT, stroke_width=1.5)
    seen = [axes.place(p) for p in places if _inside(axes, p)]
    drawn += [circle(place, 2.6, fill=theme.ACCENT) for place in seen]
    start = axes.place(places[0])
    drawn.append(circle(start, 5, fill=theme.PAPER, stroke=theme.ACCENT, stroke_width=2))
    return drawn


def _until_gone(axes: Axes, places: Sequence[Point]) -> list[Point]:
    """The points up to the second in a row outside the panel; later ones are not visible."""
    for i, (here, following) in enumerate(pairwise(places), start=1):
        if not _inside(axes, here) and not _inside(axes, following):
            return list(places[: i + 1])
    return list(places)


def _inside(axes: Axes, point: Point) -> bool:
    x, y = point
    return axes.x.low <= x <= axes.x.high and axes.y.low <= y <= axes.y.high


def _heading(p: Descent, paths: Sequence[Descent]) -> list[str]:
    return [
        text((_LEFT - 8, _TOP - 32), f"lr = {compact(p.rate)}", size=14, bold=True),
        text((_LEFT - 8, _TOP - 13), _outcome(p, paths), size=11.5, fill=theme.MUTED),
    ]
