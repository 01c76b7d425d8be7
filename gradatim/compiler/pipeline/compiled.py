"""From a graph to machine code that can be called: all stages in order, or the cache."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ...core.primitive import Composite
from ..ir.graph import Equation, Graph, Pass, Var
from ..ir.nests import NumpyNest, Schedule, reads
from ..ir.strided import Strided
from ..lower.functions.brief import briefly
from ..lower.functions.calls import band_items, lower
from ..lower.nest.refusals import REFUSING, Refusal
from ..lower.nest.writing import Call, Lowering, Memory, State
from ..lower.random.draws import supported
from ..lower.rows.lines import is_line
from ..lower.text.emit import Module
from ..lower.threads.main import Layout, write_step
from ..lower.threads.phases import Phase, one_by_one, side_by_side
from ..machine import cache, engine
from ..machine.cache_key import cache_key
from ..machine.kept_code import kept_code
from ..machine.target import Target, host
from ..passes import optimise
from ..passes.expand import expand
from ..schedule.build import schedule
from ..schedule.grain import in_two_steps
from ..schedule.memory import Use, plan_memory
from ..schedule.over import reused
from .translation import Translation
from .uncollected import uncollected

if TYPE_CHECKING:
    from ..trace.trace import Traced

SOON = 0.5  # seconds of compiling after which it is said how long it took
WORTH_SHARING = 100_000  # nanoseconds of one core that make waking a second one pay


@dataclass(frozen=True)
class NumpyStep:
    """An equation for NumPy, and where in memory its inputs and outputs lie."""

    equation: Equation
    inputs: tuple[tuple[Var, Strided] | Any, ...]
    reason: str


@dataclass
class Compiled:
    """Machine code with what has to be known to call it.

    `slots` tells for each slot of the table after the first two whose address it wants:
    ("input", i), ("output", k), ("words", g), ("spare", g), with generators by their order.
    """

    slots: list[tuple[str, int]]
    arena_size: int
    steps: list[str | NumpyStep]
    stacks: list[int]  # which outputs are numbers, kept from every step
    has_brief: bool  # whether there is a step for all but the last of many
    refusals: list[Refusal]  # what the status means
    work: float
    shared: bool
    code: list[bytes]  # objects that are loaded together
    generators: list[Any] = field(default_factory=list)
    layout: Layout | None = None
    lowering: Lowering | None = None
    loaded: engine.Loaded | None = None

    def address(self, name: str) -> int:
        """Where one of its functions lies."""
        if self.loaded is None:
            self.loaded = engine.load(*self.code)
        return self.loaded.address(name)

    @property
    def is_native(self) -> bool:
        """Whether it is machine code from end to end."""
        return self.steps == ["step_0"]


def compiled_of(traced: Traced) -> Compiled:
    """Machine code for a traced function."""
    begin = time.perf_counter()
    with uncollected():
        made = compile_graph(traced.graph, traced.updates, traced.result_count)
    seconds = time.perf_counter() - begin
    if seconds > SOON and sys.stderr.isatty():
        print(f"gradatim: compiled in {seconds:.1f} s", file=sys.stderr)
    return made


def compile_graph(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    results: int,
    *,
    target: Target | None = None,
    use_cache: bool = True,
    simpler: Pass = optimise,
) -> Compiled:
    """Machine code for a graph; `updates` are (output, input) places that share memory.

    The first `results` outputs are what the function returned: those of one number are stacked by
    `repeat`. Who wants to look at what all passes make of the graph runs them: `simpler`.
    """
    target = target or host()
    key = cache_key(f"{_known_by(graph)}\n{updates} {results} {graph.beginning_lines}", target)
    if use_cache:
        kept = _kept(key, graph)
        if kept is not None:
            return kept
    made = _compile(graph, updates, results, target, simpler)
    if use_cache and not any(isinstance(s, NumpyStep) for s in made.steps):
        cache.store(key, _packed(made, graph))
    return made


def _known_by(graph: Graph) -> Graph:
    """What tells a program from others: our composites by name, somebody's own by what they do."""
    house = __name__.partition(".")[0]
    for e in graph.equations:
        if isinstance(e.primitive, Composite):
            module = getattr(e.primitive.expand, "__module__", None) or ""
            if module.partition(".")[0] != house:
                return expand(graph)
    return graph


