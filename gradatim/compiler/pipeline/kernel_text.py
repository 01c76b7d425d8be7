"""The IR text of a kernel: the compiler's own stages, with the number of rows left open.

    work -> trace -> passes -> schedule -> one loop nest over rows -> a function that reads words

Values that are the same for all rows, such as 0, 1, 2, ... to compare classes with, are computed
into stack memory.

In shapes, `ROWS` stands for the number of rows. The text does not depend on it (a test makes
kernels for two values), because a row nest takes it as an argument anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...core.context import GradMode, using
from ...core.cut import Form, N
from ...core.handle import wrap
from ..errors import CompileError
from ..ir.graph import Graph, Var
from ..ir.nests import RowNest, Schedule, title, writes
from ..lower.functions.calls import lower
from ..lower.nest.refusals import refused_by
from ..lower.nest.writing import Call, Lowering, Writing
from ..lower.rows.rows import write_rows
from ..lower.text.emit import Function
from ..lower.text.types import I64, PTR, Value, constant
from ..machine.target import Target
from ..passes.order import optimise
from ..schedule.build import schedule
from ..trace.tracer import Tracer

ROWS = 1_000_003  # prime, so no dimension has this size; odd, so that a remainder is handled
STACK = 1 << 16  # bytes for values that are the same for all rows


def written(
    work: Callable[..., Any], form: Form, target: Target, offset: int, rows: int = ROWS
) -> tuple[str, int, list[int]]:
    """IR text for some work, its number of arrays, and which new outputs sum over all rows.

    `offset` is that of the data pointer in an array object.

    Errors: CompileError if it is not one loop over rows.
    """
    graph = _graph(work, form, rows)
    plan = schedule(optimise(graph), list(enumerate(form.in_place)), lambda e: True)
    before, nest = _parts(plan, rows)
    new = [v for k, v in enumerate(plan.outputs) if k >= len(form.in_place)]
    lowering = lower(replace(plan, nests=before), target)
    near = [v for first in before for v in writes(first)]
    arrays = list(dict.fromkeys(map(lowering.place_of, (*plan.inputs, *new))))
    w = Writing(lowering, [*arrays, *near])
    scope = w.scope(nest.nodes, refused_by(nest.nodes))
    write_rows(w.f, nest, scope, target, w.begin, w.end, by_rows=rows)
    _write_entry(lowering, w.name(), len(arrays), near, offset)
    return str(lowering.module), len(arrays), [i for i, v in enumerate(new) if rows not in v.shape]


def _graph(work: Callable[..., Any], form: Form, rows: int) -> Graph:
    """The graph of the work on inputs of a form."""
    shapes = [tuple(rows if n == N else n for n in shape) for shape in form.shapes]
    inputs = tuple(Var(s, d) for s, d in zip(shapes, form.dtypes, strict=True))
    tracer = Tracer(noting_lines=False)
    tracer.made.update(inputs)
    with GradMode(False), using(tracer):
        returned = work(*[wrap(v) for v in inputs], **dict(form.params))
    results = returned if isinstance(returned, tuple) else (returned,)
    return Graph(inputs, tuple(tracer.equations), tuple(r._value for r in results))


def _parts(plan: Schedule, rows: int) -> tuple[tuple[RowNest, ...], RowNest]:
    """The nests that are the same for all rows, and small; and the one loop over rows."""
    row_nests = [n for n in plan.nests if isinstance(n, RowNest)]
    before = tuple([n for n in row_nests if rows not in n.dims])
    over = [n for n in row_nests if rows in n.dims]
    small = sum(v.nbytes for n in before for v in writes(n)) <= STACK
    if len(over) != 1 or len(row_nests) < len(plan.nests) or not small:
        raise CompileError(f"a kernel is one loop over rows, not {[*map(title, plan.nests)]}")
    return before, over[0]


def _write_entry(
    lowering: Lowering, nest: str, arrays: int, near: Sequence[Var], offset: int
) -> None:
    """The function that calls the nest for each call's words."""
    f = Function(lowering.module, "entry", ["ptr %words, i64 %calls"], "void")
    # The status is not read: kernels are only given inputs that cannot be refused.
    status = f.allocate(I64, 1 + len(lowering.refusals))
    room = {v: f.allocate("i8", v.nbytes) for v in near}
    for first in lowering.calls:
        assert isinstance(first, Call)
        places = [room[v] for v in first.memory if isinstance(v, Var)]
        f.call(
            first.function, "void", status, *places, constant(0, I64), constant(first.items, I64)
        )
    with f.loop(0, Value("%calls", I64)) as loop:
        line = f.gep(I64, Value("%words", PTR), f.mul(loop.index, arrays + 2))
        objects = [f.load(PTR, f.gep(PTR, line, i), 8) for i in range(arrays)]
        places = [f.load(PTR, f.gep("i8", o, offset), 8) for o in objects]
        ends = [f.load(I64, f.gep(I64, line, arrays + i), 8) for i in (0, 1)]
        f.call(nest, "void", status, *places, *room.values(), *ends)
    f.end()
