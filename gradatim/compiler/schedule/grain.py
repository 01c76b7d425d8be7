"""How a nest is cut into work items: by its shapes alone, never by the number of threads.

A sum that several items share is made in two steps: each item leaves its part in a buffer, and a
nest of one item adds the parts up, in order. So the result is the same on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

from ...ops.broadcast import reduce_sum
from ...ops.reduction import all_, any_, reduce_max, reduce_min
from ...ops.running import reduce_prod
from ..ir.graph import Equation, Var, apply
from ..ir.nests import (
    ELEMENT,
    ENDS,
    BandNest,
    BlockNest,
    Leaf,
    LineNest,
    Nest,
    Node,
    RowNest,
    ScatterNest,
    Store,
)

GRAIN = 8192  # elements in an item, about: a few microseconds
LINE = 64  # elements of a line are not shared by items
OWNED = 1 << 16  # elements from which a scatter is shared by workers
OWNERS = 8
PARTS = 16  # items that a nest with sums over its rows is cut into, at most
ROOM = 1 << 18  # bytes of what is near that may well be in the second cache
STEP = 16  # rows of a block, and columns that are done, are counted in these
QUARTERS = 4
AGAIN = {e.name: e for e in (reduce_sum, reduce_prod, reduce_max, reduce_min, any_, all_)}


def per_item(nest: RowNest) -> int:
    """Rows in an item; of a nest of one row, elements."""
    roles = {n.role for n in nest.nodes}
    if len(nest.dims) == 1:
        if "row" in roles:
            return nest.columns
        return up_to(-(-nest.columns // _shares(nest.columns, GRAIN)), LINE)
    rows = max(1, GRAIN // nest.columns)
    if roles & {*ENDS}:
        rows = nest.rows if nest.rows <= PARTS else max(rows, -(-nest.rows // PARTS))
    return -(-nest.rows // _shares(nest.rows, rows))


def _shares(total: int, most: int) -> int:
    """Into how many shares of at most `most` something is cut, about.

    An even number, so that half of them are half of it; and equal ones if there are such.
    """
    fewest = -(-total // most)
    if fewest <= 1:
        return 1
    fewest += fewest % 2
    exact = (n for n in range(fewest, 2 * fewest, 2) if not total % n)
    return next(exact, fewest)


def items(nest: RowNest) -> int:
    """How many items."""
    size = nest.columns if len(nest.dims) == 1 else nest.rows
    return -(-size // per_item(nest))


def owners(nest: ScatterNest) -> int:
    """Into how many ranges of places a scatter is cut, each the business of one item.

    Each looks at all places, and writes where they are its own: so nobody waits, and the order of
    additions at one place stays that of the rows.
    """
    if nest.places.level == ELEMENT or prod(nest.dims) < OWNED:
        return 1
    return min(OWNERS, nest.bound)


def line_items(nest: LineNest) -> tuple[int, int]:
    """Into how many items lines are cut, and how many lines there are in each."""
    x = nest.equation.inputs[0]
    lines = x.size // x.shape[nest.dim]
    wanted = min(PARTS, lines) if x.size >= GRAIN // 4 else 1
    each = -(-lines // wanted)
    return -(-lines // each), each


@dataclass(frozen=True)
class Cut:
    """How a block nest is cut: matrices of an item, rows of a block, columns that can be done."""

    items: int
    matrices: int
    blocks: int  # of a matrix
    rows: int
    last: int  # rows of the last block
    columns: tuple[int, ...]  # how many, of which the fewest that will do are taken


def cut_of(nest: BlockNest) -> Cut:
    """Blocks whose rows stay near, and follow the edge of what a mask hides."""
    each = sum(n * v.itemsize for v, n in nest.near.items() if v not in nest.stored)
    most = max(STEP, ROOM // each // STEP * STEP)
    columns = [nest.columns]
    if nest.hiding:
        most = min(most, up_to(-(-nest.rows // QUARTERS), STEP))
        columns = [up_to(nest.columns * q // QUARTERS, STEP) for q in range(1, QUARTERS + 1)]
        columns = [*(c for c in dict.fromkeys(columns) if 0 < c < nest.columns), nest.columns]
    blocks = -(-nest.rows // most)
    rows = -(-nest.rows // blocks)
    matrices = -(-nest.matrices // PARTS)
    items = -(-nest.matrices // matrices)
    return Cut(items, matrices, blocks, rows, nest.rows - rows * (blocks - 1), tuple(columns))


def up_to(n: int, step: int) -> int:
    """The least multiple of a step that is not less than n."""
    return -(-n // step) * step


def in_two_steps(nest: Nest, items_of: Callable[[BandNest], int]) -> list[Nest]:
    """A nest whose sums are shared by items, and the nests that add up the parts.

    How a band nest is cut is the business of its product: `items_of` tells.
    """
    if isinstance(nest, BandNest):
        count = items_of(nest)
        shared = [_shared(n, count) for n in nest.then]
        band = replace(nest, then=tuple(n for n, _ in shared))
        return [band, *(n for _, after in shared for n in after)]
    if isinstance(nest, RowNest):
        mine, after = _shared(nest, items(nest))
        return [mine, *after]
    return [nest]


def _shared(nest: RowNest, count: int) -> tuple[RowNest, list[RowNest]]:
    """A nest of so many items, each of which has its part of every sum; and who adds them up."""
    if count == 1:
        return nest, []
    ends = {n.var: n for n in nest.nodes if n.role in ENDS}
    stores, after = [], []
    for s in nest.stores:
        if s.value not in ends or s.strides:
            stores.append(s)
            continue
        parts = Var((count, *s.value.shape), s.value.dtype)
        stores.append(replace(s, into=parts))
        added = _added(ends[s.value], parts, s)
        mine, more = _shared(added, items(added))
        after += [mine, *more]
    return replace(nest, stores=tuple(stores)), after


def _added(node: Node, parts: Var, store: Store) -> RowNest:
    count, size = parts.shape[0], store.value.size
    name = "reduce_sum" if node.role == "scatter" else node.equation.name
    again: Equation = apply(
        AGAIN[name], (parts,), {"dims": (0,), "keepdim": False}, node.equation.line
    )
    total = node.role == "total"
    dims = (count,) if total else (count, size)
    leaf = Leaf(parts, (1,) if total else (size, 1))
    new = Node(again, "total" if total else "column", (leaf,))
    return RowNest(dims, (new,), (Store(new.var, store.into, ()),))
