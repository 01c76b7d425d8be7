"""Ridge plots: histograms stacked on one scale, a ridge for each row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..canvas import theme
from ..canvas.significant import compact
from ..canvas.svg import Point, group, line, path, text, through
from .axes import LABEL_SIZE, TICK_SIZE
from .scale import Scale, log_ticks, power_of_ten, tick_labels

BINS = 72
OVERLAP = 1.7  # height of a ridge in rows
_TAIL = 0.002  # fraction of the numbers that may lie outside, on each side


@dataclass(frozen=True)
class Ridge:
    """The numbers of one row; with `log` their magnitudes are shown, without zeros."""

    values: Any
    colour: str = theme.BLUE
    tip: str = ""


def spread(rows: Sequence[Any], start: float, end: float, *, log: bool = False) -> Scale:
    """A scale for the numbers of all rows, `start` to `end` pixels, without the far tails.

    Without numbers it runs from nan to nan, and `foot` writes none.
    """
    finite = [shown for row in rows if (shown := _shown(row, log)).size]
    if not finite:
        return Scale(math.nan, math.nan, start, end)
    # Each row counts equally, so that a row of small numbers is still visible.
    low = min(float(np.quantile(row, _TAIL)) for row in finite)
    high = max(float(np.quantile(row, 1 - _TAIL)) for row in finite)
    pad = 0.04 * (high - low) or abs(high) * 0.1 or 1.0
    return Scale(low - pad, high + pad, start, end)


def ridge(row: Ridge, scale: Scale, base: float, height: float, *, log: bool = False) -> str:
    """One histogram on the line `base`, its highest bar `height` pixels high."""
    shown = _shown(row.values, log)
    level = line((scale.start, base), (scale.end, base), stroke=theme.HAIRLINE)
    if not len(shown):
        return group([level], title=row.tip)
    bins = min(BINS, 12 + 2 * math.isqrt(len(shown)))  # few numbers in many bins look like a comb
    counts, edges = np.histogram(shown, bins, (scale.low, scale.high))
    if not counts.any():
        return group([level], title=row.tip)
    heights = np.sqrt(counts / counts.max())  # the root makes the tails visible
    middle = (edges[:-1] + edges[1:]) / 2
    points: list[Point] = [
        (scale(float(x)), base - height * float(h)) for x, h in zip(middle, heights, strict=True)
    ]
    outline = [(scale(scale.low), base), *points, (scale(scale.high), base)]
    # Paper below the colour, so that a ridge hides what is behind it.
    ground = path(through(outline, closed=True), fill=theme.PAPER)
    body = path(through(outline, closed=True), fill=row.colour, opacity=0.4)
    crest = path(through(points), stroke=row.colour, stroke_width=1.1)
    return group([ground, body, crest, level], title=row.tip)


def foot(scale: Scale, y: float, *, log: bool = False) -> list[str]:
    """Ticks and numbers below the rows; powers of ten if magnitudes are shown."""
    drawn = [line((scale.start, y), (scale.end, y), stroke=theme.EDGE)]
    if math.isnan(scale.low):
        return drawn
    for place, label in _marks(scale, log):
        x = scale(place)
        drawn.append(line((x, y), (x, y + 4), stroke=theme.EDGE))
        drawn.append(text((x, y + 17), label, size=TICK_SIZE, fill=theme.MUTED, anchor="middle"))
    return drawn


def _marks(scale: Scale, log: bool) -> list[tuple[float, str]]:
    """The positions of ticks, and their labels."""
    count = max(3, round((scale.end - scale.start) / 56))
    if log:
        return _powers(scale, count)
    places = scale.ticks(count)
    return list(zip(places, tick_labels(places), strict=True))


def heading(x: float, y: float, words: str) -> str:
    """The heading of a column."""
    return text((x, y), words, size=LABEL_SIZE, fill=theme.MUTED)


def _shown(values: Any, log: bool) -> np.ndarray[Any, Any]:
    flat = np.asarray(values, np.float64).reshape(-1)
    flat = flat[np.isfinite(flat)]
    if not log:
        return flat
    sizes = np.abs(flat)
    return np.log10(sizes[sizes > 0])


def _powers(scale: Scale, count: int) -> list[tuple[float, str]]:
    """Exponents and their labels: powers of ten, at most `count` of them, evenly spaced.

    If fewer than two fit, numbers between them are used.
    """
    whole = range(math.ceil(scale.low), math.floor(scale.high) + 1)
    if len(whole) > 1:
        return [(float(e), power_of_ten(e)) for e in whole[:: -(-len(whole) // count) or 1]]
    places = log_ticks(10.0**scale.low, 10.0**scale.high, count)
    places = places[:: -(-len(places) // count) or 1]
    return [(math.log10(x), compact(x)) for x in places]
