"""A function and its way back as two graphs: what the second needs of the first is handed over.

The way back may read what is there anyway: what the function was given or found, what it returned
or wrote. Of all else it needs, little is kept: movement is done again, and so is cheap arithmetic
on what is kept or there anyway, which costs nothing in a loop that runs in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ...ops.broadcast import copy
from ..ir.graph import Equation, Graph, Var, apply
from ..ir.kinds import ELEMENTWISE, VIEWS, is_dear
from ..passes.dce import needed
from ..trace.joint import Joint, Way
from ..trace.traced import Capture, Traced

_MOVED = frozenset({"broadcast_to", "reshape", "permute", "copy", "repeated", "filled"})


@dataclass(frozen=True)
class Kept:
    """Where something lies that the way back needs: an input of the forward graph, or an output."""

    index: int
    is_output: bool


@dataclass(frozen=True, eq=False)
class Back:
    """A way back as a graph.

    Its inputs are the gradients of the results `arrive`, then, of all that is handed over, what has
    the numbers `needs`, then the `captures`. `leave` tells for each source which of the outputs is
    its gradient.
    """

    graph: Graph
    arrive: tuple[int, ...]
    needs: tuple[int, ...]
    captures: tuple[Capture, ...]
    leave: dict[int, int]


@dataclass(frozen=True, eq=False)
class Parts:
    """The way there, which returns more than the function does, and the way back."""

    forward: Traced
    kept: tuple[Kept, ...]  # what each call hands over
    back: Back


def parted(traced: Traced, joint: Joint) -> Parts:
    """The two graphs; the forward one returns what has to be handed over after the results."""
    needs = _Needs(traced)
    draft = needs.draft(joint.way)
    graph, count = traced.graph, traced.result_count
    outputs = (*graph.outputs[:count], *needs.extra.values(), *graph.outputs[count:])
    forward = replace(
        traced,
        graph=Graph(graph.inputs, (*graph.equations, *needs.copies), outputs),
        result_count=count + len(needs.extra),
    )
    return Parts(forward, needs.kept(), needs.back(draft))


@dataclass(frozen=True, eq=False)
class _Draft:
    way: Way
    equations: list[Equation]
    needs: list[Var]


class _Needs:
    """What the way back needs of the forward graph, and where it lies."""

    def __init__(self, traced: Traced) -> None:
        graph = traced.graph
        self.equations, self.makers = graph.equations, graph.makers()
        order = [*graph.inputs, *(v for e in graph.equations for v in e.outputs)]
        self.order = {v: i for i, v in enumerate(order)}
        self.there: dict[Var, Kept] = {}
        count = traced.result_count
        new = graph.outputs[count : count + len(traced.written)]
        for v, i in zip(new, traced.written, strict=True):
            self.there.setdefault(v, Kept(i, is_output=False))
        for i, v in enumerate(graph.inputs):
            if i not in traced.written:
                self.there.setdefault(v, Kept(i, is_output=False))
        for k, v in enumerate(graph.outputs[:count]):
            self.there.setdefault(v, Kept(k, is_output=True))
        captures = zip(graph.inputs[-len(traced.captures) :], traced.captures, strict=False)
        self.found = {v: c for v, c in captures if c.grad_of is None}  # the same in every call
        self.first = count
        self.numbers: dict[Var, int] = {}  # of all that is handed over
        self.extra: dict[Var, Var] = {}  # what is handed over, and what is returned for it
        self.copies: list[Equation] = []

    def draft(self, way: Way) -> _Draft:
        """The equations of the way, with what is done again, and what it needs."""
        back = needed(way.equations, way.leave.values())
        made = {v for e in back for v in e.outputs}.union(way.arrive)
        asked = {v for e in back for v in e.inputs}.union(way.leave.values()) - made
        again: dict[int, Equation] = {}
        first = self._done_again(asked, again, self._is_moved)
        light = self._light(first)
        needs = self._done_again(
            first,
            again,
            lambda e: self._is_moved(e) or (_is_cheap(e) and light.issuperset(e.inputs)),
        )
        for v in needs:
            self._keep(v)
        return _Draft(way, [*(again[i] for i in sorted(again)), *back], needs)

    def _done_again(
        self, asked: Iterable[Var], again: dict[int, Equation], may: Callable[[Equation], bool]
    ) -> list[Var]:
        """What is left to ask for if all equations are done again that may be."""
        waiting, left = set(asked), []
        while waiting:
            v = max(waiting, key=self.order.__getitem__)
            waiting.remove(v)
            maker = self.makers.get(v)
            if v not in self.there and maker is not None and may(maker):
                again[self.order[v]] = maker
                waiting.update(maker.inputs)
            else:
                left.append(v)
        return left

    def _is_moved(self, e: Equation) -> bool:
        """Whether its input, which is no larger than its result, may be kept as well.

        Who clones what was there before may mean to write over it.
        """
        return e.name in _MOVED and (e.name != "copy" or e.inputs[0] in self.makers)

    def _light(self, asked: Iterable[Var]) -> set[Var]:
        """What is there, or asked for in any case, or made of such for next to nothing."""
        light = {*self.there, *asked, *self._in_parts(asked)}
        for e in self.equations:
            if _is_cheap(e) and light.issuperset(e.inputs):
                light.update(e.outputs)
        return light

    def _in_parts(self, asked: Iterable[Var]) -> list[Var]:
        """What may as well be kept as a whole, since parts of it are that are no smaller."""
        size: Counter[Var] = Counter()
        for v in asked:
            maker = self.makers.get(v)
            if maker is not None and maker.name == "slice":
                size[maker.inputs[0]] += v.nbytes
        return [whole for whole, n in size.items() if n >= whole.nbytes]

    def _keep(self, v: Var) -> None:
        if v in self.found and v in self.there:
            return
        self.numbers.setdefault(v, len(self.numbers))
        if v in self.there or v in self.extra:
            return
        self.extra[v] = v
        if v not in self.makers:  # an input that is written over
            copied = apply(copy, [v], {})
            self.copies.append(copied)
            self.extra[v] = copied.output

    def kept(self) -> tuple[Kept, ...]:
        """Where all lies that is handed over."""
        more = {v: Kept(self.first + k, is_output=True) for k, v in enumerate(self.extra)}
        return tuple(self.there[v] if v in self.there else more[v] for v in self.numbers)

    def back(self, draft: _Draft) -> Back:
        """A draft as a graph whose inputs lie in memory in order."""
        handed = [v for v in draft.needs if v in self.numbers]
        found = [v for v in draft.needs if v not in self.numbers]
        new = {v: Var(v.shape, v.dtype, begins_line=True) for v in draft.needs}
        outputs = tuple(dict.fromkeys(draft.way.leave.values()))
        inputs = (*draft.way.arrive, *(new[v] for v in (*handed, *found)))
        return Back(
            replace(Graph((), tuple(draft.equations), outputs).rename(new), inputs=inputs),
            tuple(range(len(draft.way.arrive))),
            tuple(self.numbers[v] for v in handed),
            tuple(self.found[v] for v in found),
            {i: outputs.index(v) for i, v in draft.way.leave.items()},
        )


def _is_cheap(e: Equation) -> bool:
    """Whether doing it again costs less than keeping its result."""
    return e.name in VIEWS or (e.name in ELEMENTWISE and not is_dear(e.primitive))
