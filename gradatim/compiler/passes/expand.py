"""Composites expanded into primitives, so that the schedule can fuse across their boundaries.

A few have another expansion here than in eager mode: picking one element of each row by index
compares it with 0, 1, 2, ..., which needs no further pass over memory. So do argmax and argmin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.context import GradMode, using
from ...core.handle import wrap
from ...core.primitive import Composite
from ..ir.graph import Equation, Graph, Var, key_of, renamed
from ..trace.tracer import Tracer
from . import classes, places

Written = tuple[tuple[Var, ...], list[Equation], list[Var]]  # inputs, equations, results
KEPT = ("embedding",)  # have native rules of their own


def expand(graph: Graph) -> Graph:
    """Replace composites by the primitives they are made of, recursively."""
    done: list[Equation] = []
    new: dict[Var, Var] = {}
    known: dict[Any, Written] = {}
    waiting = list(reversed(graph.equations))
    while waiting:
        e = renamed(waiting.pop(), new)
        rule = _rule(e)
        if rule is None:
            done.append(e)
            continue
        equations, results = _written_out(e, rule, known)
        new.update(zip(e.outputs, results, strict=True))
        waiting += reversed(equations)
    return graph.with_equations(done).rename(_to_the_end(new))


def _rule(e: Equation) -> Callable[..., Any] | None:
    if e.name in OURS:
        return OURS[e.name]
    if isinstance(e.primitive, Composite) and e.name not in KEPT:
        return e.primitive.expand
    return None


def _written_out(
    e: Equation, rule: Callable[..., Any], known: dict[Any, Written]
) -> tuple[list[Equation], list[Var]]:
    """A composite's equations and results; equal composites are copies of the first expansion."""
    first = [e.inputs.index(v) for v in e.inputs]
    types = [(v.shape, v.dtype, v.layout) for v in e.inputs]
    key = (e.name, *first, *types, key_of(e.params))
    if key not in known:
        known[key] = _traced(e, rule)
    inputs, equations, results = known[key]
    new = dict(zip(inputs, e.inputs, strict=True))
    copies = []
    for q in equations:
        outputs = tuple(Var(v.shape, v.dtype, v.layout) for v in q.outputs)
        read = tuple([new[v] for v in q.inputs])
        copies.append(Equation(q.primitive, read, outputs, q.params, e.line, e.part_of or e.name))
        new.update(zip(q.outputs, outputs, strict=True))
    return copies, [new[v] for v in results]


def _traced(e: Equation, rule: Callable[..., Any]) -> Written:
    tracer = Tracer(noting_lines=False)
    tracer.made.update(e.inputs)
    with GradMode(False), using(tracer):
        returned = rule(*[wrap(v) for v in e.inputs], **e.params)
    results = returned if isinstance(returned, tuple) else (returned,)
    return e.inputs, tracer.equations, [r._value for r in results]


def _to_the_end(new: dict[Var, Var]) -> dict[Var, Var]:
    """Follow chains of renamings: a composite of composites is renamed more than once."""
    result = {}
    for old, v in new.items():
        while v in new:
            v = new[v]
        result[old] = v
    return result


OURS: dict[str, Callable[..., Any]] = {**classes.RULES, **places.RULES}
