"""One node as a card: the operation in a badge, and label, data and gradient in a box."""

from dataclasses import dataclass

from ..canvas import theme
from ..canvas.svg import Point, circle, group, line, rectangle, text
from ..canvas.text_width import shorten, text_width
from .layout import Box
from .record import NOT_COMPUTED, NOT_KEPT, Kind, Node

_LABEL_SIZE = 13.0
_ROW_SIZE = 11.5
_NAME_SIZE = 11.0
_BADGE_SIZE = 13.0
_PADDING = 9.0
_HEADER = 21.0
_ROW = 16.0
_EDGE_ROOM = 5.0
_BADGE_HEIGHT = 22.0
_LINK = 7.0
_LEAST_WIDTH = 92.0
_LONGEST_LABEL = 190.0

_SYMBOLS = {"*": "×", "-": "−", "/": "÷"}
_FILL = {
    Kind.PARAMETER: (theme.PARAMETER, theme.PARAMETER_LINE, theme.PARAMETER_INK),
    Kind.INPUT: (theme.INPUT, theme.INPUT_LINE, theme.INK),
    Kind.OPERATION: (theme.CARD, theme.CARD_LINE, theme.INK),
    Kind.RESULT: (theme.RESULT, theme.RESULT_LINE, theme.INK),
    Kind.FOLDED: (theme.FOLDED, theme.FOLDED_LINE, theme.INK),
}


@dataclass(frozen=True)
class Look:
    """How one card is emphasised: by its outline, by a marked row."""

    outline: str = ""
    marked_row: str = ""


PLAIN = Look()


def colours(kind: Kind) -> tuple[str, str]:
    """Fill and outline of the cards of one kind, for the key below the picture."""
    return _FILL[kind][:2]


def box_width(node: Node) -> float:
    """The width that the label and rows of a card need."""
    label = text_width(_label(node), _LABEL_SIZE, bold=True)
    rows = (_row_width(name, value) for name, value in node.rows)
    return max(_LEAST_WIDTH, label + 2 * _PADDING, *rows)


def card_size(node: Node, width: float) -> tuple[float, float]:
    """Width and height of a card whose box is `width` wide, badge included."""
    height = len(node.rows) * _ROW + 2 * _EDGE_ROOM + (_HEADER - _EDGE_ROOM if node.label else 0)
    return width + _badge_room(node), max(height, _BADGE_HEIGHT)


def card(node: Node, box: Box, look: Look = PLAIN) -> str:
    """The card drawn into `box`; edges attach at the middle of its left and right side."""
    fill, outline, ink = _FILL[node.kind]
    left = box.x + _badge_room(node)
    parts = []
    if node.operation:
        parts.append(_badge(node, box, look.outline))
    parts.append(
        rectangle(
            left,
            box.y,
            box.x + box.width - left,
            box.height,
            fill=fill,
            stroke=look.outline or outline,
            stroke_width=2.4 if look.outline else 1.2,
            radius=6,
        )
    )
    top = box.y + _EDGE_ROOM
    if node.label:
        parts.append(
            text(
                ((left + box.x + box.width) / 2, box.y + _HEADER - 5.5),
                _label(node),
                size=_LABEL_SIZE,
                fill=ink,
                anchor="middle",
                bold=True,
            )
        )
        top = box.y + _HEADER
    for i, row in enumerate(node.rows):
        parts += _row(row, left, box.x + box.width, top + i * _ROW, row[0] == look.marked_row)
    return group(parts, title=node.details)


def _label(node: Node) -> str:
    """The label, shortened to fit; a dotted name keeps its end, which is more specific."""
    label = node.label
    while "." in label and text_width(label, _LABEL_SIZE, bold=True) > _LONGEST_LABEL:
        label = "…" + label.lstrip("…").partition(".")[2]
    return shorten(label, _LABEL_SIZE, _LONGEST_LABEL, bold=True)


def _row(
    row: tuple[str, str], left: float, right: float, top: float, marked: bool
) -> tuple[str, str]:
    name, value = row
    base = top + _ROW - 4.5
    words = _is_words(value)
    ink = theme.ACCENT if marked else theme.MUTED if words else theme.INK
    return (
        text((left + _PADDING, base), name, size=_NAME_SIZE, fill=theme.MUTED),
        text(
            (right - _PADDING, base),
            value,
            size=_NAME_SIZE if words else _ROW_SIZE,
            fill=ink,
            anchor="end",
            mono=not words,
            italic=words,
            bold=marked,
        ),
    )


def _row_width(name: str, value: str) -> float:
    words = _is_words(value)
    size = _NAME_SIZE if words else _ROW_SIZE
    both = text_width(name, _NAME_SIZE) + text_width(value, size, mono=not words)
    return both + 2 * _PADDING + 12.0


def _is_words(value: str) -> bool:
    return value in (NOT_COMPUTED, NOT_KEPT)


def _symbol(node: Node) -> str:
    return _SYMBOLS.get(node.operation, node.operation)


def _badge_width(node: Node) -> float:
    symbol = _symbol(node)
    if len(symbol) == 1:
        return _BADGE_HEIGHT
    return text_width(symbol, _BADGE_SIZE - 1.0) + 14.0


def _badge_room(node: Node) -> float:
    return _badge_width(node) + _LINK if node.operation else 0.0


def _badge(node: Node, box: Box, outline: str) -> str:
    width, symbol = _badge_width(node), _symbol(node)
    center: Point = (box.x + width / 2, box.center_y)
    size = _BADGE_SIZE + 2 if len(symbol) == 1 else _BADGE_SIZE - 1
    stroke, thick = outline or theme.CARD_LINE, 2.0 if outline else 1.2
    if len(symbol) == 1:
        shape = circle(
            center, _BADGE_HEIGHT / 2, fill=theme.BADGE, stroke=stroke, stroke_width=thick
        )
    else:
        shape = rectangle(
            box.x,
            box.center_y - _BADGE_HEIGHT / 2,
            width,
            _BADGE_HEIGHT,
            fill=theme.BADGE,
            stroke=stroke,
            stroke_width=thick,
            radius=_BADGE_HEIGHT / 2,
        )
    link = line(
        (box.x + width, box.center_y),
        (box.x + width + _LINK, box.center_y),
        stroke=theme.EDGE,
        stroke_width=1.4,
    )
    label = text((center[0], center[1] + size * 0.36), symbol, size=size, anchor="middle")
    return link + shape + label
