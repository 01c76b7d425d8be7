"""Sums whose result is needed together with what they add up, computed on their own before.

    n = sum(valid);  loss = sum(valid * f(x));  slope = valid / n * g(x)

`valid` is read by all three, and a nest that computes it for the loss and n cannot compute the
slope too, since n is complete only at its end. So if a sum is over something cheap, and what
depends on it reads the same values, these are recomputed for the sum alone, in a nest of its own
that runs before.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.graph import Equation, Graph, Var, renamed
from ..ir.kinds import ELEMENTWISE, SUMS, VIEWS, is_dear

MOST = 12  # equations that are worth recomputing
FREE = {*VIEWS, "repeated", "arange"}


def isolate(graph: Graph) -> Graph:
    """Give such sums their own copies of what they add up."""
    makers = graph.makers()
    uses = graph.uses()
    kept: list[Equation] = []
    for e in graph.equations:
        cone = _cone(e, makers) if e.name in SUMS else None
        shared = cone and any(uses[v] > 1 for c in cone if c.name not in FREE for v in c.outputs)
        if cone and shared and _is_awaited(graph, e, cone):
            kept += _with_copies(e, cone)
        else:
            kept.append(e)
    return graph.with_equations(kept)


def _cone(e: Equation, makers: dict[Var, Equation]) -> list[Equation] | None:
    """The equations a sum is computed from, in order, if all of them are cheap."""
    cone: dict[Equation, None] = {}
    waiting = list(e.inputs)
    while waiting:
        maker = makers.get(waiting.pop())
        if maker is None or maker in cone or maker.draws:
            continue
        if maker.name not in FREE:
            cheap = maker.name in ELEMENTWISE and not is_dear(maker.primitive)
            if not cheap and not (
                maker.name in ("take", "gather") and len(maker.output.shape) == 1
            ):
                return None
        cone[maker] = None
        if len(cone) > MOST:
            return None
        waiting += maker.inputs
    order = {m: i for i, m in enumerate(makers.values())}
    return sorted(cone, key=order.__getitem__)


def _is_awaited(graph: Graph, e: Equation, cone: list[Equation]) -> bool:
    """Whether an equation needs both the sum and what it adds up."""
    after, beside = set(e.outputs), {v for c in cone if c.name not in FREE for v in c.outputs}
    started = False
    for q in graph.equations:
        started = started or q is e
        waits = any(v in after for v in q.inputs)
        meets = any(v in beside and v not in after for v in q.inputs)
        if waits and meets and q is not e:
            return True
        if waits:
            after.update(q.outputs)
        elif meets and q is not e:
            beside.update(q.outputs)
    return False


def _with_copies(e: Equation, cone: list[Equation]) -> list[Equation]:
    new: dict[Var, Var] = {}
    copies = []
    for c in cone:
        outputs = tuple(Var(v.shape, v.dtype) for v in c.outputs)
        copies.append(replace(renamed(c, new), outputs=outputs))
        new.update(zip(c.outputs, outputs, strict=True))
    return [*copies, renamed(e, new)]
