"""Rows of a table looked up by index, and the check of these indices.

An embedding refuses indices that count from the end, `take` does not; whatever the passes read in
place of a lookup refuses the same indices.
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
    """Whether it reads rows of a table, by indices along its first dimension."""
    return e.name in LOOKUPS and not e.params.get("dim", 0)


def is_strict(lookup: Equation) -> bool:
    """Whether indices may not count from the end."""
    return lookup.name == "embedding"


def looked_up(lookup: Equation, table: Var, places: Var) -> list[Equation]:
    """Rows of a table, at indices that are checked as `lookup` does."""
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
    """The row numbers, from 0, that these indices mean in a table of `count` rows."""
    params = {"start": 0, "step": 1, "count": count, "dtype": rows.dtype}
    every = apply(arange, (), params, lookup.line)
    return [every, *looked_up(lookup, every.output, rows)]


def element_places(
    lookup: Equation, shape: tuple[int, ...], rows: Var, columns: Var
) -> list[Equation]:
    """The flat indices of elements of a table; their columns are known to be in range."""
    count, width = shape
    to_row = row_places(lookup, count, rows)
    factor = repeat(lookup, width, rows)
    begin = apply(mul, (to_row[-1].output, factor.output), {}, lookup.line)
    place = apply(add, (begin.output, columns), {}, lookup.line)
    return [*to_row, factor, begin, place]
