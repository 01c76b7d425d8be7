"""Composites written out in primitives, so that the schedule can fuse across their borders.

A few are written here in another way than for NumPy: choosing one element of each row by its
number is a comparison with 0, 1, 2, ... there, which needs no pass of its own over memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.context import GradMode, using
from ...core.handle import wrap
from ...core.primitive import Composite
from ...ops.broadcast import broadcast_to, full, reduce_sum, reshape_to
from ...ops.creation import arange
from ...ops.elementwise import eq, where
from ..ir import Equation, Graph, Var, renamed
from ..trace import Tracer

KEPT = ("embedding",)  # these have native rules of their own


def expand(graph: Graph) -> Graph:
    """Replace composites by the primitives they are made of, down to the last one."""
    done: list[Equation] = []
    new: dict[Var, Var] = {}
    waiting = list(reversed(graph.equations))
    while waiting:
        e = renamed(waiting.pop(), new)
        if not isinstance(e.primitive, Composite) or e.name in KEPT:
            done.append(e)
            continue
        equations, results = _written_out(e)
        new.update(zip(e.outputs, results, strict=True))
        waiting += reversed(equations)
    return graph.with_equations(done).rename(_to_the_end(new))


def _written_out(e: Equation) -> tuple[list[Equation], list[Var]]:
    tracer = Tracer(noting_lines=False, line=e.line)
    tracer.made.update(e.inputs)
    rule = OURS.get(e.name, e.primitive.expand)  # type: ignore[attr-defined]
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


def _hits(index: Any, classes: int) -> Any:
    """(N,) -> (N, C): whether a column is the one that the row's index names."""
    shape = (*index._value.shape, classes)
    numbers = arange(start=0, step=1, count=classes, dtype=np.dtype(np.int64))
    return eq(_spread(index, shape), broadcast_to(numbers, shape=shape))


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    return broadcast_to(reshape_to(x, (*x._value.shape, 1)), shape=shape)


def _pick(x: Any, index: Any) -> Any:
    shape = x._value.shape
    chosen = where(_hits(index, shape[1]), x, full(shape, 0, x._value.dtype))
    return reduce_sum(chosen, dims=(1,), keepdim=False)


def _place(x: Any, index: Any, *, classes: int) -> Any:
    shape = (*index._value.shape, classes)
    return where(_hits(index, classes), _spread(x, shape), full(shape, 0, x._value.dtype))


OURS: dict[str, Callable[..., Any]] = {"pick": _pick, "place": _place}
