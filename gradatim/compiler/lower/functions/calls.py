"""From loop nests to functions, and the sequence of calls that is the program.

A nest becomes one function, a product up to three. Nests that are alike share one function, and so
do those whose functions have the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from ...ir.graph import Var
from ...ir.nests import (
    BandNest,
    BlockNest,
    DrawNest,
    Leaf,
    LineNest,
    NumpyNest,
    ProductNest,
    RowNest,
    ScatterNest,
    Schedule,
)
from ...machine.target import Target
from ...schedule.grain import items, line_items, owners
from ..nest.refusals import index_refused, refused_by
from ..nest.writing import Lowering, State, Writing
from ..products.afterwards import coming
from ..random.draws import DRAWS
from ..rows.lines import scratch_size, write_lines
from ..rows.rows import write_rows
from ..rows.scatter import write_scatter
from ..text.emit import Module
from .alike import likeness
from .blocks import write_blocks
from .products import write_bands, write_product
from .shared import share

INT64, BYTE = np.dtype(np.int64), np.dtype(np.uint8)
RATE = 100  # flops of a product per nanosecond
FAR_RATE = 25  # bytes that one core reads from L3 per nanosecond


def lower(
    schedule: Schedule, target: Target, ready: Callable[[Module, Sequence[str]], None] | None = None
) -> Lowering:
    """Write every nest's function; `ready` gets the names of those that will not change again."""
    lowering = Lowering(
        target,
        schedule.in_place,
        frozenset((*schedule.inputs, *schedule.outputs)),
        Module(target),
    )
    lowering.coming = coming(schedule.nests, lowering.outside, lowering.place_of)
    loose: list[str] = []
    for nest in schedule.nests:
        before = len(lowering.module.functions)
        WRITERS[type(nest)](lowering, nest)
        new = list(islice(lowering.module.functions, before, None))
        if isinstance(nest, RowNest | BlockNest):
            loose += new
        elif ready is not None:
            ready(lowering.module, new)
    share(lowering, loose)
    return lowering


def _rows(lowering: Lowering, nest: RowNest) -> None:
    leaves = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf) and a.in_memory]
    reads, writes = [a.var for a in leaves], [s.into for s in nest.stores]
    refused = refused_by(nest.nodes)
    # A refusal has its own number in each nest, so nests that can refuse do not share a function.
    w = Writing(lowering, [*reads, *writes], None if refused else likeness(nest))
    if w.is_new:
        write_rows(w.f, nest, w.scope(nest.nodes, refused), lowering.target, w.begin, w.end)
    size = prod(nest.dims)
    work = size * (0.05 * len(nest.nodes) + 0.05 * (len(reads) + len(writes)))
    w.finish(reads, writes, items(nest), nest, work)


def _scatter(lowering: Lowering, nest: ScatterNest) -> None:
    leaves = [a for a in (nest.places, nest.values) if a.in_memory]
    reads = [*(a.var for a in leaves), nest.into]
    w = Writing(lowering, [*reads])
    scope = w.scope([], [(nest, index_refused(nest.equation, nest.bound))])
    write_scatter(w.f, nest, scope, lowering.target, w.begin, w.end)
    w.finish(reads, [nest.into], owners(nest), nest, prod(nest.dims) * 0.3)


def _draw(lowering: Lowering, nest: DrawNest) -> None:
    e = nest.equation
    generator = e.params["generator"]
    words, spare = State(generator, "words"), State(generator, "spare")
    inputs = [leaf.var for leaf in nest.inputs]
    w = Writing(lowering, [*inputs, e.output, words, spare])
    params = {k: v for k, v in e.params.items() if k != "generator"}
    DRAWS[e.name](
        w.f, w.pointer(e.output), w.pointer(words), w.pointer(spare),
        tuple(w.pointer(v) for v in inputs), e.output.type,
        tuple(v.type for v in inputs), **params,
    )  # fmt: skip
    w.finish(inputs, [e.output], 1, nest, e.output.size * 3.0)


def _lines(lowering: Lowering, nest: LineNest) -> None:
    e = nest.equation
    inputs = [leaf.var for leaf in nest.inputs if leaf.in_memory]
    scratch = Var((scratch_size(nest),), INT64)
    outputs = [e.output, scratch] if scratch.size else [e.output]
    w = Writing(lowering, [*inputs, *outputs])
    room = w.pointer(scratch) if scratch.size else None
    write_lines(w.f, nest, w.pointer, room, w.begin, w.end)
    length = e.inputs[0].shape[nest.dim]
    passes = 2 * length.bit_length() if scratch.size else 1
    w.finish(inputs, outputs, line_items(nest)[0], nest, e.inputs[0].size * passes * 1.5)


def _numpy(lowering: Lowering, nest: NumpyNest) -> None:
    lowering.calls.append(nest)


WRITERS: dict[type, Callable[[Lowering, Any], None]] = {
    RowNest: _rows,
    ProductNest: write_product,
    BlockNest: write_blocks,
    BandNest: write_bands,
    ScatterNest: _scatter,
    DrawNest: _draw,
    LineNest: _lines,
    NumpyNest: _numpy,
}