def scheduled(graph: Graph, updates: Sequence[tuple[int, int]], target: Target) -> Schedule:
    """The loop nests of a graph."""
    return _scheduled(optimise(graph), updates, target)


def _scheduled(graph: Graph, updates: Sequence[tuple[int, int]], target: Target) -> Schedule:
    def is_native(e: Equation) -> bool:
        if not e.draws:
            return is_line(e)
        types = tuple(v.type for v in e.inputs)
        return supported(e.name, e.output.type, e.params, types, target)

    made = schedule(graph, updates, is_native)
    items_of = partial(band_items, target=target)
    nests = tuple(n for nest in made.nests for n in in_two_steps(nest, items_of))
    over = reused(nests, {*made.inputs, *made.outputs, *made.in_place})
    return Schedule(nests, made.inputs, made.outputs, {**made.in_place, **over})


@dataclass(frozen=True)
class Draft:
    """A program before LLVM has seen it: its nests as functions, its memory, its text."""

    graph: Graph  # after the passes
    schedule: Schedule
    lowering: Lowering
    layout: Layout
    outside: list[Memory]
    stretches: list[list[Phase] | NumpyNest]
    steps: list[str | NumpyStep]
    stacks: list[int]
    has_brief: bool
    work: float
    shared: bool

    @property
    def text(self) -> str:
        """The whole module, in LLVM's language."""
        return str(self.lowering.module)

    @property
    def phases(self) -> list[Phase]:
        """All phases, of all stretches."""
        return [p for s in self.stretches if not isinstance(s, NumpyNest) for p in s]


def drafted(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    results: int,
    target: Target,
    ready: Callable[[Module, Sequence[str]], None] | None = None,
    simpler: Pass = optimise,
) -> Draft:
    """All stages but the last; what they make depends on the graph and the target alone.

    `ready` is told of functions as soon as they can be translated.
    """
    final = simpler(graph)
    made = _scheduled(final, updates, target)
    lowering = lower(made, target, ready)
    outside = _outside(made, lowering)
    slots = {m: i + 2 for i, m in enumerate(outside)}
    work = sum(c.work for c in lowering.calls if isinstance(c, Call))
    shared = work > WORTH_SHARING
    stretches = [*_stretches(lowering, shared=shared)]
    uses = [use for s in stretches for use in _uses(s, lowering)]
    lies_outside = [m for m in outside if isinstance(m, Var)]
    layout = Layout(slots, plan_memory(uses, lies_outside, shared=shared))
    steps: list[str | NumpyStep] = []
    for stretch in stretches:
        if isinstance(stretch, NumpyNest):
            steps.append(NumpyStep(stretch.equation, stretch.inputs, stretch.reason))
            continue
        name = f"step_{sum(isinstance(s, str) for s in steps)}"
        write_step(lowering, name, stretch, layout, shared=shared)
        steps.append(name)
    stacks = [
        k for k, v in enumerate(made.outputs[:results]) if v.size == 1 and v not in made.in_place
    ]
    brief = None
    if steps == ["step_0"] and not shared:
        brief = briefly(lowering, made, made.outputs[results + len(updates) :])
        if brief is not None:
            layout = _write_brief(brief, layout, outside)
    return Draft(
        final,
        made,
        lowering,
        layout,
        outside,
        stretches,
        steps,
        stacks,
        brief is not None,
        work,
        shared,
    )


def _write_brief(brief: Lowering, layout: Layout, outside: Sequence[Memory]) -> Layout:
    """Write the brief step; the layout with an arena that is large enough for it too."""
    phases = one_by_one([c for c in brief.calls if isinstance(c, Call)])
    uses = _uses(phases, brief)
    arena = plan_memory([*uses], [m for m in outside if isinstance(m, Var)])
    write_step(brief, "brief", phases, replace(layout, arena=arena), shared=False)
    return replace(layout, arena=replace(layout.arena, size=max(layout.arena.size, arena.size)))


def _stretches(lowering: Lowering, *, shared: bool) -> Iterator[list[Phase] | NumpyNest]:
    """The phases between two equations that NumPy does, and these equations."""
    for is_call, found in groupby(lowering.calls, lambda c: isinstance(c, Call)):
        if not is_call:
            yield from (c for c in found if isinstance(c, NumpyNest))
            continue
        calls = [c for c in found if isinstance(c, Call)]
        yield side_by_side(calls, lowering.place_of) if shared else one_by_one(calls)


