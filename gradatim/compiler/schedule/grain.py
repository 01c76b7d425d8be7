"""How a nest is split into work items: by its shapes alone, never by the number of threads.

A sum over rows of several items is computed in two steps: each item writes its partial sum to a
buffer, and another nest adds these up, in order. So the result is the same for any number of
threads.
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

GRAIN = 8192  # elements of an item, about: a few microseconds
LINE = 64  # items of a single row are multiples of so many elements, so no cache line is shared
OWNED = 1 << 16  # elements from which on a scatter is split into several items
OWNERS = 8
PARTS = 16  # most items of a nest with sums over its rows
ROOM = 1 << 18  # bytes of a block's near variables, which should fit into L2
STEP = 16  # the most rows of a block, and the columns computed unless all, are multiples of this
QUARTERS = 4
AGAIN = {e.name: e for e in (reduce_sum, reduce_prod, reduce_max, reduce_min, any_, all_)}


def per_item(nest: RowNest) -> int:
    """Rows per item; for a nest of one row, elements per item."""
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
    """The number of shares of about `most` each into which to split `total`.

    It is even, so that half of the shares are half of the work, and divides `total` if possible.
    """
    fewest = -(-total // most)
    if fewest <= 1:
        return 1
    fewest += fewest % 2
    exact = (n for n in range(fewest, 2 * fewest, 2) if not total % n)
    return next(exact, fewest)


def items(nest: RowNest) -> int:
    """The number of items."""
    size = nest.columns if len(nest.dims) == 1 else nest.rows
    return -(-size // per_item(nest))


def owners(nest: ScatterNest) -> int:
    """The number of ranges of indices into which a scatter is split, each owned by one item.

    Each item goes through all indices and writes those in its range: no synchronisation, and the
    order of additions at each index remains that of the rows.
    """
    if nest.places.level == ELEMENT or prod(nest.dims) < OWNED:
        return 1
    return min(OWNERS, nest.bound)


def line_items(nest: LineNest) -> tuple[int, int]:
    """The number of items of a line nest, and of lines per item."""
    x = nest.equation.inputs[0]
    lines = x.size // x.shape[nest.dim]
    count = min(PARTS, lines) if x.size >= GRAIN // 4 else 1
    each = -(-lines // count)
    return -(-lines // each), each


@dataclass(frozen=True)
class Cut:
    """How a block nest is split into items and blocks."""

    items: int
    matrices: int  # per item
    blocks: int  # per matrix
    rows: int  # per block
    last: int  # rows of the last block
    columns: tuple[int, ...]  # choices of how many to compute; the smallest sufficient one is used


def cut_of(nest: BlockNest) -> Cut:
    """Blocks whose near variables fit into L2, and fine enough to skip what a mask hides."""
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
    """n rounded up to a multiple of `step`."""
    return -(-n // step) * step


def in_two_steps(nest: Nest, items_of: Callable[[BandNest], int]) -> list[Nest]:
    """A nest whose sums are split over items, and the nests that add up the partial sums.

    A band nest is split as its product is: `items_of` gives the number of its items.
    """
    if isinstance(nest, BandNest):
        count = items_of(nest)
        shared = [_shared(n, count) for n in nest.then]
        band = replace(nest, then=tuple(n for n, _ in shared))
        return [band, *(n for _, after in shared for n in after)]
    if isinstance(nest, RowNest):
        first, after = _shared(nest, items(nest))
        return [first, *after]
    return [nest]


def _shared(nest: RowNest, count: int) -> tuple[RowNest, list[RowNest]]:
    """A nest that writes one partial sum per item, and the nests that add these up."""
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
        first, more = _shared(added, items(added))
        after += [first, *more]
    return replace(nest, stores=tuple(stores)), after


def _added(node: Node, parts: Var, store: Store) -> RowNest:
    count, size = parts.shape[0], store.value.size
    name = "reduce_sum" if node.role == "scatter" else node.equation.name
    reduction: Equation = apply(
        AGAIN[name], (parts,), {"dims": (0,), "keepdim": False}, node.equation.line
    )
    total = node.role == "total"
    dims = (count,) if total else (count, size)
    leaf = Leaf(parts, (1,) if total else (size, 1))
    new = Node(reduction, "total" if total else "column", (leaf,))
    return RowNest(dims, (new,), (Store(new.var, store.into, ()),))
