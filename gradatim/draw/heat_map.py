"""`draw.heatmap`: a matrix as coloured cells, with its numbers in them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ..core.errors import ArgumentError
from . import theme
from .axes import TITLE_SIZE
from .drawing import Drawing
from .plain import as_list, as_rows
from .scale import Scale, tick_labels
from .significant import compact
from .svg import rectangle, text
from .text_width import text_width

HeatScale = Literal["linear", "sqrt", "log"]

MOST_CELLS = 10_000
_MARGIN = 20.0
_LABEL_SIZE = 12.0
_NUMBER_SIZE = 9.5
_PAIR_SIZE = 9.5
_BARE_CELL = 18.0
_LEAST_CELL = 26.0
_BAR_WIDTH = 14.0
_BAR_STEPS = 64


def heatmap(
    matrix: Any,
    row_labels: Sequence[object] | None = None,
    column_labels: Sequence[object] | None = None,
    *,
    annotations: Any = True,
    scale: HeatScale = "linear",
    title: str = "",
) -> Drawing:
    """Draw a matrix (rows, columns) as a table of coloured cells, with a colour bar.

    Each cell has its number in it, or what `annotations` has for it (rows of texts or numbers;
    False for none). When labels are single letters, as in the bigram table, the cell of row `a` and
    column `b` also says `ab`. `scale="sqrt"` or `"log"` shows differences between small counts.
    Negative numbers are red, positive ones blue. A cell that is nan stays empty.

    Errors: ArgumentError for labels or annotations that do not fit, or for more than 10,000 cells.

    >>> heatmap([[1, 2], [3, 4]], "ab", "ab")
    <Drawing: heat map, ...>
    """
    rows = as_rows(matrix, "the matrix of draw.heatmap")
    shape = (len(rows), len(rows[0]))
    if shape[0] * shape[1] > MOST_CELLS:
        raise ArgumentError(
            f"draw.heatmap: {shape[0]} x {shape[1]} cells are more than a picture shows (at most"
            f" {MOST_CELLS:,}); take a part of the matrix, or means over blocks"
        )
    row_names = _labels(row_labels, shape[0], "row")
    column_names = _labels(column_labels, shape[1], "column")
    inside = _annotations(annotations, rows)
    pairs = inside is not None and _single_letters(row_names) and _single_letters(column_names)
    colour_of, ends = _colouring(rows, scale)
    width, height = _cell_size(inside, pairs=pairs)
    left = _MARGIN + max((text_width(name, _LABEL_SIZE) for name in row_names), default=0.0) + 8
    top = _MARGIN + (TITLE_SIZE + 14 if title else 0.0) + (20 if any(column_names) else 0)
    drawn = [text((left, _MARGIN + 12), title, size=TITLE_SIZE, bold=True)] if title else []
    for i, name in enumerate(column_names):
        place = (left + (i + 0.5) * width, top - 7)
        drawn.append(text(place, name, size=_LABEL_SIZE, anchor="middle", bold=True))
    for j, row in enumerate(rows):
        base = top + (j + 0.5) * height + 4
        drawn.append(
            text((left - 8, base), row_names[j], size=_LABEL_SIZE, anchor="end", bold=True)
        )
        for i, value in enumerate(row):
            x, y = left + i * width, top + j * height
            fill = colour_of(value)
            drawn.append(rectangle(x, y, width, height, fill=fill, stroke=theme.PAPER))
            if inside is not None and math.isfinite(value):
                pair = row_names[j] + column_names[i] if pairs else ""
                drawn += _cell_text(x + width / 2, y, height, pair, inside[j][i], fill)
    bottom, right = top + shape[0] * height, left + shape[1] * width
    bar, bar_width = _colour_bar(colour_of, ends, scale, right + 18, top, bottom)
    return Drawing(
        width=max(right + 18 + bar_width, left + text_width(title, TITLE_SIZE, bold=True))
        + _MARGIN,
        height=bottom + _MARGIN,
        elements=(*drawn, *bar),
        title=title or "heat map",
        description=f"A table of {shape[0]} x {shape[1]} numbers from {compact(ends[0])}"
        f" to {compact(ends[1])}, coloured by size.",
    )


def _labels(labels: Sequence[object] | None, count: int, what: str) -> list[str]:
    if labels is None:
        return [""] * count
    names = [str(label) for label in labels]
    if len(names) != count:
        raise ArgumentError(f"draw.heatmap: {len(names)} {what} labels for {count} {what}s")
    return names


def _single_letters(names: Sequence[str]) -> bool:
    return all(len(name) == 1 for name in names)


def _annotations(wish: Any, rows: list[list[float]]) -> list[list[str]] | None:
    if wish is False or wish is None:
        return None
    if wish is True:
        return [[_short(value) for value in row] for row in rows]
    cells = [[_cell(item) for item in as_list(row)] for row in as_list(wish)]
    if [len(row) for row in cells] != [len(row) for row in rows]:
        raise ArgumentError(
            f"draw.heatmap: annotations must be {len(rows)} rows of {len(rows[0])}, like the matrix"
        )
    return cells


def _cell(item: object) -> str:
    return item if isinstance(item, str) else _short(float(item))  # type: ignore[arg-type]


def _short(value: float) -> str:
    """A whole number as it is, any other with two significant digits."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    mantissa, e, exponent = f"{value:.2g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _cell_size(inside: list[list[str]] | None, *, pairs: bool) -> tuple[float, float]:
    if inside is None:
        return _BARE_CELL, _BARE_CELL
    widest = max(text_width(cell, _NUMBER_SIZE) for row in inside for cell in row)
    return max(widest + 6, _LEAST_CELL), 30.0 if pairs else 24.0


def _cell_text(
    x: float, top: float, height: float, pair: str, content: str, fill: str
) -> list[str]:
    ink = theme.ink_on(fill)
    base = top + height / 2 + (_NUMBER_SIZE + 1.5 if pair else 3.5)
    drawn = [text((x, base), content, size=_NUMBER_SIZE, fill=ink, anchor="middle")]
    if pair:
        place = (x, top + height / 2 - 2.5)
        drawn.append(text(place, pair, size=_PAIR_SIZE, fill=ink, anchor="middle", bold=True))
    return drawn


def _colouring(
    rows: list[list[float]], scale: str
) -> tuple[Callable[[float], str], tuple[float, float]]:
    """The colour of a number, and the numbers at the ends of the colour bar."""
    finite = [value for row in rows for value in row if math.isfinite(value)]
    if not finite:
        raise ArgumentError("draw.heatmap: the matrix has no finite number")
    if scale not in ("linear", "sqrt", "log"):
        raise ArgumentError(f"draw.heatmap: scale is 'linear', 'sqrt' or 'log', got {scale!r}")
    low, high = min(finite), max(finite)
    if low < 0 < high or high <= 0 > low:
        return _diverging(max(-low, high), scale), (-max(-low, high), max(-low, high))
    bend = _bend(scale, min((value for value in finite if value > 0), default=1.0))
    bottom = 0.0 if scale != "log" and low <= high / 2 else bend(low)
    top = bend(high)

    def colour(value: float) -> str:
        if not math.isfinite(value):
            return "none"
        return theme.ramp(theme.SEQUENTIAL, (bend(value) - bottom) / ((top - bottom) or 1.0))

    return colour, (0.0 if bottom == 0.0 else low, high)


def _diverging(reach: float, scale: str) -> Callable[[float], str]:
    if scale == "log":
        raise ArgumentError("draw.heatmap: scale='log' has no place for negative numbers")

    def colour(value: float) -> str:
        if not math.isfinite(value):
            return "none"
        share = abs(value) / reach
        share = math.copysign(math.sqrt(share) if scale == "sqrt" else share, value)
        return theme.ramp(theme.DIVERGING, 0.5 + share / 2)

    return colour


def _bend(scale: str, least: float) -> Callable[[float], float]:
    """How a number counts before it becomes a colour; zero counts as half the least in a log."""
    if scale == "sqrt":
        return math.sqrt
    if scale == "log":
        return lambda value: math.log10(max(value, least / 2))
    return float


def _colour_bar(
    colour_of: Callable[[float], str],
    ends: tuple[float, float],
    scale: str,
    x: float,
    top: float,
    bottom: float,
) -> tuple[list[str], float]:
    """The colours from least to greatest with their numbers, and the width of it all."""
    low, high = ends
    bottom = min(bottom, top + 260)
    if high == low:
        return [], 0.0
    ruler = Scale(low, high, bottom, top)
    step = (bottom - top) / _BAR_STEPS
    drawn = []
    for k in range(_BAR_STEPS):
        y = bottom - (k + 1) * step
        value = low + (high - low) * (k + 0.5) / _BAR_STEPS
        drawn.append(rectangle(x, y, _BAR_WIDTH, step + 1.0 if k else step, fill=colour_of(value)))
    drawn.append(rectangle(x, top, _BAR_WIDTH, bottom - top, stroke=theme.HAIRLINE))
    places = ruler.ticks(5)
    labels = tick_labels(places)
    for place, label in zip(places, labels, strict=True):
        base = (x + _BAR_WIDTH + 6, ruler(place) + 4)
        drawn.append(text(base, label, size=11, fill=theme.MUTED))
    return drawn, _BAR_WIDTH + 6 + max(text_width(label, 11) for label in labels)
