"""From a graph to machine code that can be called: all stages in order, or the cache."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.primitive import Composite
from ..ir.graph import Graph, Pass
from ..ir.nests import Schedule
from ..lower.nest.refusals import REFUSING, Refusal
from ..lower.nest.writing import Lowering, Memory, State
from ..lower.threads.main import Layout
from ..machine import cache, engine
from ..machine.cache_key import cache_key
from ..machine.kept_code import kept_code
from ..machine.target import Target, host
from ..passes.expand import expand
from ..passes.order import optimise
from ..trace.traced import Traced
from .draft import Draft, NumpyStep, drafted
from .translation import Translation
from .uncollected import uncollected

SOON = 0.5  # seconds of compiling after which it is said how long it took


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
