"""`draw.regions`: the linear regions of a ReLU network of one or two inputs."""

import colorsys
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..diagnose.regions import Line, Plane, find
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_floats, as_rows
from .canvas.svg import Point, circle, path, text, through
from .canvas.text_width import text_width
from .loss_curves import thinned
from .plot.axes import Axes, frame, heading_end, room_for_numbers
from .plot.scale import Scale, limits

_LEFT, _RIGHT, _BOTTOM, _TITLED, _BARE = 56.0, 24.0, 60.0, 46.0, 22.0
_WIDTH, _HEIGHT = 520.0, 260.0
_SIDE = 400.0
_RUG = 9.0  # height of the marks of a layer
_MOST_DOTS = 120  # more dots than this would hide the curve
_DENSE = 1000
_CAPTION, _LINE, _GAP = 12.0, 17.0, 12.0
_ZERO = "bold: where the output is 0"


def regions(
    model: Any,
    low: Any = -1.0,
    high: Any = 1.0,
    *,
    points: Any = None,
    labels: Any = None,
    title: str = "",
) -> Drawing:
    """Draw the linear regions of a ReLU network between `low` and `high`.

    `model` is a network or the result of `diagnose.regions.find` for one. With one input: the
    function, its bends, and below it a mark wherever a unit switches, with a numbered row per
    layer; `points` are pairs (x, y) of data. With two: the cells, coloured by the direction and
    steepness of the first output's slope, so that equal colours are equal slopes, and their edges
    by layer; the bold line is where the output is zero; `points` are positions, with `labels` of
    two classes, white and black.

    Errors: those of `regions.find`.

    >>> from gradatim.diagnose.regions import zigzag
    >>> regions(zigzag(3, 2), 0.0, 1.0)
    <Drawing: 16 linear regions, ...>
    """
    cells = model if isinstance(model, Line | Plane) else find(model, low, high)
    data = [] if points is None else as_rows(points, "the points of draw.regions")
    if any(len(row) != 2 for row in data):
        raise ArgumentError("draw.regions: points are pairs of two numbers")
    if isinstance(cells, Line):
        return _line(cells, [(x, y) for x, y in data], title)
    classes = [0.0] * len(data) if labels is None else as_floats(labels)
    if len(classes) != len(data):
        raise ArgumentError(
            f"draw.regions: {len(data)} points need as many labels, got {len(classes)}"
        )
    return _plane(cells, [(x, y) for x, y in data], classes, title)


def _line(found: Line, data: list[Point], title: str) -> Drawing:
    curve = list(zip(found.x.tolist(), found.y[:, 0].tolist(), strict=True))
    layers = sorted(set(found.layer.tolist()))
    top = _TITLED if title else _BARE
    y = Scale(*limits([y for _, y in curve + data]), top + _HEIGHT, top)
    left = max(_LEFT, room_for_numbers(y))
    axes = Axes(Scale(float(found.x[0]), float(found.x[-1]), left, left + _WIDTH), y)
    rug = top + _HEIGHT + 24
    drawn = [
        *frame(axes, title=title),
        *(circle(axes.place(point), 2.4, fill=theme.EDGE) for point in data),
        *axes.curve(thinned(curve), stroke=theme.INK, stroke_width=_pen(len(curve))),
        *_dots(axes, curve, found),
        *(mark for i, k in enumerate(layers) for mark in _marks(axes, found, k, rug + i * _RUG)),
    ]
    bottom = rug + len(layers) * _RUG + 22
    caption, bottom = _caption_and_layers(axes, found, layers, bottom)
    drawn += caption
    return Drawing(
        max(left + _WIDTH, heading_end(axes, title)) + _RIGHT,
        bottom + 14,
        tuple(drawn),
        title or _caption_of(found),
        _caption_of(found),
    )


def _pen(points: int) -> float:
    """Thin where the line oscillates too often to be followed."""
    return 1.6 if points < _DENSE else 0.3


def _caption_of(found: Line | Plane) -> str:
    many = f"{found.patterns:,} linear region{'' if found.patterns == 1 else 's'}"
    if isinstance(found, Line) and found.pieces != found.patterns:
        return f"{many}, {found.pieces:,} straight piece{'' if found.pieces == 1 else 's'}"
    return many


def _colour(layer: int) -> str:
    return theme.SERIES[(layer - 1) % len(theme.SERIES)]


def _dots(axes: Axes, curve: list[Point], found: Line) -> list[str]:
    inner = zip(curve[1:-1], found.layer.tolist(), strict=True)
    if len(curve) > _MOST_DOTS:
        return []
    return [circle(axes.place(place), 3, fill=_colour(layer)) for place, layer in inner]


