"""`program.explain()`: a printed report on a compiled function, stage by stage.

    trace       the equations recorded while the function ran once
    expand ..   the graph after that pass; `passes` shows all passes that changed something
    schedule    the loop nests, with the memory that each reads and writes
    llvm        the IR passed to LLVM
    assembly    the processor's instructions

A program from the cache keeps none of this in memory; the stages are run again, since they depend
on the graph and the target alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from ...core.errors import ArgumentError
from ...core.handle import Handle
from ..ir.graph import Equation, Graph, Names, Var, described
from ..ir.nests import Nest, NumpyNest, title
from ..lower.nest.writing import Call
from ..machine import engine
from ..machine.target import Target
from ..passes.order import ORDER, stages
from ..pipeline.draft import Draft, drafted
from ..runtime.binding import Binding
from ..trace.results import indices
from .loops import INDENT, loop_lines

PASSES = tuple(name for name, _ in ORDER)
STAGES = ("trace", *PASSES, "passes", "schedule", "llvm", "assembly")
_COLUMN = 40  # where remarks start


def check_asked(stage: Any, nest: Any) -> None:
    """Refuse an unknown stage, or a loop nest that is not given as an integer.

    Errors: ArgumentError.
    """
    if stage is not None and stage not in STAGES:
        raise ArgumentError(f"explain: no stage {stage!r}; there are {', '.join(STAGES)}")
    if nest is not None and (isinstance(nest, bool) or not isinstance(nest, int)):
        raise ArgumentError(f"explain: a loop nest is named by its number, from 1, got {nest!r}")


class Explanation:
    """All stages of one traced function, each computed on demand."""

    def __init__(self, name: str, binding: Binding, history: Sequence[str], target: Target) -> None:
        self.name, self.binding, self.target = name, binding, target
        self.history = history
        self.traced = binding.traced

    def text(self, stage: str | None = None, nest: int | None = None) -> str:
        """One stage, or an overview; restricted to one nest, counted from 1, if it is given.

        Errors: ArgumentError for an unknown stage or nest.
        """
        if nest is not None and not 1 <= nest <= len(self.nests):
            numbers = f"there is 1 to {len(self.nests)}" if self.nests else "there is none"
            raise ArgumentError(f"explain: no loop nest {nest}; {numbers}")
        if stage is None:
            return "\n".join(self._whole() if nest is None else self._nest(nest))
        if stage in PASSES:
            return "\n".join(self._graph(dict(self._graphs)[stage], Names()))
        return "\n".join(getattr(self, f"_{stage}")(nest))

    # -- results of the stages -------------------------------------------------------------

    @cached_property
    def _graphs(self) -> list[tuple[str, Graph]]:
        return list(stages(self.traced.graph))

    @cached_property
    def draft(self) -> Draft:
        """The program before LLVM compiles it."""
        t = self.traced
        return drafted(t.graph, t.updates, t.result_count, self.target)

    @cached_property
    def nests(self) -> list[Nest]:
        """The loop nests, in order."""
        return list(self.draft.schedule.nests)

    @cached_property
    def calls(self) -> dict[Nest, list[Call]]:
        """The functions of each nest."""
        by_nest: dict[Nest, list[Call]] = {}
        for c in self.draft.lowering.calls:
            if isinstance(c, Call):
                by_nest.setdefault(c.nest, []).append(c)
        return by_nest

    @cached_property
    def names(self) -> Names:
        """The variables of the final graph, with the letters that its print gives them."""
        names = Names()
        self.draft.graph.text(names.known)
        return names

    # -- the overview ----------------------------------------------------------------------

    def _whole(self) -> Iterator[str]:
        graph, last = self.traced.graph, self._graphs[-1][1]
        yield f"{self.name}: {self._counted()}"
        yield from self._retraced()
        yield from self._headed(f"As traced: {_equations(graph)}", self._trace(None))
        counts = [(name, len(g.equations)) for name, g in self._graphs]
        steps = ", ".join(f"{name} {n}" for name, n in counts)
        after = [f"equations after each: {steps}", "", *self._graph(last, Names())]
        yield from self._headed(f"After the passes: {_equations(last)}", after)
        yield from self._headed(f"As loop nests: {len(self.nests)}", self._schedule(None))

    def _counted(self) -> str:
        inputs, given = len(self.traced.graph.inputs), self.binding.inputs.given
        results, written = self.traced.returned_count, len(self.traced.written)
        kept = self.traced.result_count - results
        grads = len(self.traced.grads)
        parts = [f"{given} given", f"{inputs - given} captured", f"{results} returned"]
        parts += [f"{kept} assigned"] if kept else []
        parts += [f"{written} written in place"] if written else []
        parts += [f"{grads} left in .grad"] if grads else []
        return ", ".join(parts)

    def _retraced(self) -> Iterator[str]:
        if self.history:
            yield f"traced {_times(len(self.history))}: {'; '.join(self.history)}"

    @staticmethod
    def _headed(head: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
        yield from ["", head, "-" * len(head), *lines]

    # -- graphs ----------------------------------------------------------------------------

    def _trace(self, _: int | None) -> list[str]:
        return self._graph(self.traced.graph, Names(), lines=True)

    def _passes(self, _: int | None) -> Iterator[str]:
        before = self.traced.graph
        for name, graph in self._graphs:
            changed = str(graph) != str(before)
            yield f"{name}: {_equations(graph)}" + ("" if changed else ", nothing changed")
            if changed:
                yield from ["", *self._graph(graph, Names()), ""]
            before = graph

    def _graph(self, graph: Graph, names: Names, *, lines: bool = False) -> list[str]:
        """The print of a graph, with the meaning of its inputs and outputs."""
        printed = graph.text(names.known)
        count = len(graph.inputs)
        text = [_remarked(line, self.origin(i)) for i, line in enumerate(printed[:count])]
        text += (
            _with_users_lines(graph.equations, printed[count:-1]) if lines else printed[count:-1]
        )
        for k, v in enumerate(graph.outputs):
            text.append(_remarked(f"{'out' if k == 0 else '   '}  {names[v]}", self.purpose(k)))
        return text

    def origin(self, i: int) -> str:
        """What an input of the graph is to the user."""
        binding = self.binding
        if i < binding.inputs.given:
            return binding.called[i] if binding.called else f"argument {i}"
        capture = self.traced.captures[i - binding.inputs.given]
        owner = capture.grad_of
        if isinstance(owner, int):
            return f"{self.origin(owner)}.grad"
        if owner is not None:
            return f"{self._called.get(_memory(owner), 'a tensor')}.grad"
        return self._called.get(id(capture.storage.value), "captured")

    def purpose(self, k: int) -> str:
        """What an output of the graph is to the user."""
        results, written = self.traced.result_count, self.traced.written
        returned = self.traced.returned_count
        if k < returned:
            return "returned" if returned == 1 else f"returned, {k}"
        if k < results:
            return self._assigned[k]
        if k < results + len(written):
            return f"the new {self.origin(written[k - results])}"
        t = self.traced.grads[k - results - len(written)]
        if isinstance(t, int):
            return f"{self.origin(t)}.grad"
        return f"{self._called.get(_memory(t), 'a tensor')}.grad"

    @cached_property
    def _assigned(self) -> dict[int, str]:
        """Where the results are put that the function does not return."""
        return {k: kept.entry.path for kept in self.traced.kept for k in indices(kept.value)}

    @cached_property
    def _called(self) -> dict[int, str]:
        states = {_memory(s.memory): s.entry.path for s in self.traced.states}
        return {**states, **{_memory(x): name for x, name in self.binding.guards.tensors()}}

    # -- loop nests ------------------------------------------------------------------------

    def _schedule(self, nest: int | None) -> Iterator[str]:
        if nest is not None:
            yield from self._nest(nest)
            return
        for i in range(1, len(self.nests) + 1):
            yield from [*self._nest(i), ""]
        yield from self._totals()

    def _nest(self, number: int) -> Iterator[str]:
        nest = self.nests[number - 1]
        yield f"{number}  {title(nest)}"
        yield from (INDENT + line for line in loop_lines(nest, self.names))
        if isinstance(nest, NumpyNest):
            yield f"{INDENT}by NumPy: {nest.reason}"
            return
        calls = self.calls[nest]
        own = {v for c in calls for v in c.writes}
        before = [v for c in calls for v in c.reads if v not in own]
        yield from self._buffers("reads ", dict.fromkeys(before))
        yield from self._buffers("writes", dict.fromkeys(v for c in calls for v in c.writes))
        for c in calls:
            part = " (packing)" if c is not calls[-1] else ""
            yield f"{INDENT}{c.function}: {_items(c.items)}{part}"

    def _buffers(self, what: str, variables: dict[Var, None]) -> Iterator[str]:
        for v in variables:
            size = f"{v.nbytes:,} bytes"
            kind = f"{self.names[v]}:{described(v.type)}"
            yield f"{INDENT}{what}  {kind:26} {size:>16}  {self._where(v)}"
            what = " " * len(what)

    def _where(self, v: Var) -> str:
        """Where a buffer lies."""
        schedule, arena = self.draft.schedule, self.draft.layout.arena
        place = schedule.in_place.get(v, v)
        if place in schedule.inputs:
            over = "over " if place is not v else ""
            return over + self.origin(schedule.inputs.index(place))
        if v in schedule.outputs:
            return self.purpose(schedule.outputs.index(v))
        return f"arena + {arena.offsets[place]:,}"

    def _totals(self) -> Iterator[str]:
        draft = self.draft
        others = [n for n in self.nests if isinstance(n, NumpyNest)]
        calls = [c for group in self.calls.values() for c in group]
        functions = {name for c in calls for name in (c.function, *c.parts)}
        yield f"{len(self.nests)} loop nests in {len(functions)} functions, {len(others)} by NumPy"
        yield f"arena: {draft.layout.arena.size:,} bytes"
        work = f"about {draft.work / 1000:,.1f} microseconds on one core"
        if draft.shared:
            yield f"threads: shared by all ({work}); each takes a part of a nest's items"
        elif draft.has_both:
            yield f"threads: one ({work}); in `repeat` all, if that takes less time"
        else:
            yield f"threads: one ({work}: waking another does not pay)"

    # -- code ------------------------------------------------------------------------------

    def _llvm(self, nest: int | None) -> Iterator[str]:
        if nest is None:
            yield self.draft.text
            return
        for name in self._functions(nest):
            yield self.draft.lowering.module.functions[name].rstrip()

    def _assembly(self, nest: int | None) -> Iterator[str]:
        lines = engine.assembly(self.draft.text, self.target).splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith(".cfi_"))
        if nest is None:
            yield text
            return
        for name in self._functions(nest):
            match = re.search(rf"^_?{name}:.*?(?=^\.?L?func_end)", text, re.MULTILINE | re.DOTALL)
            yield match[0].rstrip() if match else f"{name}: not found in the assembly"

    def _functions(self, number: int) -> list[str]:
        nest = self.nests[number - 1]
        if isinstance(nest, NumpyNest):
            raise ArgumentError(f"explain: NumPy computes nest {number} ({nest.reason})")
        return [name for c in self.calls[nest] for name in (c.function, *c.parts)]


def _with_users_lines(equations: Sequence[Equation], printed: Sequence[str]) -> Iterator[str]:
    """The equations, with each line of the user's above those that came from it."""
    before = ""
    for e, text in zip(equations, printed, strict=True):
        if e.line and e.line != before:
            yield f"     # {e.line}"
        before = e.line
        yield text


def _memory(x: Handle) -> int:
    """A key that two tensors on the same memory share."""
    return id(x._storage.value)


def _remarked(line: str, remark: str) -> str:
    return f"{line:{_COLUMN}} {remark}"


def _equations(graph: Graph) -> str:
    n = len(graph.equations)
    return f"{n} equation" + ("s" if n != 1 else "")


def _items(n: int) -> str:
    return "one work item" if n == 1 else f"{n} work items"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
