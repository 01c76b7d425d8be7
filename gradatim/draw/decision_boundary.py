"""`draw.boundary`: the decision boundary of a classifier of points in the plane."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..core.errors import ArgumentError
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_floats, as_rows
from .canvas.significant import compact
from .canvas.svg import Point, circle, path, text
from .plot.axes import Axes, frame, heading_end
from .plot.contours import Field, contour, region, sampled
from .plot.scale import Scale, limits

_SIDE = 400.0
_LEFT, _TOP, _BOTTOM, _RIGHT = 56.0, 46.0, 58.0, 24.0
_BANDS = (0.75, 0.5, 0.25, 0.0)
_BAND_OPACITY = 0.13


def boundary(
    predict: Callable[[list[list[float]]], Any],
    points: Any,
    labels: Any,
    *,
    level: float = 0.0,
    cells: int = 60,
    title: str = "",
) -> Drawing:
    """Draw the decision boundary of a two-class model, with the points it should separate.

    `predict` takes a list of points [x, y] and returns one score for each; a score above `level`
    (0.5 for probabilities) means the class with the greater label. It is called with (`cells` +
    1)^2 points at once. The stronger the colour, the farther the score is from `level`.
    Misclassified points have a ring.

    Errors: ArgumentError if points, labels and scores do not fit, or unless there are two classes.

    >>> line = lambda points: [x + y - 1 for x, y in points]
    >>> boundary(line, [[0.0, 0.0], [1.0, 1.0]], [0, 1], cells=4)
    <Drawing: Decision boundary, ...>
    """
    places = [_pair(row) for row in as_rows(points, "the points of draw.boundary")]
    greater = _is_greater(labels, len(places))
    x_range, y_range = _square([x for x, _ in places], [y for _, y in places])
    axes = Axes(Scale(*x_range, _LEFT, _LEFT + _SIDE), Scale(*y_range, _TOP + _SIDE, _TOP))
    scores = partial(_scores, predict)
    field = sampled(scores, x_range, y_range, cells)
    right = [
        (score > level) == second for score, second in zip(scores(places), greater, strict=True)
    ]
    share = f"{sum(right)} of {len(right)} points on the right side"
    drawn = [
        *_bands(axes, field, level),
        *frame(axes, title=title or "Decision boundary", grid=False),
        path(axes.commands(contour(field, level)), stroke=theme.INK, stroke_width=2),
        *(
            _dot(axes.place(place), second, good)
            for place, second, good in zip(places, greater, right, strict=True)
        ),
        text((_LEFT, _TOP + _SIDE + 42), share, size=12, fill=theme.MUTED),
    ]
    return Drawing(
        width=max(_LEFT + _SIDE, heading_end(axes, title)) + _RIGHT,
        height=_TOP + _SIDE + _BOTTOM,
        elements=tuple(drawn),
        title=title or "Decision boundary",
        description=share,
    )


def _pair(row: Sequence[float]) -> Point:
    if len(row) != 2:
        raise ArgumentError(f"draw.boundary draws points of 2 numbers, got points of {len(row)}")
    return row[0], row[1]


def _is_greater(labels: Any, count: int) -> list[bool]:
    """For each point whether its class is the one with the greater label."""
    targets = as_floats(labels)
    classes = sorted(set(targets))
    if len(targets) != count or len(classes) != 2:
        raise ArgumentError(
            f"draw.boundary: {count} points need as many labels, of two classes; got"
            f" {len(targets)} labels of classes {', '.join(map(compact, classes[:5]))}"
        )
    return [target == classes[1] for target in targets]


def _scores(predict: Callable[[list[list[float]]], Any], where: Sequence[Point]) -> list[float]:
    scores = as_floats(predict([[x, y] for x, y in where]))
    if len(scores) != len(where):
        raise ArgumentError(
            f"draw.boundary: predict got {len(where)} points and gave {len(scores)} scores"
        )
    return scores


def _square(
    xs: Sequence[float], ys: Sequence[float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ranges of equal length for both axes, so that they have the same scale."""
    x_range, y_range = limits(xs, margin=0.12), limits(ys, margin=0.12)
    half = max(x_range[1] - x_range[0], y_range[1] - y_range[0]) / 2
    middles = sum(x_range) / 2, sum(y_range) / 2
    return (middles[0] - half, middles[0] + half), (middles[1] - half, middles[1] + half)


def _bands(axes: Axes, field: Field, level: float) -> list[str]:
    """Both sides in their colours, in layers that add up away from the boundary."""
    finite = [abs(h - level) for row in field.heights for h in row if math.isfinite(h)]
    reach = max(finite, default=0.0) or 1.0
    mirrored = Field(field.xs, field.ys, tuple(tuple(-h for h in row) for row in field.heights))
    drawn = []
    for share in _BANDS:
        for side, sign, colour in ((field, 1, theme.ORANGE), (mirrored, -1, theme.BLUE)):
            commands = axes.commands(region(side, sign * level + share * reach))
            if commands:
                drawn.append(path(commands, fill=colour, opacity=_BAND_OPACITY))
    return drawn


def _dot(place: Point, second: bool, good: bool) -> str:
    fill = theme.ORANGE if second else theme.BLUE
    dot = circle(place, 4, fill=fill, stroke=theme.PAPER)
    return dot if good else circle(place, 7.5, stroke=theme.INK, stroke_width=1.6) + dot
