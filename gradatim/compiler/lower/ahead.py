"""Asking for what lies far away before it is needed.

Rows of a large table that are read at drawn places are each a walk to memory of a hundred
nanoseconds and more. The processor's window holds a few rows of a nest, so it starts a few of these
walks at once. Asked for all together, before the first row is worked on, they overlap.
"""

from __future__ import annotations

from ..schedule.grain import per_item
from ..schedule.nests import ROW, Leaf, Node, RowNest
from .emit import I64, Function, Operand
from .hoist import coordinates
from .scopes import NestScope, RowScope, in_memory, table_step

LARGE = 1 << 19  # bytes of a table that is not likely to be near
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
