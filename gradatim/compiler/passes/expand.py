"""Composites written out in primitives, so that the schedule can fuse across their borders.

A few are written here in another way than for NumPy: choosing one element of each row by its
number is a comparison with 0, 1, 2, ... here, which needs no pass of its own over memory. So are
the places of the largest and smallest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.context import GradMode, using
from ...core.handle import wrap
from ...core.primitive import Composite
from ..ir import Equation, Graph, Var, renamed
from ..trace import Tracer
from . import classes, places

KEPT = ("embedding",)  # these have native rules of their own


def expand(graph: Graph) -> Graph:
    """Replace composites by the primitives they are made of, down to the last one."""
    done: list[Equation] = []
    new: dict[Var, Var] = {}
    waiting = list(reversed(graph.equations))
    while waiting:
        e = renamed(waiting.pop(), new)
        rule = _rule(e)
        if rule is None:
            done.append(e)
            continue
        equations, results = _written_out(e, rule)
        new.update(zip(e.outputs, results, strict=True))
        waiting += reversed(equations)
    return graph.with_equations(done).rename(_to_the_end(new))


def _rule(e: Equation) -> Callable[..., Any] | None:
    if e.name in OURS:
        return OURS[e.name]
    if isinstance(e.primitive, Composite) and e.name not in KEPT:
        return e.primitive.expand
    return None


def _written_out(e: Equation, rule: Callable[..., Any]) -> tuple[list[Equation], list[Var]]:
    tracer = Tracer(noting_lines=False, line=e.line, part_of=e.part_of or e.name)
    tracer.made.update(e.inputs)
    with GradMode(False), using(tracer):
        found = rule(*[wrap(v) for v in e.inputs], **e.params)
    results = found if isinstance(found, tuple) else (found,)
    return tracer.equations, [r._value for r in results]


def _to_the_end(new: dict[Var, Var]) -> dict[Var, Var]:
    """A composite of composites is renamed more than once."""
    result = {}
    for old, v in new.items():
        while v in new:
            v = new[v]
        result[old] = v
    return result


OURS: dict[str, Callable[..., Any]] = {**classes.RULES, **places.RULES}
