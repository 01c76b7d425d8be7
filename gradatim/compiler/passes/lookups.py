"""Rows that are read from another table at the same places, and what makes these places good.

An embedding refuses places that count from the end, `take` does not; whatever the passes read in
its place refuses the same.
"""

from __future__ import annotations

from ...ops.broadcast import reshape
from ...ops.creation import arange
from ...ops.elementwise import add, mul
from ...ops.indexing import take
from ..ir.graph import Equation, Var, apply
from .fold import repeat

LOOKUPS = ("take", "embedding")


def is_lookup(e: Equation) -> bool:
    """Whether rows of a table are read, at places along its first dimension."""
    return e.name in LOOKUPS and not e.params.get("dim", 0)


def is_strict(lookup: Equation) -> bool:
    """Whether places may not count from the end."""
    return lookup.name == "embedding"


def looked_up(lookup: Equation, table: Var, places: Var) -> list[Equation]:
    """Rows of a table, at places that are checked as `lookup` does."""
    line, whole = lookup.line, lookup.part_of or lookup.name
    if not is_strict(lookup):
        return [apply(take, (table, places), {"dim": 0}, line, whole)]
    if len(table.shape) == 2:
        return [apply(lookup.primitive, (table, places), lookup.params, line, whole)]
    count, *rest = table.shape
    flat = apply(reshape, (table,), {"shape": (count, table.size // count)}, line)
    rows = apply(lookup.primitive, (flat.output, places), lookup.params, line, whole)
    shape = (*places.shape, *rest)
    return [flat, rows, apply(reshape, (rows.output,), {"shape": shape}, line)]


def row_places(lookup: Equation, count: int, rows: Var) -> list[Equation]:
    """The numbers, from 0, of rows of a table of `count` rows."""
    params = {"start": 0, "step": 1, "count": count, "dtype": rows.dtype}
    every = apply(arange, (), params, lookup.line)
    return [every, *looked_up(lookup, every.output, rows)]


def element_places(
    lookup: Equation, shape: tuple[int, ...], rows: Var, columns: Var
) -> list[Equation]:
    """Where elements of a table lie, counted in order; their columns are known to be good."""
    count, width = shape
    to_row = row_places(lookup, count, rows)
    factor = repeat(lookup, width, rows)
    begin = apply(mul, (to_row[-1].output, factor.output), {}, lookup.line)
    place = apply(add, (begin.output, columns), {}, lookup.line)
    return [*to_row, factor, begin, place]