def _marks(axes: Axes, found: Line, layer: int, top: float) -> list[str]:
    """Where units of a layer switch, at most one mark per half pixel."""
    places = found.x[1:-1][found.layer == layer]
    columns = sorted({round(axes.x(place) * 2) / 2 for place in places.tolist()})
    commands = "".join(through(((x, top), (x, top + _RUG - 2))) for x in columns)
    return [
        text(
            (axes.x.start - 8, top + _RUG - 2), str(layer), size=8, fill=theme.MUTED, anchor="end"
        ),
        path(commands, stroke=_colour(layer), stroke_width=0.8),
    ]


def _caption_and_layers(
    axes: Axes, found: Line | Plane, layers: Sequence[int], base: float
) -> tuple[list[str], float]:
    """The count, the layers' names to the right of it or on lines below, and the last line."""
    left, right = axes.x.start, axes.x.end
    drawn = [text((left, base), _caption_of(found), size=_CAPTION, fill=theme.MUTED)]
    widths = {layer: text_width(f"layer {layer}", _CAPTION) + _GAP for layer in layers}
    x = right + _GAP - sum(widths.values())
    if x < left + text_width(_caption_of(found), _CAPTION) + _GAP:
        x, base = left, base + _LINE
    for layer, width in widths.items():
        if x + width > right + _GAP + 0.5:  # half a pixel for rounding
            x, base = left, base + _LINE
        name = f"layer {layer}"
        drawn.append(text((x, base), name, size=_CAPTION, fill=_colour(layer), bold=True))
        x += width
    return drawn, base


def _plane(found: Plane, data: list[Point], labels: list[float], title: str) -> Drawing:
    corners = np.concatenate(found.cells)
    (left, bottom), (right, top) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    begin = _TITLED if title else _BARE
    height = _SIDE * min((top - bottom) / (right - left), 2.0)
    axes = Axes(Scale(left, right, _LEFT, _LEFT + _SIDE), Scale(bottom, top, begin + height, begin))
    layers = sorted({edge.layer for edge in found.edges})
    base, zero = begin + height + 42, _zero(axes, found)
    drawn = [
        *_cells(axes, found),
        *(_edges(axes, found, layer) for layer in reversed(layers)),
        *zero,
        *frame(axes, title=title, grid=False),
        *_places(axes, data, labels),
    ]
    caption, base = _caption_and_layers(axes, found, layers, base)
    drawn += caption
    if zero:
        base += _LINE
        drawn.append(text((_LEFT, base), _ZERO, size=_CAPTION, fill=theme.MUTED))
    return Drawing(
        max(_LEFT + _SIDE, heading_end(axes, title)) + _RIGHT,
        base + 18,
        tuple(drawn),
        title or _caption_of(found),
        _caption_of(found),
    )


def _cells(axes: Axes, found: Plane) -> list[str]:
    slopes = found.slope[:, 0]
    steep = float(np.hypot(slopes[:, 0], slopes[:, 1]).max()) or 1.0
    drawn = []
    for corners, (dx, dy) in zip(found.cells, slopes.tolist(), strict=True):
        points = [axes.place((x, y)) for x, y in corners.tolist()]
        # The stroke in the same colour closes the seams between neighbours.
        fill = _slope_colour(dx, dy, steep)
        drawn.append(path(through(points, closed=True), fill=fill, stroke=fill, stroke_width=0.5))
    return drawn


def _slope_colour(dx: float, dy: float, steep: float) -> str:
    """The direction as hue, the steepness as saturation; nearly white where it is flat."""
    strength = math.sqrt(math.hypot(dx, dy) / steep)
    hue = math.atan2(dy, dx) / math.tau % 1.0
    channels = colorsys.hls_to_rgb(hue, 0.97 - 0.27 * strength, 0.15 + 0.4 * strength)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def _edges(axes: Axes, found: Plane, layer: int) -> str:
    sides = [[edge.start, edge.end] for edge in found.edges if edge.layer == layer]
    width = max(0.7, 1.7 - 0.4 * (layer - 1))
    return path(axes.commands(sides), stroke=_colour(layer), stroke_width=width)


def _zero(axes: Axes, found: Plane) -> list[str]:
    """Where the first output is zero: a line segment in each cell where its sign changes."""
    sides = []
    for corners, heights in zip(found.cells, found.heights, strict=True):
        z = heights[:, 0]
        after = np.roll(z, -1)
        i = np.flatnonzero(z * after < 0)
        if len(i) == 2:
            t = (z[i] / (z[i] - after[i]))[:, None]
            ends = (1 - t) * corners[i] + t * np.roll(corners, -1, axis=0)[i]
            sides.append([(x, y) for x, y in ends.tolist()])
    return [path(axes.commands(sides), stroke=theme.INK, stroke_width=2.6)] if sides else []


def _places(axes: Axes, data: list[Point], labels: list[float]) -> list[str]:
    first = min(labels, default=0.0)
    return [
        circle(
            axes.place(place),
            3.2,
            fill=theme.PAPER if label == first else theme.INK,
            stroke=theme.INK if label == first else theme.PAPER,
        )
        for place, label in zip(data, labels, strict=True)
    ]
