"""`draw.curves`: losses over time, from lists or from a run's metrics; functions and their data."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from ..core.errors import ArgumentError
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_floats, as_list
from .canvas.svg import Point, circle, text
from .canvas.text_width import text_width
from .graphs.layout import isotonic
from .plot.axes import Axes, frame, heading_end
from .plot.scale import Scale, limits

_WIDTH, _HEIGHT = 560.0, 300.0
_LEFT, _BOTTOM, _RIGHT = 64.0, 56.0, 24.0
_TOP, _TITLE = 44.0, 22.0
_NAME_SIZE = 12.0
_NAME_GAP = 16.0
_MOST_POINTS = 2000
_BAND_OPACITY = 0.16
_NOISE = 60  # minimum number of points to be noisy; noisy curves are drawn thin, below the others


def curves(
    series: Any,
    *,
    points: Any = (),
    log_x: bool = False,
    log_y: bool = False,
    title: str = "",
    x_label: str = "step",
    y_label: str = "loss",
) -> Drawing:
    """Draw one curve for each name in `series`, labelled at its end.

    A curve is a list of numbers (at 0, 1, 2, ...), a pair (xs, ys), or three lists (xs, ys, widths)
    for a curve in a band from `y - width` to `y + width`. Instead of a dictionary, `series` may be
    one curve, or the path of a run's folder or of its `metrics.jsonl`, which draws that run's
    losses. `points` are pairs (x, y) of data. Noisy curves, such as batch losses, are thin and pale
    beside the others. A nan or infinite number leaves a gap, and so does a number not above zero on
    a logarithmic axis.

    Errors: ArgumentError if there is nothing to draw, FileNotFoundError without metrics.

    >>> curves({"train": [3.3, 2.5, 2.4], "dev": ([0, 2], [3.3, 2.5])})
    <Drawing: loss over step, ...>
    >>> curves(([0, 1], [1.0, 2.0], [0.1, 0.5]), points=[(0, 1.1)], x_label="x", y_label="y")
    <Drawing: y over x, ...>
    """
    given = _named(series)
    lines = {str(name): _points(name, data) for name, data in given.items()}
    bands = {str(name): _band(lines[str(name)], data) for name, data in given.items()}
    dots = [_dot(row) for row in as_list(points)]
    if not any(lines.values()):
        raise ArgumentError("draw.curves: there is no number to draw in " + str(list(lines)))
    seen = [*dots, *chain(*lines.values()), *chain(*chain(*bands.values()))]
    x_range = limits((x for x, _ in seen), log=log_x, margin=0.02 if dots else 0.0)
    y_range = limits((y for _, y in seen), log=log_y)
    top = _TOP + (_TITLE if title else 0.0)
    whole = all(x.is_integer() for x, _ in seen)
    axes = Axes(
        Scale(*x_range, _LEFT, _LEFT + _WIDTH, log_x, whole),
        Scale(*y_range, top + _HEIGHT, top, log_y),
    )
    drawn = frame(axes, title=title, x_label=x_label, y_label=y_label)
    colours = dict(zip(lines, _cycle(len(lines)), strict=True))
    for name, edges in bands.items():
        drawn += axes.between(*edges, fill=colours[name], opacity=_BAND_OPACITY)
    drawn += [circle(axes.place(p), 3, fill=theme.MUTED) for p in dots if axes.is_drawable(p)]
    noise = {name for name, curve in lines.items() if _is_noise(curve)}
    pale = 0.5 if len(noise) < len(lines) else 1.0
    for name, curve in sorted(lines.items(), key=lambda item: item[0] not in noise):
        width, opacity = (1.0, pale) if name in noise else (2.2, 1.0)
        drawn += axes.curve(
            thinned(curve), stroke=colours[name], stroke_width=width, opacity=opacity
        )
        drawn += [circle(axes.place(dot), 3, fill=colours[name]) for dot in axes.lonely(curve)]
    names, right, bottom = _names(axes, lines, colours)
    return Drawing(
        width=max(right, heading_end(axes, title, y_label)) + _RIGHT,
        height=max(top + _HEIGHT, bottom) + _BOTTOM,
        elements=(*drawn, *names),
        title=title or f"{y_label} over {x_label}",
        description="; ".join(_summary(name, curve) for name, curve in lines.items()),
    )


def _named(series: Any) -> dict[Any, Any]:
    """The curves by name; one that is given alone has none."""
    if isinstance(series, str | os.PathLike):
        return dict(read_losses(series))
    if isinstance(series, Mapping):
        return dict(series)
    if not _is_several(series) and any(map(_is_list, as_list(series))):
        raise ArgumentError("draw.curves: several curves need names, as in {'train': [...]}")
    return {"": series}


def _is_list(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) != 1


def read_losses(path: str | os.PathLike[str]) -> dict[str, tuple[list[float], list[float]]]:
    """The losses in a run's `metrics.jsonl`: every key that is or ends with "loss", by step.

    A line torn by a crash is skipped.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "metrics.jsonl"
    if not file.is_file():
        raise FileNotFoundError(
            f"draw.curves: there is no {str(file)!r}; give the folder of a run or its metrics.jsonl"
        )
    losses: dict[str, tuple[list[float], list[float]]] = {}
    with file.open(encoding="utf-8", errors="replace") as lines:
        for record in map(_record, lines):
            for key, value in record.items():
                if key == "loss" or key.endswith("_loss"):
                    xs, ys = losses.setdefault(_readable(key), ([], []))
                    xs.append(float(record["step"]))
                    ys.append(float(value))
    if not losses:
        raise ArgumentError(f"draw.curves: {str(file)!r} has no line with a step and a loss yet")
    return losses


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and "step" in record else {}


