"""Around the loops: values hoisted out of them, stores, prefetches, coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...ir.graph import Var
from ...ir.nests import ELEMENT, ENDS, Leaf, Node, Store
from ...machine.target import NEAR
from ..text.emit import Function
from ..text.types import I64, Operand, Value, constants
from .numbers import BOOL, in_memory, store
from .scopes import Chunk, NestScope, RowScope, row_of_table


def write_elements(part: Chunk, stores: Iterable[Store]) -> None:
    """Store neighbouring elements of a row, after all of them are computed.

    Buffers often lie a multiple of 4096 bytes apart, and a load right after a store to an address
    with the same low 12 bits stalls: the processor takes them for the same (4K aliasing).
    """
    for s, value in [(s, part.value(s.value)) for s in stores]:
        _write(part, s, value)


def _write(part: Chunk, s: Store, value: Value) -> None:
    f, begin = part.f, part.row.offset(s.strides[:-1], s.offset)
    along = s.strides[-1] or 1
    place = f.add(begin, f.mul(part.column, along))
    dtype = s.value.dtype
    pointer = f.gep(in_memory(dtype), part.nest.pointers(s.into), place)
    if along == 1:
        store(f, dtype, value, pointer, part.mask)
        return
    if dtype == BOOL:
        value = f.convert("zext", value, "i8")
    steps = constants([i * along for i in range(part.n)], I64)
    f.scatter(value, pointer, steps, part.mask)


def read_far(nodes: Iterable[Node]) -> list[Leaf]:
    """What a product's epilogue reads row by row, if it is too much for L1.

    A tile reads a few short pieces, which the hardware prefetcher does not recognize.
    """
    every = [a for n in nodes for a in n.arguments if isinstance(a, Leaf) and a.in_memory]
    rows = dict.fromkeys(a for a in every if a.strides[-1] == 1 and any(a.strides[:-1]))
    return list(rows) if sum(a.var.nbytes for a in rows) > NEAR else []


def fetch(row: RowScope, column: Value, leaves: Iterable[Leaf]) -> None:
    """Prefetch neighbouring elements of a row, which will be read soon."""
    f = row.f
    for leaf in leaves:
        place = f.add(row.offset(leaf.strides[:-1], leaf.offset), column)
        f.prefetch(f.gep(in_memory(leaf.var.dtype), row.nest.pointers(leaf.var), place))


def prepare(
    scope: NestScope | RowScope,
    nodes: Sequence[Node],
    lanes: int,
    level: int,
    passes: dict[Var, int] | None = None,
    number: int = 0,
) -> None:
    """Compute loop invariants ahead of a loop, and splat them over a vector."""
    nest = scope.nest
    row = scope if isinstance(scope, RowScope) else RowScope(nest, ())
    probe = Chunk(row, 0, lanes)
    for n in nodes:
        for a in n.arguments[1:] if n.role == "load" else n.arguments:
            if isinstance(a, Leaf) and a.number is not None:
                continue
            if nest.level(a) == level and _ready(a, passes, number):
                scope.value(a)
                if n.role != "load":
                    probe.value(a)
            elif isinstance(scope, RowScope) and nest.level(a) == ELEMENT and isinstance(a, Leaf):
                scope.begin(a)
        reads = isinstance(scope, RowScope) and passes is not None and _is_row_of_table(nest, n)
        if reads and _ready(n.arguments[1], passes, number):
            row_of_table(scope, n)
        if n.role in ENDS or nest.level(n.var) != level or not _ready(n.var, passes, number):
            continue
        if n.role != "row":
            scope.value(n.var)
        probe.value(n.var)


def _is_row_of_table(nest: NestScope, n: Node) -> bool:
    """Whether a node reads a row of a table in memory, at an index that is fixed along the row."""
    if n.role != "load":
        return False
    table, places = n.arguments
    in_memory = isinstance(table, Leaf) and table.in_memory
    return in_memory and nest.level(n.var) == ELEMENT and nest.level(places) < ELEMENT


def _ready(a: Leaf | Var, passes: dict[Var, int] | None, number: int) -> bool:
    return passes is None or isinstance(a, Leaf) or passes.get(a, 0) <= number


def coordinates(f: Function, row: Value, dims: Sequence[int]) -> list[Operand]:
    """The coordinates in the outer dimensions of the row with this number."""
    places: list[Operand] = []
    rest = row
    for n in reversed(dims[1:]):
        places.append(f.binary("urem", rest, n))
        rest = f.binary("udiv", rest, n)
    if dims:
        places.append(rest)
    return places[::-1]
