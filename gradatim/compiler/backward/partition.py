"""Splits a function and its backward pass into two graphs, and chooses what to save between them.

The backward graph may read what is in memory anyway: what the function was given or captured, and
what it returned or wrote. Little else is saved: data movement is recomputed, and so is cheap
arithmetic on what is saved or available anyway, since it costs nothing inside a loop that runs in
any case.
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
    """Where a tensor that the backward graph needs lies: a forward input, or a forward output."""

    index: int
    is_output: bool


@dataclass(frozen=True, eq=False)
class Back:
    """A backward graph.

    Its inputs are the gradients of the results `arrive`, then the saved tensors numbered `needs`,
    then the `captures`. `leave` maps each source to the index of the output that is its gradient.
    """

    graph: Graph
    arrive: tuple[int, ...]
    needs: tuple[int, ...]
    captures: tuple[Capture, ...]
    leave: dict[int, int]


@dataclass(frozen=True, eq=False)
class Parts:
    """The forward graph, which returns more than the function does, and the backward graph."""

    forward: Traced
    kept: tuple[Kept, ...]  # what each call saves for the backward graph
    back: Back


def partition(traced: Traced, joint: Joint) -> Parts:
    """The two graphs; the forward one returns the extra tensors to save after the results."""
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
    """What the backward graph needs of the forward graph, and where it lies."""

    def __init__(self, traced: Traced) -> None:
        graph = traced.graph
        self.equations, self.makers = graph.equations, graph.makers()
        order = [*graph.inputs, *(v for e in graph.equations for v in e.outputs)]
        self.order = {v: i for i, v in enumerate(order)}
        self.there: dict[Var, Kept] = {}
        count = traced.result_count
        new = graph.outputs[count : count + len(traced.written)]
        states = traced.state_inputs()  # the next call will read in others
        for v, i in zip(new, traced.written, strict=True):
            if i not in states:
                self.there.setdefault(v, Kept(i, is_output=False))
        lost = {*traced.written, *states}
        for i, v in enumerate(graph.inputs):
            if i not in lost:
                self.there.setdefault(v, Kept(i, is_output=False))
        for k, v in enumerate(graph.outputs[:count]):
            self.there.setdefault(v, Kept(k, is_output=True))
        captures = zip(graph.inputs[-len(traced.captures) :], traced.captures, strict=False)
        self.found = {v: c for v, c in captures if c.grad_of is None}  # the same in every call
        self.first = count
        self.numbers: dict[Var, int] = {}  # of everything that is saved
        self.extra: dict[Var, Var] = {}  # saved variable -> the output returned for it
        self.copies: list[Equation] = []

    def draft(self, way: Way) -> _Draft:
        """The backward equations, with those to recompute, and the variables they need."""
        back = needed(way.equations, way.leave.values())
        computed = {v for e in back for v in e.outputs}.union(way.arrive)
        asked = {v for e in back for v in e.inputs}.union(way.leave.values()) - computed
        recomputed: dict[int, Equation] = {}
        first = self._done_again(asked, recomputed, self._is_moved)
        light = self._light(first)
        needs = self._done_again(
            first,
            recomputed,
            lambda e: self._is_moved(e) or (_is_cheap(e) and light.issuperset(e.inputs)),
        )
        for v in needs:
            self._keep(v)
        return _Draft(way, [*(recomputed[i] for i in sorted(recomputed)), *back], needs)

    def _done_again(
        self, asked: Iterable[Var], recomputed: dict[int, Equation], may: Callable[[Equation], bool]
    ) -> list[Var]:
        """What has to be saved if every equation that `may` be recomputed is."""
        waiting, saved = set(asked), []
        while waiting:
            v = max(waiting, key=self.order.__getitem__)
            waiting.remove(v)
            maker = self.makers.get(v)
            if v not in self.there and maker is not None and may(maker):
                recomputed[self.order[v]] = maker
                waiting.update(maker.inputs)
            else:
                saved.append(v)
        return saved

    def _is_moved(self, e: Equation) -> bool:
        """Whether its input, which is no larger than its result, may be saved instead.

        Not that of a copy of an input or a capture: it may have been made to preserve the values
        before they are overwritten.
        """
        return e.name in _MOVED and (e.name != "copy" or e.inputs[0] in self.makers)

    def _light(self, asked: Iterable[Var]) -> set[Var]:
        """What is available or saved in any case, or cheap to compute from that."""
        light = {*self.there, *asked, *self._in_parts(asked)}
        for e in self.equations:
            if _is_cheap(e) and light.issuperset(e.inputs):
                light.update(e.outputs)
        return light

    def _in_parts(self, asked: Iterable[Var]) -> list[Var]:
        """Arrays to save whole, since the slices of them to be saved are no smaller together."""
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
        """Where each saved tensor lies."""
        more = {v: Kept(self.first + k, is_output=True) for k, v in enumerate(self.extra)}
        return tuple(self.there[v] if v in self.there else more[v] for v in self.numbers)

    def back(self, draft: _Draft) -> Back:
        """A draft as a graph, its inputs in the order in which they are passed."""
        handed = [v for v in draft.needs if v in self.numbers]
        captured = [v for v in draft.needs if v not in self.numbers]
        new = {v: Var(v.shape, v.dtype, begins_line=True) for v in draft.needs}
        outputs = tuple(dict.fromkeys(draft.way.leave.values()))
        inputs = (*draft.way.arrive, *(new[v] for v in (*handed, *captured)))
        return Back(
            replace(Graph((), tuple(draft.equations), outputs).rename(new), inputs=inputs),
            tuple(range(len(draft.way.arrive))),
            tuple(self.numbers[v] for v in handed),
            tuple(self.found[v] for v in captured),
            {i: outputs.index(v) for i, v in draft.way.leave.items()},
        )


def _is_cheap(e: Equation) -> bool:
    """Whether recomputing it costs less than saving its result."""
    return e.name in VIEWS or (e.name in ELEMENTWISE and not is_dear(e.primitive))
