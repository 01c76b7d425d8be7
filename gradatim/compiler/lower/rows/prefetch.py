"""Prefetching table rows, and memory that will be overwritten.

Rows of a large table at random indices are each a miss that takes a hundred nanoseconds or more.
The out-of-order window covers a few rows of a nest, so only a few such misses overlap. Prefetched
all together, before the first row is computed, all of them overlap.

A weight that is updated in place was read by all workers, so its lines are in several caches. A
store must first invalidate the other copies, which takes longer than a read, and the processor
requests that only when it reaches the store: a prefetch for writing does it earlier.
"""

from __future__ import annotations

from ...ir.nests import ROW, Leaf, Node, RowNest
from ...schedule.grain import per_item
from ..nest.hoist import coordinates
from ..nest.numbers import in_memory
from ..nest.scopes import Chunk, NestScope, RowScope, table_step
from ..text.emit import Function
from ..text.types import I64, Operand

LARGE = 1 << 19  # bytes of a table that is unlikely to be in L2
LEAD = 512  # bytes by which outputs are prefetched ahead
WORTH = 1 << 12  # bytes of an output from which that pays
MANY = 512  # rows of an item, at most: more prefetched lines would evict each other


def prefetch_rows(
    f: Function, nest: RowNest, scope: NestScope, start: Operand, stop: Operand
) -> None:
    """Prefetch what rows start to stop read from large tables at indices that lie in memory."""
    far = {(n.arguments, table_step(n)): n for n in nest.nodes if _is_far(scope, n)}
    if not far or per_item(nest) > MANY:
        return
    with f.loop(start, stop) as loop:
        row = RowScope(scope, coordinates(f, loop.index, nest.dims[:-1]))
        for n in far.values():
            _prefetch_row(f, row, n)


def prefetch_to_write(nest: RowNest, part: Chunk) -> None:
    """Prefetch for writing what a nest of one row updates in place."""
    f, scope = part.f, part.nest
    leaves = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf) and a.in_memory]
    read = {scope.pointers(leaf.var) for leaf in leaves}
    for s in nest.stores:
        pointer = scope.pointers(s.into)
        if s.strides == (1,) and pointer in read and s.into.nbytes >= WORTH:
            base = in_memory(s.into.dtype)
            place = f.add(part.column, s.offset + LEAD // s.into.itemsize)
            f.prefetch(f.gep(base, pointer, place), to_write=True)


def _is_far(scope: NestScope, n: Node) -> bool:
    if n.role != "load":
        return False
    table, places = n.arguments
    return (
        isinstance(table, Leaf)
        and isinstance(places, Leaf)
        and table.in_memory
        and places.in_memory
        and scope.level(places) == ROW
        and table.var.nbytes > LARGE
    )


def _prefetch_row(f: Function, row: RowScope, n: Node) -> None:
    """Prefetch one table row. An index out of bounds is harmless here; the load refuses it."""
    table, places = n.arguments
    assert isinstance(table, Leaf)
    stride, _ = table_step(n)
    index = f.convert("sext", row.value(places), I64)
    offset, _ = row.place(table)
    first = f.gep(in_memory(table.var.dtype), row.nest.pointers(table.var), f.mul(index, stride))
    f.prefetch(f.gep(in_memory(table.var.dtype), first, offset))
