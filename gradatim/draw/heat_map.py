"""`draw.heatmap`: a matrix as coloured cells, with its numbers in them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..core.errors import ArgumentError
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_list, as_rows
from .canvas.significant import compact
from .canvas.svg import Point, rectangle, text
from .canvas.text_width import text_width
from .plot.axes import TITLE_SIZE
from .plot.colour_bar import LEAST_BAR, colour_bar

HeatScale = Literal["linear", "sqrt", "log"]

MOST_CELLS = 10_000
_MARGIN = 20.0
_LABEL_SIZE = 12.0
_NUMBER_SIZE = 9.5
_BARE_CELL = 18.0
_LEAST_CELL = 26.0
_BAR_GAP = 18.0


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

    Each cell shows its number, or its entry of `annotations` (rows of strings or numbers; False for
    none). If labels are single letters, as in the bigram table, the cell of row `a` and column `b`
    also shows `ab`. `scale="sqrt"` or `"log"` shows differences between small counts. Negative
    numbers are red, positive ones blue. A nan cell is empty.

    Errors: ArgumentError for labels or annotations that do not fit, or for more than 10,000 cells.

    >>> heatmap([[1, 2], [3, 4]], "ab", "ab")
    <Drawing: heat map, ...>
    """
    rows = as_rows(matrix, "the matrix of draw.heatmap")
    _check_size(len(rows), len(rows[0]))
    names = _labels(row_labels, len(rows), "row"), _labels(column_labels, len(rows[0]), "column")
    inside = _annotations(annotations, rows)
    colour_of, ends = _colouring(rows, scale)
    grid = _grid(names, inside, title)
    bar, bar_width = colour_bar(colour_of, ends, (grid.right + _BAR_GAP, grid.top, grid.bottom))
    heading = [text((grid.left, _MARGIN + 12), title, size=TITLE_SIZE, bold=True)] if title else []
    heading_end = grid.left + text_width(title, TITLE_SIZE, bold=True)
    return Drawing(
        width=max(grid.right + _BAR_GAP + bar_width, heading_end) + _MARGIN,
        height=max(grid.bottom, grid.top + (LEAST_BAR if bar else 0.0)) + _MARGIN,
        elements=(*heading, *_headings(grid), *_cells(grid, rows, inside, colour_of), *bar),
        title=title or "heat map",
        description=f"A table of {len(rows)} x {len(rows[0])} numbers from {compact(ends[0])}"
        f" to {compact(ends[1])}, coloured by size.",
    )


@dataclass(frozen=True)
class _Grid:
    """The positions of the cells, and the names beside and above them."""

    left: float
    top: float
    width: float
    height: float
    rows: list[str]
    columns: list[str]

    @property
    def right(self) -> float:
        return self.left + len(self.columns) * self.width

    @property
    def bottom(self) -> float:
        return self.top + len(self.rows) * self.height

    @property
    def pairs(self) -> bool:
        """Whether row and column form a pair of letters, to be written into the cell."""
        return all(len(name) == 1 for name in (*self.rows, *self.columns))


def _grid(names: tuple[list[str], list[str]], inside: list[list[str]] | None, title: str) -> _Grid:
    rows, columns = names
    beside = max(text_width(name, _LABEL_SIZE, bold=True) for name in rows)
    above = max(text_width(name, _LABEL_SIZE, bold=True) for name in columns)
    left = _MARGIN + beside + (8 if beside else 0)
    top = _MARGIN + (TITLE_SIZE + 14 if title else 0.0) + (20 if above else 0)
    bare = _Grid(left, top, max(_BARE_CELL, above + 6), _BARE_CELL, rows, columns)
    if inside is None:
        return bare
    content = max(text_width(cell, _NUMBER_SIZE) for row in inside for cell in row)
    width = max(content + 6, above + 6, _LEAST_CELL)
    return replace(bare, width=width, height=30.0 if bare.pairs else 24.0)


def _headings(grid: _Grid) -> list[str]:
    drawn = []
    for i, name in enumerate(grid.columns):
        place = (grid.left + (i + 0.5) * grid.width, grid.top - 7)
        drawn.append(text(place, name, size=_LABEL_SIZE, anchor="middle", bold=True))
    for j, name in enumerate(grid.rows):
        place = (grid.left - 8, grid.top + (j + 0.5) * grid.height + 4)
        drawn.append(text(place, name, size=_LABEL_SIZE, anchor="end", bold=True))
    return drawn


def _cells(
    grid: _Grid,
    rows: list[list[float]],
    inside: list[list[str]] | None,
    colour_of: Callable[[float], str],
) -> list[str]:
    drawn = []
    for j, row in enumerate(rows):
        for i, value in enumerate(row):
            x, y = grid.left + i * grid.width, grid.top + j * grid.height
            fill = colour_of(value)
            drawn.append(rectangle(x, y, grid.width, grid.height, fill=fill, stroke=theme.PAPER))
            if inside is not None and math.isfinite(value):
                pair = grid.rows[j] + grid.columns[i] if grid.pairs else ""
                center = (x + grid.width / 2, y + grid.height / 2)
                drawn += _cell_text(center, pair, inside[j][i], theme.ink_on(fill))
    return drawn


def _cell_text(center: Point, pair: str, content: str, ink: str) -> list[str]:
    x, y = center
    place = (x, y + (_NUMBER_SIZE + 1.5 if pair else 3.5))
    drawn = [text(place, content, size=_NUMBER_SIZE, fill=ink, anchor="middle")]
    if pair:
        place = (x, y - 2.5)
        drawn.append(text(place, pair, size=_NUMBER_SIZE, fill=ink, anchor="middle", bold=True))
    return drawn


def _check_size(rows: int, columns: int) -> None:
    if rows * columns > MOST_CELLS:
        raise ArgumentError(
            f"draw.heatmap: {rows} x {columns} cells are more than a picture shows (at most"
            f" {MOST_CELLS:,}); take a part of the matrix, or means over blocks"
        )


def _labels(labels: Sequence[object] | None, count: int, what: str) -> list[str]:
    if labels is None:
        return [""] * count
    names = [str(label) for label in labels]
    if len(names) != count:
        raise ArgumentError(f"draw.heatmap: {len(names)} {what} labels for {count} {what}s")
    return names


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
    """An integer as it is, any other number with two significant digits."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    mantissa, e, exponent = f"{value:.2g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _colouring(
    rows: list[list[float]], scale: str
) -> tuple[Callable[[float], str], tuple[float, float]]:
    """The function from a number to its colour, and the numbers at the ends of the colour bar."""
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
    """The transform of a number before colouring; on a log scale zero counts as half the least."""
    if scale == "sqrt":
        return math.sqrt
    if scale == "log":
        return lambda value: math.log10(max(value, least / 2))
    return float
