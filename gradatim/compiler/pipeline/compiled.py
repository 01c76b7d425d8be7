"""From a graph to callable machine code: all stages in order, or the cache."""

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
from ..machine.cached_code import cached_code
from ..machine.target import Target, host
from ..passes.expand import expand
from ..passes.order import optimise
from ..trace.traced import Traced
from .draft import Draft, NumpyStep, drafted
from .translation import Translation
from .uncollected import uncollected

SOON = 0.5  # seconds of compiling after which the time it took is printed


@dataclass
class Compiled:
    """Machine code with what is needed to call it.

    `slots` says whose address belongs in each slot of the address table after the first two:
    ("input", i), ("output", k), ("words", g), ("spare", g), with generators numbered in order.
    """

    slots: list[tuple[str, int]]
    arena_size: int
    steps: list[str | NumpyStep]
    stacks: list[int]  # outputs of one element, which `repeat` stacks over the steps
    has_brief: bool  # whether there is a shorter step for all but the last of several
    has_both: bool  # whether each is there also in a form that several workers may run
    refusals: list[Refusal]  # the errors that the status numbers
    work: float  # nanoseconds on one core, roughly
    shared: bool
    code: list[bytes]  # object files that are loaded together
    generators: list[Any] = field(default_factory=list)
    layout: Layout | None = None
    lowering: Lowering | None = None
    loaded: engine.Loaded | None = None

    def address(self, name: str) -> int:
        """The address of one of its functions."""
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
        compiled = compile_graph(traced.graph, traced.updates, traced.result_count)
    seconds = time.perf_counter() - begin
    if seconds > SOON and sys.stderr.isatty():
        print(f"gradatim: compiled in {seconds:.1f} s", file=sys.stderr)
    return compiled


def compile_graph(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    results: int,
    *,
    target: Target | None = None,
    use_cache: bool = True,
    simpler: Pass = optimise,
) -> Compiled:
    """Machine code for a graph; `updates` are (output, input) positions that share memory.

    The first `results` outputs are what the function returned; `repeat` stacks those of one
    element. `simpler` runs the passes; pass another to observe the graph after each of them.
    """
    target = target or host()
    key = cache_key(f"{_key_graph(graph)}\n{updates} {results} {graph.beginning_lines}", target)
    if use_cache:
        cached = _cached(key, graph)
        if cached is not None:
            return cached
    compiled = _compile(graph, updates, results, target, simpler)
    if use_cache and not any(isinstance(s, NumpyStep) for s in compiled.steps):
        cache.store(key, _packed(compiled, graph))
    return compiled


def _key_graph(graph: Graph) -> Graph:
    """The graph that the cache key is made of: composites defined outside the library expanded."""
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
    """Machine code for a finished draft."""
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
        draft.has_both,
        draft.lowering.refusals,
        draft.work,
        draft.shared,
        code,
        generators,
        draft.layout,
        draft.lowering,
    )


def _described(m: Memory, plan: Schedule, generators: list[Any]) -> tuple[str, int]:
    if isinstance(m, State):
        return m.what, next(i for i, g in enumerate(generators) if g is m.generator)
    if m in plan.inputs:
        return "input", plan.inputs.index(m)
    return "output", plan.outputs.index(m)


def _generators(graph: Graph) -> list[Any]:
    """The random generators of a graph, in the order of their first draws."""
    by_id = {id(e.params["generator"]): e.params["generator"] for e in graph.equations if e.draws}
    return list(by_id.values())


# -- the cache -----------------------------------------------------------------------------


def _cached(key: str, graph: Graph) -> Compiled | None:
    """The program cached under a key, loaded; None if there is no intact one."""
    cached = cached_code(key)
    if cached is None:
        return None
    loaded, parts = cached
    return replace(_unpacked(parts, graph), loaded=loaded)


def _packed(compiled: Compiled, graph: Graph) -> dict[str, bytes]:
    plan = {
        "slots": compiled.slots,
        "arena_size": compiled.arena_size,
        "steps": compiled.steps,
        "stacks": compiled.stacks,
        "has_brief": compiled.has_brief,
        "has_both": compiled.has_both,
        "refusals": [(r.kind, r.text, _place_of(r.line, graph)) for r in compiled.refusals],
        "work": compiled.work,
        "shared": compiled.shared,
    }
    code = {f"code {i}": part for i, part in enumerate(compiled.code)}
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
    """The equation a refusal comes from; lines may differ when the program is loaded again."""
    lines = [e.line for e in graph.equations]
    own = [i for i, e in enumerate(graph.equations) if e.line == line and e.name in REFUSING]
    return own[0] if own else lines.index(line) if line in lines else -1
