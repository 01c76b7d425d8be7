"""The backward graph when only some of the results receive a gradient.

The gradients sent on are linear in those that arrive, so an equation all of whose gradient inputs
are missing is dropped. Zeros in their place would not do: 0 times an infinite slope is nan.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ...ops.broadcast import repeated
from ..ir.graph import Equation, Graph, Var, apply, renamed
from ..passes.dce import needed
from .partition import Back


def with_partial_gradients(back: Back, there: Collection[int], behind: Collection[int]) -> Back:
    """The backward graph from the results in `there` to the sources `behind` them."""
    arrive = dict(zip(back.arrive, back.graph.inputs, strict=False))
    given = back.graph.inputs[len(arrive) :]
    rest = _Rest(arrive.values(), [v for k, v in arrive.items() if k not in there])
    for e in back.graph.equations:
        rest.take(e)
    ends = {i: back.graph.outputs[k] for i, k in back.leave.items() if i in behind}
    leave = {i: rest.new.get(v, v) for i, v in ends.items() if v not in rest.nothing}
    outputs = tuple(dict.fromkeys(leave.values()))
    equations = tuple(needed(rest.equations, outputs))
    used = {v for e in equations for v in e.inputs}.union(outputs)
    needs = {v: n for v, n in zip(given, back.needs, strict=False) if v in used}
    captures = dict(zip(given[len(back.needs) :], back.captures, strict=True))
    captures = {v: c for v, c in captures.items() if v in used}
    arrive = {k: v for k, v in arrive.items() if k in there}
    return replace(
        back,
        graph=Graph((*arrive.values(), *needs, *captures), equations, outputs),
        arrive=tuple(arrive),
        needs=tuple(needs.values()),
        captures=tuple(captures.values()),
        leave={i: outputs.index(v) for i, v in leave.items()},
    )


class _Rest:
    """Collects the remaining equations; `new` maps variables to their replacements."""

    def __init__(self, sent: Collection[Var], nothing: Collection[Var]) -> None:
        # All variables that carry gradients; those of them that are missing.
        self.sent, self.nothing = set(sent), set(nothing)
        self.zeros: set[Var] = set()  # gradients that are zero whatever arrives
        self.new: dict[Var, Var] = {}
        self.equations: list[Equation] = []

    def take(self, e: Equation) -> None:
        """Keep, drop or simplify one equation."""
        sent = [v for v in e.inputs if v in self.sent]
        there = [v for v in sent if v not in self.nothing]
        if e.name == "add":
            there += self.zeros.intersection(e.inputs)
        if sent:
            self.sent.update(e.outputs)
        elif _is_zero(e) or not self.zeros.isdisjoint(e.inputs):
            self.zeros.update(e.outputs)
        if sent and not there:
            self.nothing.update(e.outputs)
        elif self.nothing.isdisjoint(e.inputs):
            self.equations.append(renamed(e, self.new))
        elif e.name == "add" and there[0].type == e.output.type:
            self.new[e.output] = self.new.get(there[0], there[0])
        else:
            self._put_zeros(e)

    def _put_zeros(self, e: Equation) -> None:
        """Keep an equation that joins several gradients, such as those of slices, with zeros."""
        zeros = dict(self.new)
        for v in self.nothing.intersection(e.inputs):
            zero = apply(repeated, (), {"shape": v.shape, "value": 0, "dtype": v.dtype}, e.line)
            self.equations.append(zero)
            zeros[v] = zero.output
        self.equations.append(renamed(e, zeros))


def _is_zero(e: Equation) -> bool:
    return e.name == "repeated" and not e.params["value"]
