"""A graph as a picture: cards at the layout's positions, edges along its routes, a key below."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ..canvas import theme
from ..canvas.drawing import Drawing
from ..canvas.svg import Point, group, number, path, rectangle, text
from ..canvas.text_width import text_width
from .card import PLAIN, Look, box_width, card, card_size, colours
from .layout import Arrangement, Route, arrange
from .record import Edge, Graph, Kind

MARGIN = 22.0
_KEY_HEIGHT = 34.0
_KEY_SIZE = 11.5
_ARROW = 6.0
_BOW = 11.0
_STRAIGHT = 1.2  # pixels: a curve this flat would look like a mistake


@dataclass(frozen=True)
class Emphasis:
    """What one picture of a series emphasises: cards, and edges with a gradient."""

    looks: Mapping[int, Look] = field(default_factory=dict)
    edges: frozenset[Edge] = frozenset()


def arrange_graph(graph: Graph) -> Arrangement:
    """The positions of the cards; all boxes are as wide as the widest, for tidy columns."""
    width = max((box_width(node) for node in graph.nodes), default=0.0)
    return arrange([card_size(node, width) for node in graph.nodes], graph.edges)


def picture(
    graph: Graph,
    arrangement: Arrangement | None = None,
    emphasis: Emphasis | None = None,
    *,
    key: bool = True,
) -> Drawing:
    """The drawing of `graph`; a series passes the same arrangement, so that nothing moves."""
    placed = arrangement or arrange_graph(graph)
    stressed = emphasis or Emphasis()
    looks = stressed.looks
    elements = [
        *_edges(graph, placed, stressed.edges),
        *(
            card(node, box, looks.get(i, PLAIN))
            for i, (node, box) in enumerate(zip(graph.nodes, placed.boxes, strict=True))
        ),
    ]
    legend, legend_width = _key(graph) if key else ([], 0.0)
    bottom = placed.height + 2 * MARGIN
    return Drawing(
        width=max(placed.width, legend_width) + 2 * MARGIN,
        height=bottom + (_KEY_HEIGHT - MARGIN / 2 if key else 0.0),
        elements=(
            group(elements, shift=(MARGIN, MARGIN)),
            group(legend, shift=(MARGIN, bottom)),
        ),
        title=graph.title,
        description=graph.description,
    )


def _edges(graph: Graph, placed: Arrangement, stressed: frozenset[Edge]) -> list[str]:
    """Plain edges first, one path per source, so that emphasised ones lie on top."""
    times = Counter(graph.edges)
    by_source: dict[int, list[Edge]] = {}
    for edge in times:
        if edge not in stressed:
            by_source.setdefault(edge[0], []).append(edge)
    drawn = []
    for edges in by_source.values():
        pieces = dict.fromkeys(p for e in edges for p in _pieces(placed.routes[e], times[e]))
        drawn.append(path("".join(map(_curve, pieces)), stroke=theme.EDGE, stroke_width=1.4))
    drawn += [_arrow_head(placed.routes[e], theme.EDGE) for e in times if e not in stressed]
    for edge in sorted(stressed):
        pieces = dict.fromkeys(_pieces(placed.routes[edge], times[edge]))
        drawn.append(path("".join(map(_curve, pieces)), stroke=theme.ACCENT, stroke_width=2.4))
        drawn.append(_arrow_back(placed.routes[edge], theme.ACCENT))
    return drawn


@dataclass(frozen=True)
class _Piece:
    """A curve that leaves `start` and arrives horizontally at (`x`, `y`), then a line to `end`."""

    start: Point
    x: float
    y: float
    end: float
    bow: int


def _pieces(route: Route, times: int) -> list[_Piece]:
    """The route of an edge from stretch to stretch; its last curve occurs `times` times."""
    pieces = []
    last = len(route.stretches) - 1
    for i, ((_, x0, y0), (x1, far, y1)) in enumerate(pairwise(route.stretches), start=1):
        end = far - _ARROW if i == last else far
        bows = [(2 * k - times + 1) for k in range(times)] if i == last else [0]
        pieces += [_Piece((x0, y0), min(x1, end), y1, end, bow) for bow in bows]
    return pieces


def _curve(piece: _Piece) -> str:
    (x0, y0), x1, y1 = piece.start, piece.x, piece.y
    begin = f"M{number(x0)} {number(y0)}"
    level = f"H{number(piece.end)}" if piece.end > x1 else ""
    rise = y1 - y0
    if abs(rise) < _STRAIGHT and not piece.bow:
        return f"{begin}L{number(x1)} {number(y1)}{level}"
    flat = abs(rise) < 2 * _BOW
    lift = piece.bow * _BOW if flat else 0.0
    aside = 0.0 if flat else -piece.bow * _BOW * math.copysign(0.8, rise)
    middle = number((x0 + x1) / 2 + aside)
    return (
        f"{begin}C{middle} {number(y0 + lift)} {middle} {number(y1 + lift)}"
        f" {number(x1)} {number(y1)}{level}"
    )


def _arrow_head(route: Route, colour: str) -> str:
    _, x, y = route.stretches[-1]
    back, half = x - _ARROW - 1.5, 3.6
    tip = f"M{number(back)} {number(y - half)}L{number(x - 0.5)} {number(y)}"
    return path(f"{tip}L{number(back)} {number(y + half)}Z", fill=colour)


def _arrow_back(route: Route, colour: str) -> str:
    """An arrow head at the source: the direction of a gradient."""
    x, _, y = route.stretches[0]
    base, half = x + _ARROW + 4.0, 5.0
    tip = f"M{number(base)} {number(y - half)}L{number(x + 0.5)} {number(y)}"
    return path(f"{tip}L{number(base)} {number(y + half)}Z", fill=colour)


def _key(graph: Graph) -> tuple[list[str], float]:
    """The meaning of the colours, for the kinds that occur; and its width."""
    present = {node.kind for node in graph.nodes}
    elements: list[str] = []
    x = 0.0
    for kind in (kind for kind in Kind if kind in present):
        fill, outline = colours(kind)
        elements.append(rectangle(x, -9, 16, 11, fill=fill, stroke=outline, radius=3))
        elements.append(text((x + 22, 0.5), kind.value, size=_KEY_SIZE, fill=theme.MUTED))
        x += 22 + text_width(kind.value, _KEY_SIZE) + 18
    if graph.note:
        elements.append(text((x, 0.5), graph.note, size=_KEY_SIZE, fill=theme.MUTED, italic=True))
        x += text_width(graph.note, _KEY_SIZE) + 18
    return elements, max(x - 18, 0.0)
