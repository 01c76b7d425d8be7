"""`draw.attention`: which tokens each token attends to, in every head of every layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor.creation import tensor
from ..autograd import no_grad
from ..core.arguments import whole_number
from ..core.errors import ArgumentError
from ..core.handle import Handle
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.svg import Point, group, path, rectangle, text, through
from .canvas.text_width import text_width
from .plot.axes import TITLE_SIZE
from .plot.colour_bar import LEAST_BAR, colour_bar

MOST_TOKENS = 128
_MARGIN, _GAP = 20.0, 14.0
_CAPTION = "rows look at columns; a row sums to 1"
_PANEL = 168.0  # preferred width of one head's map
_LEAST_PANEL = 44.0  # width of the heading above it
_LEAST_CELL, _LARGEST_CELL = 2.0, 22.0
_LABEL_SIZE, _LEAST_LABELLED = 11.0, 9.0
_HEADING = 18.0
_UNSEEN = 0.005  # a smaller weight would be invisible
_SHOWN_ONE_BY_ONE = 24  # up to this many tokens, every cell has a tooltip with its number


def attention(
    model: Any,
    tokens: Any = None,
    labels: Sequence[object] | None = None,
    *,
    title: str = "",
) -> Drawing:
    """Draw the attention weights of a model on one text: a row per layer, a map per head.

    In a map, each row is a querying token, each column an attended one; darker is more, and a row
    sums to 1. `model.attention(X)` returns the weights (layers, 1, heads, T, T) for X (1, T), as
    the library's `gpt` does; `labels` are the tokens as strings. Instead of a model, its weights
    can be given: (T, T) of one head, (heads, T, T), or (layers, heads, T, T).

    Errors: ArgumentError for a model without that method, for labels that do not fit, for no tokens
    or more than 128.

    >>> from gradatim.models import gpt
    >>> attention(gpt.Model(gpt.Config(n_layer=2)), [0, 5, 13, 13, 1], ".emma")
    <Drawing: attention, ...>
    >>> attention([[1.0, 0.0], [0.25, 0.75]], labels="hi", title="One head")
    <Drawing: One head, ...>
    """
    if isinstance(model, Handle | np.ndarray | list | tuple):
        weights = _given(model)
        count = len(weights[0][0])
        words = labels if labels is not None else tokens if tokens is not None else range(count)
        names = [str(label) for label in words]
        _check_sizes(count, names)
    else:
        ids = [whole_number("draw.attention: a token", token) for token in _tokens(tokens)]
        names = [str(label) for label in (ids if labels is None else labels)]
        _check_model(model)
        _check_sizes(len(ids), names)
        weights = _weights(model, ids)
    grid = _Grid(len(weights), len(weights[0]), names, top=_top(title))
    elements: list[str] = []
    if title:
        elements.append(text((grid.left, _MARGIN + 12), title, size=TITLE_SIZE, bold=True))
    elements += _headings(grid)
    for layer, heads in enumerate(weights):
        for head, rows in enumerate(heads):
            elements.append(_map(grid, layer, head, rows))
    elements += _caption(grid)
    bar, bar_width = colour_bar(_colour, (0.0, 1.0), (grid.right + 22, grid.top, grid.bottom))
    caption_end = grid.left + text_width(_CAPTION, 11)
    heading_end = grid.left + text_width(title, TITLE_SIZE, bold=True)
    return Drawing(
        width=max(grid.right + 22 + bar_width, heading_end, caption_end) + _MARGIN,
        height=max(grid.bottom + grid.below + 24, grid.top + LEAST_BAR) + _MARGIN,
        elements=(*elements, *bar),
        title=title or "attention",
        description=f"Attention weights of {grid.layers} layers with {grid.heads} heads each on"
        f" {len(names)} tokens: rows look at columns.",
    )


def _weights(model: Any, ids: list[int]) -> list[list[list[list[float]]]]:
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            weights: Any = model.attention(tensor([ids]))[:, 0]
    finally:
        model.train(was_training)
    rows: list[list[list[list[float]]]] = weights.tolist()
    return rows


def _given(weights: Any) -> list[list[list[list[float]]]]:
    """Weights as (layers, heads, T, T): the dimensions that are missing, or of one text, aside."""
    whole = weights.detach().numpy() if isinstance(weights, Handle) else np.asarray(weights)
    if whole.ndim > 3 and 1 in whole.shape[:-3]:
        whole = whole.squeeze(tuple(d for d in range(whole.ndim - 3) if whole.shape[d] == 1))
    if not 2 <= whole.ndim <= 4 or whole.shape[-1] != whole.shape[-2] or 0 in whole.shape:
        raise ArgumentError(
            "draw.attention: weights are (T, T), (heads, T, T) or (layers, heads, T, T), got"
            f" {list(np.shape(weights))}"
        )
    rows: list[list[list[list[float]]]]
    rows = whole.reshape((1,) * (4 - whole.ndim) + whole.shape).tolist()
    return rows


def _tokens(tokens: Any) -> Any:
    if tokens is None:
        raise ArgumentError("draw.attention: a model needs tokens to look at")
    return tokens


def _check_model(model: Any) -> None:
    if not hasattr(model, "attention"):
        raise ArgumentError(
            f"draw.attention: {type(model).__name__} has no method attention(X) that gives weights;"
            " give the weights themselves, (heads, T, T): draw.attention(weights, labels=...)"
        )


def _check_sizes(count: int, names: list[str]) -> None:
    if not 1 <= count <= MOST_TOKENS:
        raise ArgumentError(
            f"draw.attention: shows 1 to {MOST_TOKENS} tokens, got {count}; take a shorter text"
        )
    if len(names) != count:
        raise ArgumentError(f"draw.attention: {len(names)} labels for {count} tokens")


def _top(title: str) -> float:
    return _MARGIN + (TITLE_SIZE + 14 if title else 0.0) + _HEADING


@dataclass(frozen=True)
class _Grid:
    """The positions of the maps: a row for each layer, a column for each head."""

    layers: int
    heads: int
    names: list[str]
    top: float

    @property
    def cell(self) -> float:
        count = len(self.names)
        return max(min(max(_PANEL / count, _LEAST_CELL), _LARGEST_CELL), _LEAST_PANEL / count)

    @property
    def panel(self) -> float:
        return self.cell * len(self.names)

    @property
    def is_labelled(self) -> bool:
        return self.cell >= _LEAST_LABELLED

    @property
    def widest(self) -> float:
        if not self.is_labelled:
            return 0.0
        return max(text_width(shown(name), _LABEL_SIZE) for name in self.names)

    @property
    def is_upright(self) -> bool:
        """Whether the column names fit side by side."""
        return self.widest <= self.cell + 2

    @property
    def left(self) -> float:
        return _MARGIN + 26 + self.widest + (8 if self.is_labelled else 0)

    @property
    def right(self) -> float:
        return self.left + self.heads * (self.panel + _GAP) - _GAP

    @property
    def bottom(self) -> float:
        return self.top + self.layers * (self.panel + _GAP) - _GAP

    @property
    def below(self) -> float:
        """The height of the names under the last row of maps."""
        if not self.is_labelled:
            return 0.0
        return _LABEL_SIZE + 5 if self.is_upright else self.widest + 8

    def corner(self, layer: int, head: int) -> Point:
        step = self.panel + _GAP
        return self.left + head * step, self.top + layer * step


def shown(name: str) -> str:
    """A token as a label, with visible spaces and line ends."""
    return name.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")


def _headings(grid: _Grid) -> list[str]:
    drawn = []
    for head in range(grid.heads):
        x, y = grid.corner(0, head)
        place = (x + grid.panel / 2, y - 8)
        drawn.append(
            text(place, f"head {head + 1}", size=11, fill=theme.MUTED, anchor="middle", bold=True)
        )
    for layer in range(grid.layers):
        _, y = grid.corner(layer, 0)
        drawn.append(_turned((_MARGIN + 10, y + grid.panel / 2), f"layer {layer + 1}"))
        if grid.is_labelled:
            drawn += _row_names(grid, layer)
    if grid.is_labelled:
        for head in range(grid.heads):
            drawn += _column_names(grid, head)
    return drawn


def _caption(grid: _Grid) -> list[str]:
    place = (grid.left, grid.bottom + grid.below + 22)
    return [text(place, _CAPTION, size=11, fill=theme.MUTED, italic=True)]


def _turned(place: Point, content: str) -> str:
    label = text((0, 0), content, size=11, fill=theme.MUTED, anchor="middle", bold=True)
    x, y = place
    return f'<g transform="translate({x:g} {y:g}) rotate(-90)">{label}</g>'


def _row_names(grid: _Grid, layer: int) -> list[str]:
    x, y = grid.corner(layer, 0)
    size = min(_LABEL_SIZE, grid.cell)
    return [
        text((x - 7, y + (i + 0.5) * grid.cell + 0.36 * size), shown(name), size=size, anchor="end")
        for i, name in enumerate(grid.names)
    ]


def _column_names(grid: _Grid, head: int) -> list[str]:
    x, y = grid.corner(grid.layers - 1, head)
    size, below = min(_LABEL_SIZE, grid.cell), y + grid.panel
    if grid.is_upright:
        return [
            text((x + (i + 0.5) * grid.cell, below + size + 4), shown(name), size=size,
                 anchor="middle")
            for i, name in enumerate(grid.names)
        ]  # fmt: skip
    return [
        f'<g transform="translate({x + (i + 0.5) * grid.cell + 0.36 * size:.1f} {below + 7:.1f})'
        f' rotate(-90)">{text((0, 0), shown(name), size=size, anchor="end")}</g>'
        for i, name in enumerate(grid.names)
    ]


def _map(grid: _Grid, layer: int, head: int, rows: list[list[float]]) -> str:
    (x, y), cell, count = grid.corner(layer, head), grid.cell, len(rows)
    looks_ahead = any(weight >= _UNSEEN for i, row in enumerate(rows) for weight in row[i + 1 :])
    outline = _square(x, y, cell * count) if looks_ahead else _stairs(x, y, cell, count)
    children = [path(outline, fill=_colour(0.0))]
    for i, row in enumerate(rows):
        for j, weight in enumerate(row):
            if not weight >= _UNSEEN:  # nan, too
                continue
            square = rectangle(x + j * cell, y + i * cell, cell, cell, fill=_colour(weight))
            if count <= _SHOWN_ONE_BY_ONE:
                tooltip = f"{shown(grid.names[i])} → {shown(grid.names[j])}: {weight:.2f}"
                square = group([square], title=tooltip)
            children.append(square)
    children.append(path(outline, stroke=theme.EDGE, stroke_width=0.8))
    return group(children)


def _square(x: float, y: float, side: float) -> str:
    """The outline of a map in which tokens attend to later ones."""
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    return through(corners, closed=True)


def _stairs(x: float, y: float, cell: float, count: int) -> str:
    """The outline of what a token may attend to: itself and those before it."""
    points = [(x, y)]
    for i in range(count):
        points += [(x + (i + 1) * cell, y + i * cell), (x + (i + 1) * cell, y + (i + 1) * cell)]
    return through([*points, (x, y + count * cell)], closed=True)


def _colour(weight: float) -> str:
    return theme.ramp(theme.SEQUENTIAL, weight)
