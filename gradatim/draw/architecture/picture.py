"""The picture of a model's steps, from its inputs down to its result."""

from __future__ import annotations

from ..canvas import theme
from ..canvas.drawing import Drawing
from ..canvas.significant import grouped
from ..canvas.svg import group, number, path, rectangle, text
from ..canvas.text_width import shorten, text_width
from .layout import (
    BESIDE_GAP,
    CARD,
    HEADER,
    LABEL_SIZE,
    LANE,
    PILL,
    PILL_SIZE,
    ROW_SIZE,
    SHAPE_SIZE,
    Placed,
    boxes,
    pill_width,
    placed,
)
from .steps import IN, OUT, Step, shape_text

_MARGIN, _TITLE, _RESULT = 22.0, 40.0, 34.0
_ARROW = 6.0
_APART = 4.5
_SYMBOLS = {"*": "×", "-": "−", "/": "÷"}


def picture(root: Step, result: str, *, title: str, subtitle: str) -> Drawing:
    """The drawing of a model's steps; `result` is written at the end."""
    whole = placed(root, _MARGIN + _TITLE, is_root=True)
    named = max(text_width(title, 14, bold=True), text_width(subtitle, ROW_SIZE))
    half = (text_width(result, PILL_SIZE, mono=True) + 24) / 2
    left = _MARGIN + max(whole.left, half)
    drawn = _frame(whole) if whole.inner else _leaf(whole)
    bottom = whole.bottom + _RESULT
    drawn += _arrow(whole.bottom, bottom, "")
    drawn.append(
        rectangle(
            -half, bottom, 2 * half, PILL, fill=theme.RESULT, stroke=theme.RESULT_LINE, radius=12
        )
    )
    drawn.append(text((0, bottom + 16), result, size=PILL_SIZE, anchor="middle", mono=True))
    heading = [
        text((_MARGIN, _MARGIN + 12), title, size=14.0, bold=True),
        text((_MARGIN, _MARGIN + 28), subtitle, size=ROW_SIZE, fill=theme.MUTED),
    ]
    return Drawing(
        width=max(left + max(whole.right, half) + _MARGIN, named + 2 * _MARGIN),
        height=bottom + PILL + _MARGIN,
        elements=(*heading, group(drawn, shift=(left, 0.0))),
        title=title,
        description=subtitle,
    )


def _leaf(place: Placed) -> list[str]:
    step = place.step
    return [_card(place)] if step.kind else [_pill(place), *_beside(place)]


def _frame(place: Placed) -> list[str]:
    """The steps of an opened module, and the values that flow between them."""
    drawn: list[str] = []
    for part in place.inner:
        if part.inner:
            drawn += [_outline(part), *_frame(part)]
        else:
            drawn += _leaf(part)
    passing = {id(flow) for flow, _ in place.lanes}
    for flow in place.step.flows:
        if id(flow) not in passing:
            start = _start(place) if flow.source == IN else place.inner[flow.source].port_out
            end = place.bottom if flow.target == OUT else place.inner[flow.target].port_in
            if end - start > 1:
                shape = "" if flow.source == IN or flow.target == OUT else shape_text(flow.shape)
                drawn += _arrow(start, end, shape, has_head=flow.target != OUT)
    for flow, lane in place.lanes:
        drawn.append(_lane(place, flow.source, flow.target, lane))
    return drawn


def _start(place: Placed) -> float:
    return place.top + HEADER


def _outline(place: Placed) -> str:
    step, left, base = place.step, -place.left, place.top + 17
    room = place.left + place.right - 20
    label = shorten(step.label, LABEL_SIZE, room, bold=True)
    after = text_width(label, LABEL_SIZE, bold=True) + 8
    kind = shorten("" if step.kind == step.label else step.kind, ROW_SIZE, room - after)
    count = _parameters(step)
    if after + text_width(kind, ROW_SIZE) + 12 + text_width(count, ROW_SIZE) > room:
        count = ""
    box = rectangle(
        left,
        place.top,
        place.left + place.right,
        place.height,
        fill=theme.CARD,
        stroke=theme.FOLDED_LINE,
        radius=9,
    )
    words = [
        text((left + 10, base), label, size=LABEL_SIZE, bold=True),
        text((left + 10 + after, base), kind, size=ROW_SIZE, fill=theme.MUTED),
        text((place.right - 10, base), count, size=ROW_SIZE, fill=theme.MUTED, anchor="end"),
    ]
    return group([box, *words], title=_tip(step))


def _card(place: Placed) -> str:
    step, left, top = place.step, -CARD / 2, place.top
    sheets = [
        rectangle(
            left + shift,
            top + shift,
            CARD,
            place.height,
            fill=theme.FOLDED,
            stroke=theme.FOLDED_LINE,
            radius=7,
        )
        for shift in ((5.0, 2.5, 0.0) if step.more else (0.0,))
    ]
    kind = "" if step.kind == step.label else step.kind
    room = CARD - 28 - text_width(shorten(kind, ROW_SIZE, CARD / 2), ROW_SIZE)
    words = [
        text(
            (left + 10, top + 17),
            shorten(step.label, LABEL_SIZE, room, bold=True),
            size=LABEL_SIZE,
            bold=True,
        ),
        text(
            (-left - 10, top + 17),
            shorten(kind, ROW_SIZE, CARD / 2),
            size=ROW_SIZE,
            fill=theme.MUTED,
            anchor="end",
        ),
    ]
    if place.height > 30:
        below = f"{grouped(step.more)} more alike, " if step.more else ""
        caption = shorten(below + (_parameters(step) or "no parameters"), ROW_SIZE, CARD - 20)
        words.append(text((left + 10, top + 34), caption, size=ROW_SIZE, fill=theme.MUTED))
    return group([*sheets, *words], title=_tip(step))


