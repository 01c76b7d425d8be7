"""`draw.scatter`: points in the plane, with their names or in the colours of their groups."""

from collections.abc import Sequence
from typing import Any

from ..core.errors import ArgumentError
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_rows
from .canvas.svg import Point, circle, group, text
from .canvas.text_width import text_width
from .plot.axes import Axes, frame, heading_end, room_for_numbers
from .plot.scale import Scale, limits

_WIDTH, _HEIGHT = 460.0, 400.0
_TOP, _HEADING, _BOTTOM, _RIGHT = 24.0, 21.0, 56.0, 24.0
_LABEL_SIZE, _LONG_SIZE, _KEY_SIZE = 15.0, 11.0, 12.0
_LINE = 18.0
MOST_POINTS = 5000


def scatter(
    points: Any,
    labels: Sequence[object] | None = None,
    *,
    groups: Sequence[object] | None = None,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
) -> Drawing:
    """Draw points (x, y), such as letters in the plane of an embedding.

    Each point is its entry of `labels`, beside a dot if that is longer than two characters;
    without labels it is a dot. Points of one group have one colour, in the order in which `groups`
    first names them, with a key beside the frame. A point that is not finite is left out.

    Errors: ArgumentError for points of other than two numbers, for labels or groups that do not
    fit, or for more than 5,000 points.

    >>> scatter([[0.0, 1.0], [2.0, 0.5]], "ab", groups=["vowel", "consonant"])
    <Drawing: 2 points, ...>
    """
    places = _places(points)
    names = _fitting("labels", labels, len(places))
    kinds = _fitting("groups", groups, len(places))
    known = list(dict.fromkeys(kinds))
    colours = {kind: theme.SERIES[i % len(theme.SERIES)] for i, kind in enumerate(known)}
    top = _TOP + _HEADING * (bool(title) + bool(y_label))
    y = Scale(*limits((y for _, y in places), margin=0.06), top + _HEIGHT, top)
    left = room_for_numbers(y) + 16
    axes = Axes(
        Scale(*limits((x for x, _ in places), margin=0.06), left, left + _WIDTH),
        y,
    )
    drawn = frame(axes, title=title, x_label=x_label, y_label=y_label)
    ends = [axes.x.end, heading_end(axes, title, y_label)]
    for place, name, kind in zip(places, names, kinds, strict=True):
        if axes.is_drawable(place):
            drawn.append(_mark(axes.place(place), name, colours[kind]))
            ends.append(axes.x(place[0]) + 8 + text_width(name, _LONG_SIZE) * (len(name) > 2))
    key_left = max(ends[0], *ends[2:]) + 16
    for i, kind in enumerate(known if any(known) else ()):
        drawn.append(circle((key_left, top + 6 + i * _LINE), 4, fill=colours[kind]))
        spot = (key_left + 10, top + 10 + i * _LINE)
        drawn.append(text(spot, kind, size=_KEY_SIZE, fill=colours[kind], bold=True))
        ends.append(key_left + 10 + text_width(kind, _KEY_SIZE, bold=True))
    return Drawing(
        width=max(ends) + _RIGHT,
        height=max(top + _HEIGHT + _BOTTOM, top + len(known) * _LINE + _RIGHT),
        elements=tuple(drawn),
        title=title or f"{len(places):,} points",
        description=f"{len(places):,} points" + (f" in groups: {', '.join(known)}" * any(known)),
    )


def _places(points: Any) -> list[Point]:
    rows = as_rows(points, "the points of draw.scatter")
    if len(rows[0]) != 2:
        raise ArgumentError(f"draw.scatter: points are pairs (x, y), got {len(rows[0])} numbers")
    if len(rows) > MOST_POINTS:
        raise ArgumentError(f"draw.scatter draws up to {MOST_POINTS:,} points, got {len(rows):,}")
    return [(x, y) for x, y in rows]


def _fitting(what: str, given: Any, count: int) -> list[str]:
    """One string per point, all empty if none were given."""
    items = [""] * count if given is None else [_plain(item) for item in given]
    if len(items) != count:
        raise ArgumentError(f"draw.scatter: {len(items)} {what} for {count} points")
    return items


def _plain(item: Any) -> str:
    """A label as text: that of a tensor of one number is the number."""
    return str(item.item() if callable(getattr(item, "item", None)) else item)


def _mark(place: Point, name: str, colour: str) -> str:
    x, y = place
    if not name:
        return circle(place, 3.5, fill=colour, stroke=theme.PAPER)
    if len(name) <= 2:
        spot = (x, y + 0.36 * _LABEL_SIZE)
        return text(spot, name, size=_LABEL_SIZE, fill=colour, anchor="middle", bold=True)
    beside = text((x + 6, y + 0.36 * _LONG_SIZE), name, size=_LONG_SIZE)
    return group([circle(place, 3, fill=colour), beside])
