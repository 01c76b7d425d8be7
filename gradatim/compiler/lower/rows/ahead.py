"""Asking for what lies far away before it is needed.

Rows of a large table that are read at drawn places are each a walk to memory of a hundred
nanoseconds and more. The processor's window holds a few rows of a nest, so it starts a few of these
walks at once. Asked for all together, before the first row is worked on, they overlap.

A weight that is updated in its place was read by all workers, so each of its lines is in several
caches. Whoever writes it has to take it from the others, which takes longer than to read it; and
a processor does that by itself only when it comes to the store.
"""

from __future__ import annotations

from ...ir.nests import ROW, Leaf, Node, RowNest
from ...schedule.grain import per_item
from ..nest.hoist import coordinates
from ..nest.numbers import in_memory
from ..nest.scopes import Chunk, NestScope, RowScope, table_step
from ..text.emit import I64, Function, Operand

LARGE = 1 << 19  # bytes of a table that is not likely to be near
LEAD = 512  # bytes by which what will be written over is asked for before
WORTH = 1 << 12  # bytes of it
MANY = 512  # rows of an item: more lines than these would push each other out


def ask_ahead(f: Function, nest: RowNest, scope: NestScope, start: Operand, stop: Operand) -> None:
    """Prefetch what the rows from start to stop read from large tables, at places in memory."""
    far = {(n.arguments, table_step(n)): n for n in nest.nodes if _is_far(scope, n)}
    if not far or per_item(nest) > MANY:
        return
    with f.loop(start, stop) as loop:
        row = RowScope(scope, coordinates(f, loop.index, nest.dims[:-1]))
        for n in far.values():
            _ask(f, row, n)


def ask_to_write(nest: RowNest, part: Chunk) -> None:
    """Ask for what is written over, in a nest that goes through memory from front to back."""
    f, scope = part.f, part.nest
    leaves = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf) and a.in_memory]
    read = {scope.pointers(leaf.var) for leaf in leaves}
    for s in nest.stores:
        pointer = scope.pointers(s.into)
        if s.strides == (1,) and pointer in read and s.into.nbytes >= WORTH:
            base = in_memory(s.into.dtype)
            place = f.add(part.column, s.offset + LEAD // s.into.itemsize)
            f.ask(f.gep(base, pointer, place), to_write=True)


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


def _ask(f: Function, row: RowScope, n: Node) -> None:
    """A place outside of the table does no harm here; where it is read it is refused."""
    table, places = n.arguments
    assert isinstance(table, Leaf)
    stride, _ = table_step(n)
    index = f.convert("sext", row.value(places), I64)
    offset, _ = row.place(table)
    first = f.gep(in_memory(table.var.dtype), row.nest.pointers(table.var), f.mul(index, stride))
    f.ask(f.gep(in_memory(table.var.dtype), first, offset))
