"""A printed report on a compiled function of Values: its operations, IR text, or instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...core.errors import ArgumentError
from ..machine import engine
from .native import Version

STAGES = ("trace", "llvm", "assembly")


def explained(version: Version, name: str, history: Sequence[str], stage: str | None) -> str:
    """One stage, or an overview with all operations.

    Errors: ArgumentError for an unknown stage.
    """
    if stage is not None and stage not in STAGES:
        raise ArgumentError(f"explain: no stage {stage!r}; there are {', '.join(STAGES)}")
    if stage == "llvm":
        return version.text
    if stage == "assembly":
        return engine.assembly(version.text)
    lines = [*_operations(version)]
    if stage == "trace":
        return "\n".join(lines)
    trace = version.trace
    values, numbers = len(trace.values), trace.width
    head = f"{name}: {_count(values, 'Value')}, {_count(numbers, 'number')} given"
    again = [f"compiled again: {'; '.join(history)}"] if history else []
    title = f"A step: {_count(len(lines), 'line')} of straight-line code, no loop and no branch"
    return "\n".join([head, *again, "", title, "-" * len(title), *lines, "", *_after(version)])


def _operations(version: Version) -> Iterator[str]:
    tape = version.trace.tape
    yield from tape.text(range(len(tape.operations)))


def _after(version: Version) -> Iterator[str]:
    """What happens to the results of a step."""
    trace, tape, names = version.trace, version.trace.tape, _names_of_places(version)
    for place, i in trace.writes.items():
        yield f"{names[place]} = {tape.name_of(i)}"
    for i in trace.cleared:
        yield f"{names[2 * i + 1]} is as if it had not been computed"
    yield f"return {', '.join(tape.name_of(i) for i in trace.outputs) or 'nothing'}"


def _names_of_places(version: Version) -> dict[int, str]:
    names: dict[int, str] = {}
    for i, value in enumerate(version.trace.values):
        label = value.label or f"value{i}"
        names |= {2 * i: f"{label}.data", 2 * i + 1: f"{label}.grad"}
    return names | {place: "result.grad" for place in version.trace.writes if place not in names}


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("s" if n != 1 else "")