def _compile(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    results: int,
    target: Target,
    simpler: Pass,
) -> Compiled:
    with Translation(target) as translation:
        draft = drafted(graph, updates, results, target, translation.ready, simpler)
        return _with_code(draft, graph, translation.objects(draft.lowering.module))


def translated(draft: Draft, graph: Graph, target: Target) -> Compiled:
    """Machine code for a draft."""
    with Translation(target) as translation:
        return _with_code(draft, graph, translation.objects(draft.lowering.module))


def _with_code(draft: Draft, graph: Graph, code: list[bytes]) -> Compiled:
    generators = _generators(graph)
    return Compiled(
        [_described(m, draft.schedule, generators) for m in draft.outside],
        draft.layout.arena.size,
        draft.steps,
        draft.stacks,
        draft.has_brief,
        draft.lowering.refusals,
        draft.work,
        draft.shared,
        code,
        generators,
        draft.layout,
        draft.lowering,
    )


def _outside(made: Schedule, lowering: Lowering) -> list[Memory]:
    """All memory that is not the arena's, in the order of its slots."""
    states: dict[Memory, None] = {}
    for c in lowering.calls:
        if isinstance(c, Call):
            states.update((m, None) for m in c.memory if isinstance(m, State))
    outputs = [v for v in made.outputs if v not in made.in_place]
    return [*made.inputs, *outputs, *states]


def _uses(stretch: list[Phase] | NumpyNest, lowering: Lowering) -> Iterator[Use]:
    """What lives at the same time: all that a phase reads and writes."""
    place_of = lowering.place_of
    if isinstance(stretch, NumpyNest):
        yield Use(tuple(map(place_of, reads(stretch))), stretch.equation.outputs)
        return
    for phase in stretch:
        read = (place_of(v) for c in phase.calls for v in c.reads)
        yield Use(tuple(read), tuple(place_of(v) for c in phase.calls for v in c.writes))


def _described(m: Memory, made: Schedule, generators: list[Any]) -> tuple[str, int]:
    if isinstance(m, State):
        return m.what, next(i for i, g in enumerate(generators) if g is m.generator)
    if m in made.inputs:
        return "input", made.inputs.index(m)
    return "output", made.outputs.index(m)


def _generators(graph: Graph) -> list[Any]:
    """The random generators of a graph, in the order of their first draws."""
    found = {id(e.params["generator"]): e.params["generator"] for e in graph.equations if e.draws}
    return list(found.values())


# -- the cache -----------------------------------------------------------------------------


def _kept(key: str, graph: Graph) -> Compiled | None:
    """The program that is kept under a key, in memory; None if there is none that is whole."""
    found = kept_code(key)
    if found is None:
        return None
    loaded, parts = found
    return replace(_unpacked(parts, graph), loaded=loaded)


def _packed(made: Compiled, graph: Graph) -> dict[str, bytes]:
    plan = {
        "slots": made.slots,
        "arena_size": made.arena_size,
        "steps": made.steps,
        "stacks": made.stacks,
        "has_brief": made.has_brief,
        "refusals": [(r.kind, r.text, _place_of(r.line, graph)) for r in made.refusals],
        "work": made.work,
        "shared": made.shared,
    }
    code = {f"code {i}": part for i, part in enumerate(made.code)}
    return {"plan": json.dumps(plan).encode(), **code}


def _unpacked(parts: dict[str, bytes], graph: Graph) -> Compiled:
    plan = json.loads(parts["plan"])
    plan["slots"] = [(what, i) for what, i in plan["slots"]]
    plan["refusals"] = [
        Refusal(kind, text, "" if place < 0 else graph.equations[place].line)
        for kind, text, place in plan["refusals"]
    ]
    code = [part for name, part in parts.items() if name != "plan"]
    return Compiled(**plan, code=code, generators=_generators(graph))


def _place_of(line: str, graph: Graph) -> int:
    """Which equation says where a refusal comes from: another program has other lines."""
    lines = [e.line for e in graph.equations]
    own = [i for i, e in enumerate(graph.equations) if e.line == line and e.name in REFUSING]
    return own[0] if own else lines.index(line) if line in lines else -1