def _readable(key: str) -> str:
    return "batch" if key == "loss" else key.removesuffix("_loss")


def _points(name: object, data: Any) -> list[Point]:
    has_places = _is_several(data)
    ys = as_floats(data[1] if has_places else data)
    xs = as_floats(data[0]) if has_places else [float(i) for i in range(len(ys))]
    if len(xs) != len(ys):
        whose = repr(name) if name else "the curve"
        raise ArgumentError(f"draw.curves: {whose} has {len(xs)} places but {len(ys)} numbers")
    return list(zip(xs, ys, strict=True))


def _band(curve: Sequence[Point], data: Any) -> tuple[list[Point], list[Point]]:
    """The lower and the upper edge of the band around a curve, empty if it has none."""
    if not (_is_several(data) and len(data) == 3):
        return [], []
    widths = as_floats(data[2])
    if len(widths) != len(curve):
        raise ArgumentError(f"draw.curves: {len(widths)} widths for a curve of {len(curve)} points")
    known = [(x, y, w) for (x, y), w in zip(curve, widths, strict=True) if math.isfinite(x + y + w)]
    return [(x, y - w) for x, y, w in known], [(x, y + w) for x, y, w in known]


def _dot(row: Any) -> Point:
    place = as_floats(row)
    if len(place) != 2:
        raise ArgumentError(f"draw.curves: points are pairs (x, y), got {len(place)} numbers")
    return place[0], place[1]


def _is_several(data: Any) -> bool:
    """Whether a curve is given as several lists: its places, its numbers, its widths."""
    return isinstance(data, tuple) and 2 <= len(data) <= 3 and all(map(_is_sequence, data))


def _is_sequence(part: Any) -> bool:
    """Whether it has items; the type of a tensor of one number has a length, too."""
    return hasattr(part, "__len__") and not isinstance(part, str) and getattr(part, "ndim", 1) > 0


def _is_noise(curve: Sequence[Point]) -> bool:
    """Whether a long curve turns at more than a quarter of its points, as batch losses do."""
    steps = [b[1] - a[1] for a, b in pairwise(curve)]
    turns = sum(a * b < 0 for a, b in pairwise(steps))
    return len(curve) >= _NOISE and turns > len(curve) / 4


def thinned(curve: Sequence[Point]) -> list[Point]:
    """At most about 2,000 points: the minimum and maximum of each interval of a longer curve.

    Peaks are kept, so the picture looks the same; the file stays small.
    """
    if len(curve) <= _MOST_POINTS:
        return list(curve)
    stretch = math.ceil(2 * len(curve) / _MOST_POINTS)
    kept: list[Point] = []
    for i in range(0, len(curve), stretch):
        part = curve[i : i + stretch]
        gaps = [point for point in part if not math.isfinite(point[1])]
        chosen = gaps[:1] or {min(part, key=_height), max(part, key=_height)}
        kept += sorted(chosen)
    return kept


def _height(point: Point) -> float:
    return point[1]


def _cycle(count: int) -> list[str]:
    return [theme.SERIES[i % len(theme.SERIES)] for i in range(count)]


def _names(
    axes: Axes, points: Mapping[str, Sequence[Point]], colours: Mapping[str, str]
) -> tuple[list[str], float, float]:
    """Each name at the height where its curve ends, moved apart to avoid overlaps; and how far to
    the right and down they reach. Below the frame they stand only if it is too low for them all.
    """
    ends = []
    for name, curve in points.items():
        inside = [p for p in curve if math.isfinite(p[1]) and (p[1] > 0 or not axes.y.log)]
        if inside:
            ends.append((axes.y(inside[-1][1]), name))
    ends.sort()
    # As in the layout: the heights closest to the wishes that are a line of text apart.
    wishes = [height - i * _NAME_GAP for i, (height, _) in enumerate(ends)]
    highest = axes.y.end
    lowest = max(highest, axes.y.start - (len(ends) - 1) * _NAME_GAP)
    lifts = [min(max(lift, highest), lowest) for lift in isotonic(wishes, [1.0] * len(wishes))]
    drawn = []
    for i, (_, name) in enumerate(ends):
        place = (axes.x.end + 10, lifts[i] + i * _NAME_GAP + 4)
        drawn.append(text(place, name, size=_NAME_SIZE, fill=colours[name], bold=True))
    widest = max((text_width(name, _NAME_SIZE, bold=True) for _, name in ends), default=0.0)
    return drawn, axes.x.end + 10 + widest, highest + (len(ends) - 1) * _NAME_GAP


def _summary(name: str, curve: Sequence[Point]) -> str:
    finite = [y for _, y in curve if math.isfinite(y)]
    told = f"{finite[0]:.4g} to {finite[-1]:.4g}" if finite else "no number"
    return f"{name}: {told}" if name else told
