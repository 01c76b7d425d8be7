"""Positions of the steps of a model: from top to bottom, an opened module around its own steps.

Everything is centred on one line, along which values flow from step to step. A value used by a
later step passes the steps between on a lane at the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from ..canvas.text_width import text_width
from .steps import IN, OUT, Beside, Flow, Step, shape_text

CARD, LOW, HIGH = 250.0, 26.0, 42.0  # a card's width, and its height with one line or two
PILL = 24.0
GAP, BARE = 30.0, 12.0  # between two steps, with an arrow and without
HEADER, PADDING, BOTTOM = 26.0, 14.0, 24.0
LANE = 13.0
LABEL_SIZE, ROW_SIZE, SHAPE_SIZE, PILL_SIZE = 12.5, 11.0, 10.5, 12.0
BESIDE_GAP = 22.0


@dataclass
class Placed:
    """A step with its box: `left` and `right` are distances from the centre line."""

    step: Step
    left: float
    right: float
    height: float
    top: float = 0.0
    inner: list[Placed] = field(default_factory=list)
    lanes: list[tuple[Flow, int]] = field(default_factory=list)
    content: float = 0.0  # how far to the right its own steps reach

    @property
    def bottom(self) -> float:
        """The y of its lower edge."""
        return self.top + self.height

    @property
    def port_in(self) -> float:
        """Where an arrow from above ends; boxes beside a pill may reach higher than the pill."""
        return self.top if self.step.kind else self.middle - PILL / 2

    @property
    def port_out(self) -> float:
        """Where an arrow downward starts."""
        return self.bottom if self.step.kind else self.middle + PILL / 2

    @property
    def middle(self) -> float:
        """The vertical centre; for an opened module, of its header."""
        return self.top + (HEADER if self.inner else self.height) / 2


def placed(step: Step, top: float, *, is_root: bool = False) -> Placed:
    """The step and everything in it, from `top` down."""
    if not step.is_open:
        box = _leaf(step)
        box.top = top
        return box
    head = 0.0 if is_root else HEADER
    box = Placed(step, 0.0, 0.0, 0.0, top)
    straight = {flow.target for flow in step.flows if _is_straight(flow, len(step.steps))}
    y = top + head
    for i, part in enumerate(step.steps):
        y += (GAP if i in straight else BARE) if i or not is_root else 0.0
        box.inner.append(placed(part, y))
        y = box.inner[-1].bottom
    box.lanes = _lanes(step.flows, len(step.steps))
    is_tight = is_root and not any(flow.target == OUT for flow, _ in box.lanes)
    box.height = y + (0.0 if is_tight else BOTTOM) - top
    lanes = 1 + max((lane for _, lane in box.lanes), default=-1)
    box.content = max(part.right for part in box.inner)
    shapes = (text_width(shape_text(f.shape), SHAPE_SIZE, mono=True) + 8 for f in step.flows)
    box.content = max(box.content, *shapes, 0.0)
    edge = 0.0 if is_root else PADDING
    box.right = box.content + edge + (lanes * LANE + 6 if lanes else 0)
    box.left = max(part.left for part in box.inner) + edge
    return box


def _is_straight(flow: Flow, steps: int) -> bool:
    """Whether a value goes directly to the next step."""
    return flow.target == (flow.source + 1 if flow.source != IN else 0) or (
        flow.target == OUT and flow.source == steps - 1
    )


def _lanes(flows: Sequence[Flow], steps: int) -> list[tuple[Flow, int]]:
    """The flows that bypass steps, each with its lane: short ones inside, without overlaps."""
    passing = [flow for flow in flows if not _is_straight(flow, steps)]
    taken: list[list[tuple[int, int]]] = []
    lanes = []
    for flow in sorted(passing, key=lambda flow: _span(flow, steps)[1] - _span(flow, steps)[0]):
        start, end = _span(flow, steps)
        for lane in count():
            if lane == len(taken):
                taken.append([])
            if all(end <= a or b <= start for a, b in taken[lane]):
                taken[lane].append((start, end))
                lanes.append((flow, lane))
                break
    return lanes


def _span(flow: Flow, steps: int) -> tuple[int, int]:
    return flow.source, steps if flow.target == OUT else flow.target


def _leaf(step: Step) -> Placed:
    if step.kind:
        height = HIGH if step.parameters or step.more or step.note else LOW
        return Placed(step, CARD / 2, CARD / 2, height)
    half = pill_width(step) / 2
    rows = [text_width(f"{one.name}  {one.shape}", ROW_SIZE, mono=True) for one in step.beside]
    left = half + (BESIDE_GAP + max(rows) + 14 if rows else 0.0)
    return Placed(step, left, half, max(PILL, sum(height for _, height in boxes(step)) + 2))


def boxes(step: Step) -> list[tuple[list[Beside], float]]:
    """The boxes beside an operation with their heights: for its parameters, and for arguments."""
    kinds = ([one for one in step.beside if one.is_input is kind] for kind in (False, True))
    return [(rows, 16.0 * len(rows) + 6) for rows in kinds if rows]


def pill_width(step: Step) -> float:
    """The width of an operation's or an argument's pill."""
    words = f"{step.label}  {step.note}" if step.is_input else step.label
    return max(40.0, text_width(words, PILL_SIZE, bold=step.is_input) + 20)