def _parameters(step: Step) -> str:
    if not step.parameters:
        return step.note
    plural = "" if step.parameters == 1 else "s"
    count = f"{grouped(step.parameters)} parameter{plural}"
    return f"{count}, {step.note}" if step.note else count


def _tip(step: Step) -> str:
    return ", ".join(part for part in (f"{step.label}: {step.kind}", _parameters(step)) if part)


def _pill(place: Placed) -> str:
    step, half = place.step, pill_width(place.step) / 2
    y = place.top + (place.height - PILL) / 2
    fill, stroke = theme.BADGE, theme.CARD_LINE
    if step.is_input:
        fill, stroke = theme.INPUT, theme.INPUT_LINE
    box = rectangle(-half, y, 2 * half, PILL, fill=fill, stroke=stroke, radius=12)
    if step.is_input:
        name = text((-half + 10, y + 16), step.label, size=PILL_SIZE, bold=True)
        shape = text((half - 10, y + 16), step.note, size=ROW_SIZE, anchor="end", mono=True)
        return group([box, name, shape])
    label = _SYMBOLS.get(step.label, step.label)
    size = PILL_SIZE + 3 if len(label) == 1 else PILL_SIZE
    return group([box, text((0, y + PILL / 2 + size * 0.35), label, size=size, anchor="middle")])


def _beside(place: Placed) -> list[str]:
    """An operation's other inputs: parameters of the module, arguments of the model."""
    step, half = place.step, pill_width(place.step) / 2
    if not step.beside:
        return []
    width = place.left - half - BESIDE_GAP
    left, drawn = -place.left, []
    y = place.top + (place.height - sum(height for _, height in boxes(step))) / 2
    for rows, height in boxes(step):
        fill, stroke = theme.PARAMETER, theme.PARAMETER_LINE
        if rows[0].is_input:
            fill, stroke = theme.INPUT, theme.INPUT_LINE
        drawn.append(rectangle(left, y, width, height, fill=fill, stroke=stroke, radius=6))
        drawn += [
            text((left + 7, y + 15 + 16 * i), f"{one.name}  {one.shape}", size=ROW_SIZE, mono=True)
            for i, one in enumerate(rows)
        ]
        y += height
    end = -half - 1
    line = path(f"M{number(left + width)} {number(place.middle)}H{number(end - _ARROW)}",
                stroke=theme.EDGE, stroke_width=1.4)  # fmt: skip
    return [*drawn, line, _head(end, place.middle, "right")]


def _arrow(start: float, end: float, shape: str, *, has_head: bool = True) -> list[str]:
    stop = end - _ARROW if has_head else end
    drawn = [path(f"M0 {number(start)}V{number(stop)}", stroke=theme.EDGE, stroke_width=1.4)]
    if has_head:
        drawn.append(_head(0.0, end - 0.5, "down"))
    if shape:
        y = (start + end) / 2 + 3
        drawn.append(text((7, y), shape, size=SHAPE_SIZE, fill=theme.MUTED, mono=True))
    return drawn


def _lane(place: Placed, source: int, target: int, lane: int) -> str:
    """The path of a value past the steps between, with its arrow head."""
    x = place.content + 12 + lane * LANE
    start, y0 = _leaves(place, source)
    turn = f"M{number(start)} {number(y0)}H{number(x - 6)}Q{number(x)} {number(y0)} {number(x)}"
    end, y1 = (0.0, place.bottom - 8) if target == OUT else _arrives(place.inner[target])
    way = f"{turn} {number(y0 + 6)}V{number(y1 - 6)}Q{number(x)} {number(y1)} {number(x - 6)}"
    way += f" {number(y1)}H{number(end if target == OUT else end + _ARROW)}"
    head = "" if target == OUT else _head(end, y1, "left")
    return path(way, stroke=theme.EDGE, stroke_width=1.4) + head


def _leaves(place: Placed, source: int) -> tuple[float, float]:
    """Where a value leaves its step at the right, below the point where others arrive."""
    if source == IN:
        return 0.0, _start(place) + 7
    one = place.inner[source]
    return one.right, one.bottom - 10 if one.inner else one.middle + _APART


def _arrives(two: Placed) -> tuple[float, float]:
    return two.right + 1, two.middle if two.inner else two.middle - _APART


def _head(x: float, y: float, to: str) -> str:
    """An arrow head with its tip at (x, y)."""
    long, half = _ARROW + 1.5, 3.6
    corners = {
        "down": ((x - half, y - long), (x + half, y - long)),
        "left": ((x + long, y - half), (x + long, y + half)),
        "right": ((x - long, y - half), (x - long, y + half)),
    }[to]
    (ax, ay), (bx, by) = corners
    way = f"M{number(ax)} {number(ay)}L{number(x)} {number(y)}L{number(bx)} {number(by)}Z"
    return path(way, fill=theme.EDGE)
