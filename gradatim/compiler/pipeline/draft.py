"""From a graph to LLVM IR text: all stages but the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

from ..ir.graph import Equation, Graph, Pass, Var
from ..ir.nests import NumpyNest, Schedule, reads
from ..ir.strided import Strided
from ..lower.functions.brief import briefly
from ..lower.functions.calls import lower
from ..lower.functions.products import band_items
from ..lower.nest.writing import Call, Lowering, Memory, State
from ..lower.random.draws import supported
from ..lower.rows.lines import is_line
from ..lower.text.emit import Module
from ..lower.threads.main import Layout, write_step
from ..lower.threads.phases import Phase, one_by_one, side_by_side
from ..machine.target import Target
from ..passes.order import optimise
from ..schedule.build import schedule
from ..schedule.grain import in_two_steps
from ..schedule.in_place import reused
from ..schedule.memory import Use, plan_memory

WORTH_SHARING = 100_000  # nanoseconds of work on one core from which waking a second pays off
WORTH_TRYING = 10_000  # and from which many steps in a row may be faster with a second
SHARED = "_shared"  # the suffix of a function that several workers may run, beside the other


@dataclass(frozen=True)
class NumpyStep:
    """An equation for NumPy, and where its inputs and outputs lie in memory."""

    equation: Equation
    inputs: tuple[tuple[Var, Strided] | Any, ...]
    reason: str


def scheduled(graph: Graph, updates: Sequence[tuple[int, int]], target: Target) -> Schedule:
    """The loop nests of a graph, after all passes."""

    def is_native(e: Equation) -> bool:
        if not e.draws:
            return is_line(e)
        types = tuple(v.type for v in e.inputs)
        return supported(e.name, e.output.type, e.params, types, target)

    plan = schedule(graph, updates, is_native)
    items_of = partial(band_items, target=target)
    nests = tuple(n for nest in plan.nests for n in in_two_steps(nest, items_of))
    over = reused(nests, {*plan.inputs, *plan.outputs, *plan.in_place})
    return Schedule(nests, plan.inputs, plan.outputs, {**plan.in_place, **over})


@dataclass(frozen=True)
class Draft:
    """A program before LLVM compiles it: its nests as functions, its memory plan, its text."""

    graph: Graph  # after the passes
    schedule: Schedule
    lowering: Lowering
    layout: Layout
    outside: list[Memory]
    stretches: list[list[Phase] | NumpyNest]
    steps: list[str | NumpyStep]
    stacks: list[int]
    has_brief: bool
    has_both: bool
    work: float
    shared: bool

    @property
    def text(self) -> str:
        """The IR text of the whole module."""
        return str(self.lowering.module)

    @property
    def phases(self) -> list[Phase]:
        """The phases of all stretches."""
        return [p for s in self.stretches if not isinstance(s, NumpyNest) for p in s]


def drafted(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    results: int,
    target: Target,
    ready: Callable[[Module, Sequence[str]], None] | None = None,
    simpler: Pass = optimise,
) -> Draft:
    """All stages but the last; the result depends on the graph and the target alone.

    `ready` is called with functions as soon as they can be compiled.
    """
    final = simpler(graph)
    plan = scheduled(final, updates, target)
    lowering = lower(plan, target, ready)
    outside = _outside(plan, lowering)
    work = sum(c.work for c in lowering.calls if isinstance(c, Call))
    shared = work > WORTH_SHARING
    stretches = [*_stretches(lowering, shared=shared)]
    uses = [use for s in stretches for use in _uses(s, lowering)]
    arena = plan_memory(uses, [m for m in outside if isinstance(m, Var)], shared=shared)
    layout = Layout({m: i + 2 for i, m in enumerate(outside)}, arena)
    steps = _write_steps(lowering, stretches, layout, shared=shared)
    is_short = steps == ["step_0"] and not shared
    has_both = is_short and work > WORTH_TRYING
    left = plan.outputs[results + len(updates) :]  # in `.grad`
    brief = briefly(lowering, plan, left) if is_short else None
    for form, name, in_parts in _other_forms(lowering, brief, has_both=has_both):
        layout = _write_more(form, name, layout, outside, shared=in_parts)
    return Draft(
        graph=final,
        schedule=plan,
        lowering=lowering,
        layout=layout,
        outside=outside,
        stretches=stretches,
        steps=steps,
        stacks=_stacks(plan, results),
        has_brief=brief is not None,
        has_both=has_both,
        work=work,
        shared=shared,
    )


def _write_steps(
    lowering: Lowering,
    stretches: Sequence[list[Phase] | NumpyNest],
    layout: Layout,
    *,
    shared: bool,
) -> list[str | NumpyStep]:
    """Write a function for each stretch of machine code; all stretches of a step in order."""
    steps: list[str | NumpyStep] = []
    for stretch in stretches:
        if isinstance(stretch, NumpyNest):
            steps.append(NumpyStep(stretch.equation, stretch.inputs, stretch.reason))
            continue
        name = f"step_{sum(isinstance(s, str) for s in steps)}"
        write_step(lowering, name, stretch, layout, shared=shared)
        steps.append(name)
    return steps


def _stacks(plan: Schedule, results: int) -> list[int]:
    """The results of one element, which `repeat` stacks over the steps."""
    new = enumerate(plan.outputs[:results])
    return [k for k, v in new if v.size == 1 and v not in plan.in_place]


def _other_forms(
    lowering: Lowering, brief: Lowering | None, *, has_both: bool
) -> Iterator[tuple[Lowering, str, bool]]:
    """Further forms of a short step, with their names, and whether workers share them."""
    if brief is not None:
        yield brief, "brief", False
    if has_both:
        yield lowering, f"step_0{SHARED}", True
        if brief is not None:
            yield brief, f"brief{SHARED}", True


def _write_more(
    lowering: Lowering, name: str, layout: Layout, outside: Sequence[Memory], *, shared: bool
) -> Layout:
    """Write another form of the step; the layout, with an arena large enough for it too."""
    (phases,) = _stretches(lowering, shared=shared)
    assert not isinstance(phases, NumpyNest)
    uses, lies_outside = _uses(phases, lowering), [m for m in outside if isinstance(m, Var)]
    arena = plan_memory([*uses], lies_outside, shared=shared)
    write_step(lowering, name, phases, replace(layout, arena=arena), shared=shared)
    return replace(layout, arena=replace(layout.arena, size=max(layout.arena.size, arena.size)))


def _stretches(lowering: Lowering, *, shared: bool) -> Iterator[list[Phase] | NumpyNest]:
    """The phases between two equations that NumPy computes, and these equations."""
    for is_call, group in groupby(lowering.calls, lambda c: isinstance(c, Call)):
        if not is_call:
            yield from (c for c in group if isinstance(c, NumpyNest))
            continue
        calls = [c for c in group if isinstance(c, Call)]
        yield side_by_side(calls, lowering.place_of) if shared else one_by_one(calls)


def _outside(plan: Schedule, lowering: Lowering) -> list[Memory]:
    """All memory outside the arena, in the order of its slots."""
    states: dict[Memory, None] = {}
    for c in lowering.calls:
        if isinstance(c, Call):
            states.update((m, None) for m in c.memory if isinstance(m, State))
    outputs = [v for v in plan.outputs if v not in plan.in_place]
    return [*plan.inputs, *outputs, *states]


def _uses(stretch: list[Phase] | NumpyNest, lowering: Lowering) -> Iterator[Use]:
    """What is live at the same time: everything that a phase reads and writes."""
    place_of = lowering.place_of
    if isinstance(stretch, NumpyNest):
        yield Use(tuple(map(place_of, reads(stretch))), stretch.equation.outputs)
        return
    for phase in stretch:
        read = (place_of(v) for c in phase.calls for v in c.reads)
        yield Use(tuple(read), tuple(place_of(v) for c in phase.calls for v in c.writes))
