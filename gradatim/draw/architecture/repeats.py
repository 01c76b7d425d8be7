"""Repeated identical steps: the first is shown, with the number of the others."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ...core.nodes import Edge
from .steps import Flow, Step

LONGEST = 8  # maximum number of steps repeated as a group
SAVES = 6  # minimum number of rows saved, else all are shown


def collapsed(step: Step) -> Step:
    """The step with every long repetition in it collapsed to one row."""
    for part in step.steps:
        collapsed(part)
    start = 0
    while start < len(step.steps):
        length, times = _repetition(step.steps, start)
        if length:
            _collapse(step, start + length, start + length * times, times - 1)
            start += length
        start += 1
    return step


def _repetition(steps: Sequence[Step], start: int) -> tuple[int, int]:
    """How many steps from `start` are repeated, and how often; 0 if collapsing saves too little."""
    alike = [_signature(step) for step in steps[start:]]
    best, saved = (0, 1), SAVES - 1
    for length in range(1, min(LONGEST, len(alike) // 2) + 1):
        times = 1
        while alike[:length] == alike[times * length : (times + 1) * length]:
            times += 1
        rows = sum(step.rows() for step in steps[start : start + length])
        if rows * (times - 1) - 1 > saved:
            best, saved = (length, times), rows * (times - 1) - 1
    return best


def _signature(step: Step) -> Hashable:
    """What identical steps have in common: everything but their names."""
    flows = tuple(sorted((flow.source, flow.target, flow.shape or ()) for flow in step.flows))
    inner = tuple(_signature(part) for part in step.steps)
    name = "" if step.kind else step.label
    return step.kind, name, step.parameters, step.is_input, step.more, inner, flows


def _collapse(frame: Step, start: int, end: int, times: int) -> None:
    """Replace the steps from `start` to `end`, which are `times` repetitions, by one."""
    inside = frame.steps[start:end]
    kinds = [step.kind or step.label for step in inside[: len(inside) // times]]
    entries: set[Edge] = set().union(*(step.entries for step in inside))
    names = [step.label for step in inside if step.kind] or [inside[0].label]
    notes = {step.note for step in inside if step.parameters}
    one = Step(
        names[0] if names[0] == names[-1] else f"{names[0]} … {names[-1]}",
        ", ".join(kinds),
        sum(step.parameters for step in inside if not step.note),
        note=notes.pop() if len(notes) == 1 else "",
        more=times,
        entries=entries,
    )

    def moved(place: int) -> int:
        return place if place < start else start if place < end else place - (end - start) + 1

    frame.steps[start:end] = [one]
    flows = [Flow(moved(flow.source), moved(flow.target), flow.shape) for flow in frame.flows]
    known = {(flow.source, flow.target): flow for flow in reversed(flows)}
    frame.flows = [flow for flow in known.values() if flow.source != flow.target]
