"""From loop nests to functions, and the sequence of calls that is the program.

A nest becomes one function, a product up to three (its operands may be packed first). Nests that
are alike share one function, and so do those whose functions have the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from ...ir.graph import Var
from ...ir.kinds import is_division
from ...ir.nests import (
    BandNest,
    BlockNest,
    DrawNest,
    Leaf,
    LineNest,
    Node,
    NumpyNest,
    ProductNest,
    RowNest,
    ScatterNest,
    Schedule,
    writes,
)
from ...machine.target import Target
from ...schedule.grain import items, line_items, owners
from ..nest.refusals import Refusal, division_refused, index_refused
from ..nest.scopes import is_number_but_0
from ..nest.writing import Lowering, State, Writing
from ..products.afterwards import Afterwards, coming
from ..products.bands import BandWriter, Near
from ..products.epilogue import planned_pointer, write_planned
from ..products.matmul import Operands
from ..products.pack import write_pack
from ..products.product import Plan, Product
from ..products.tiles import plan
from ..random.draws import DRAWS
from ..rows.lines import scratch_size, write_lines
from ..rows.rows import write_rows
from ..rows.scatter import write_scatter
from ..text.emit import Module
from .alike import likeness
from .blocks import write_blocks
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


def refused_by(nodes: Sequence[Node]) -> list[tuple[Node, Refusal]]:
    """The nodes of a nest that may meet an invalid index or a division by zero."""
    refusals = []
    for n in nodes:
        if n.role == "load":
            table = n.arguments[0]
            assert isinstance(table, Leaf)
            assert table.chosen is not None
            refusals.append((n, index_refused(n.equation, table.chosen[1])))
        elif n.role == "scatter":
            refusals.append((n, index_refused(n.equation, n.var.shape[0])))
        elif is_division(n.equation) and not is_number_but_0(n.arguments[1]):
            refusals.append((n, division_refused(n.equation)))
    return refusals


def band_items(nest: BandNest, target: Target) -> int:
    """The number of work items of a band nest."""
    return _planned(nest.product, target, aligned=True, in_bands=True).items


def _planned(nest: ProductNest, target: Target, *, aligned: bool, in_bands: bool) -> Plan:
    x, y = nest.equation.inputs
    (*batch, m, k), n = x.shape, y.shape[-1]
    strides = nest.a.strides, nest.b.strides
    product = Product(tuple(batch), m, n, k, x.dtype, *strides, aligned=aligned, in_bands=in_bands)
    return plan(product, target)


def _product(lowering: Lowering, nest: ProductNest) -> None:
    _band(lowering, nest, BandNest(nest, (), frozenset()))


def _bands(lowering: Lowering, nest: BandNest) -> None:
    _band(lowering, nest, nest)


def _band(lowering: Lowering, nest: ProductNest | BandNest, band: BandNest) -> None:
    """A product, alone or together with the row nests that consume its bands."""
    product, target = band.product, lowering.target
    x, y = product.equation.inputs
    aligned = lowering.begins_line(product.b.var) and not product.b.offset % target.lanes(x.dtype)
    planned = _planned(product, target, aligned=aligned, in_bands=bool(band.then))
    factors = {"a": product.a, "b": product.b}
    for pack in planned.packs:
        factors[pack.operand] = _packed(lowering, nest, planned, pack, factors[pack.operand])
    a, b = factors["a"], factors["b"]
    near = Near(band, planned)
    scratch = Var((planned.scratch,), x.dtype)
    room = Var((planned.items * near.size,), BYTE)
    rooms = [v for v in (scratch, room) if v.size]
    nodes = [n for part in band.parts for n in part.nodes]
    leaves = [x for n in nodes for x in n.arguments if isinstance(x, Leaf) and x.in_memory]
    touched = [
        *(leaf.var for leaf in leaves),
        *(s.into for part in band.parts for s in part.stores),
    ]
    parameters = [room if v in near.places else v for v in touched]
    refused = refused_by(nodes)
    after = lowering.coming.get(nest, ()) if planned.streams else ()
    like = *map(likeness, band.parts), planned, near.offsets(touched), *(v.nbytes for v in after)
    w = Writing(lowering, [a.var, b.var, *parameters, *rooms, *after], None if refused else like)
    if w.is_new:
        base = planned_pointer(w.f, w, a), planned_pointer(w.f, w, b)
        sums, rows = (w.pointer(v) if v.size else None for v in (scratch, room))
        memory, span = Operands(*base, sums), (w.begin, w.end)
        writer = BandWriter(w, band, near, rows) if band.then else None
        scope = writer.scope(product.nodes) if writer else w.scope(nodes, refused)
        prefetches = Afterwards(w.f, planned, [(w.pointer(v), v.nbytes) for v in after])
        write_planned(w, scope, product, planned, memory, span, bands=writer, after=prefetches)
    flops = 2 * prod(x.shape) * y.shape[-1]
    more = sum(prod(n.dims) * 0.05 * (len(n.nodes) + 2) for n in band.then)
    written = {s.into for part in band.parts for s in part.stores}
    read = [a.var, b.var, *(leaf.var for leaf in leaves if leaf.var not in written)]
    work = max(flops / RATE, y.nbytes / FAR_RATE) + more
    each = sum(v.nbytes for v in rooms) // max(planned.items, 1)
    w.finish(read, [*writes(nest), *rooms], planned.items, nest, work, room=each)


def _packed(
    lowering: Lowering, nest: ProductNest | BandNest, planned: Plan, pack: Any, leaf: Leaf
) -> Leaf:
    packed = Var((pack.size,), leaf.var.dtype)
    w = Writing(lowering, [leaf.var, packed], (planned, pack, leaf.offset))
    if w.is_new:
        source = planned_pointer(w.f, w, leaf)
        write_pack(w.f, planned, pack, source, w.pointer(packed), w.begin, w.end)
    w.finish([leaf.var], [packed], pack.items, nest, pack.size * 0.2)
    return Leaf(packed, ())


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
    ProductNest: _product,
    BlockNest: write_blocks,
    BandNest: _bands,
    ScatterNest: _scatter,
    DrawNest: _draw,
    LineNest: _lines,
    NumpyNest: _numpy,
}
