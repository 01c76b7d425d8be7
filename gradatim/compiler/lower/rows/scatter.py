"""Scatter: values written to, or added at, indices of a buffer, sequentially in order.

The order makes results deterministic, and of several values written to one index the last one
stays, as in NumPy.
"""

from __future__ import annotations

from contextlib import nullcontext
from math import prod

from ...ir.nests import ELEMENT, Leaf, ScatterNest
from ...machine.target import Target
from ...schedule.grain import owners
from ..nest.hoist import coordinates
from ..nest.numbers import in_memory, kind_of, load, store
from ..nest.scopes import Chunk, NestScope, RowScope, inside
from ..text.emit import Function
from ..text.types import Operand, Value, constant, vector
from .rows import lanes_of


def write_scatter(
    f: Function, nest: ScatterNest, scope: NestScope, target: Target, begin: Value, end: Value
) -> None:
    """Write the items [begin, end): each owns a range of the indices that are written to."""
    count = owners(nest)
    if count == 1:
        _rows(f, nest, scope, target, None)
        return
    size = -(-nest.bound // count)
    with f.loop(begin, end) as loop:
        _rows(f, nest, scope, target, (f.mul(loop.index, size), size))


def _rows(
    f: Function,
    nest: ScatterNest,
    scope: NestScope,
    target: Target,
    own: tuple[Value, int] | None,
) -> None:
    columns, rows = nest.dims[-1], prod(nest.dims[:-1])
    single = nest.places.level == ELEMENT or nest.target_strides[-1] != 1
    lanes = 1 if single else lanes_of([nest.values.var], target)
    with f.loop(0, rows) as loop:
        row = RowScope(scope, coordinates(f, loop.index, nest.dims[:-1]))
        for leaf in (nest.places, nest.values):
            if leaf.level == ELEMENT:
                row.begin(leaf)
            else:
                row.value(leaf)
        start, mine = row.offset(nest.target_strides[:-1], 0), None
        if nest.places.level < ELEMENT:
            place = _place(f, nest, scope, row.value(nest.places))
            start = f.add(f.mul(place, nest.stride), start)
            mine = own and f.compare("ult", f.sub(place, own[0]), own[1])
        with f.when(mine) if mine else nullcontext():
            _row(f, nest, scope, row, start, columns, lanes)


def _row(
    f: Function,
    nest: ScatterNest,
    scope: NestScope,
    row: RowScope,
    start: Operand,
    columns: int,
    lanes: int,
) -> None:
    whole = columns // lanes * lanes
    if whole:
        with f.loop(0, whole, lanes) as loop:
            _some(f, nest, scope, Chunk(row, loop.index, lanes), start)
    if columns > whole:
        mask = f.first_lanes(lanes, columns - whole)
        _some(f, nest, scope, Chunk(row, constant(whole, "i64"), lanes, mask), start)


def _some(f: Function, nest: ScatterNest, scope: NestScope, part: Chunk, start: Operand) -> None:
    place = f.add(start, f.mul(part.column, nest.target_strides[-1]))
    if nest.places.level == ELEMENT:
        index = _place(f, nest, scope, part.value(nest.places))
        place = f.add(place, f.mul(index, nest.stride))
    dtype = nest.into.dtype
    pointer = f.gep(in_memory(dtype), scope.pointers(nest.into), place)
    value = _fresh(part, nest.values)
    if nest.accumulate:
        before = load(f, dtype, pointer, part.n, part.mask)
        op = "fadd" if dtype.kind == "f" else "or" if dtype.kind == "b" else "add"
        value = f.binary(op, before, value)
    store(f, dtype, value, pointer, part.mask)


def _fresh(part: Chunk, leaf: Leaf) -> Value:
    if leaf.number is not None:
        return constant(leaf.number, vector(part.n, kind_of(leaf.var.dtype)))
    return part.value(leaf)


def _place(f: Function, nest: ScatterNest, scope: NestScope, index: Value) -> Value:
    return inside(f, scope, nest, index, nest.bound, None, negative=nest.negative)
