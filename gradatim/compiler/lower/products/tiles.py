"""How a matrix product is cut: tiles for the registers, panels for the caches and the workers.

The costs are in cycles, of a core that does two multiply-adds and two loads of whole vectors in
each; they need only be good enough to tell a good tile from a bad one. What was measured:

- tiles of 24 or more accumulators do equally well (12 x 2, 8 x 3, 6 x 4, 5 x 5); what matters is
  that few of their rows and columns stick out at the edges;
- rows of tiles go by one after the other, each past all columns of a panel: a panel of B of up to
  a megabyte stays in the second cache meanwhile, and is read where it lies (256 x 256 x 256 takes
  252 microseconds; from a copy in strips, with the copying, 262; 512 x 512 x 512 2.4 milliseconds,
  or 2.8);
- the rows of A that come next are asked for meanwhile, a little by each tile: where A is not in
  the second cache, 512 x 256 x 64 takes 142 microseconds instead of 213, 768 x 512 x 128 1.26
  milliseconds instead of 1.41;
- so B is packed only where its columns do not lie side by side, or its vectors cross the lines of
  the cache: in memory from outside, or with rows of odd length. There it is the other way round:
  256 x 256 x 256 takes 277 from where it lies, and 266 packed, 768 x 128 x 384 734 and 600;
- a larger B is cut along k into blocks, whose sums go to memory in between: 128 x 1024 x 1024 takes
  2.3 milliseconds, whole 11, packed 3.6 to 8;
- with A transposed each k is in another line of the cache, and the same blocks let these lines
  stay there for the next tile. So A need not be packed: its numbers are read one by one in any
  case. Blocks of 64 are as good as 128 where the operands are near, and 3 to 8 % better where they
  are far: less is there to wait for before the first of them begins;
- the rows of such a block lie kilobytes apart, and so in few sets of the first cache. A strip of B
  is copied by the first tile that reads it, between its multiply-adds (`stream.py`): 2 to 7 %
  faster than none of it, and 3 to 6 % faster than a copy made in a pass of its own. So strips go by
  one after the other, each past all rows of tiles;
- what the next block has of A and B is asked for meanwhile, line after line as they lie in memory,
  a few at an even pace by each tile: with operands in the third cache 512 x 768 x 128 `tn` takes
  0.86 milliseconds instead of 1.08, 384 x 768 x 128 0.62 instead of 0.85. One place is computed for
  several lines: the arithmetic of one for each took 6 % of the time;
- panels of such blocks are as large as two or four workers can do with: what is far is read once;
- one row times a matrix takes as long as reading the matrix does, so that is what is shared: a
  worker's part may stay in its second cache until it is read again (3.1 megabytes in all: 52 to 62
  microseconds with two workers, 130 to 170 with one). Columns of 512 bytes, read sixteen at a time,
  are over before the processor sees ahead: asked for 8 kilobytes before they take 14 microseconds a
  megabyte instead of 16 from the second cache, and from the third a tenth less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from math import prod

from ...machine.target import NEAR
from .product import Pack, Plan, Product, Side

OVERHEAD = 16.0  # of a tile: finding its place, starting and ending its loop
NEST = 600.0  # of one more nest: a barrier, and its code
EDGE = 1.05  # of tiles with another height at the end: more code, in each of many functions
GATHER = 12.0  # of a vector of numbers that are not side by side
TRANSPOSE = 0.5  # of a number that is packed
WORK = 1 << 20  # operations of an item: some 6 microseconds
CACHE = 1 << 20  # bytes of B that may well stay in the second cache
OFTEN = (
    128  # rows of A from which a copy of B in strips pays that aligns it (of a far one four times)
)
KEPT = 1 << 20  # bytes of B that stay in the second cache while the rows of A go by
BLOCK = 64  # k of a block whose sums go to memory, so that it stays in the cache
FAR_APART = 256  # k from which there are blocks, where A or B cannot stay there as they are
LONG = 768  # and where they can: errors grow with each addition
FEW = 8  # rows of A up to which a product waits for B to come, rather than for its sums
FAR = 1 << 15  # bytes of B in an item then: a microsecond and more from the third cache
DEEP = 512  # rows and columns of an item of such blocks, at most
LARGE = 1 << 26  # operations of a product that is worth four workers
BANDS = 16  # items of a product in bands, about at most: each has its part of sums over all rows
PACK_DEPTH = 256
SHARED = 1 << 13  # numbers from which packing is cut into an even number of items


@lru_cache(maxsize=1024)
def plan(product: Product, lanes: int) -> Plan:
    """How to do a product with vectors of `lanes` elements of its dtype.

    >>> import numpy as np
    >>> p = plan(Product((), 64, 64, 64, np.dtype("float32"), (64, 1), (64, 1)), 16)
    >>> p.rows, p.vectors, p.items, p.packs
    (6, 4, 1, ())
    """
    product = product.collapsed()
    whole = lanes if product.dtype.kind == "f" else min(lanes, 16)
    outer = _outer(product, whole)
    if product.dtype.kind != "f" or not product.k or product.in_bands:
        return outer[1]
    choices = [outer, *_dots(product, whole), *_turned(product, whole)]
    return min(choices, key=lambda choice: choice[0])[1]


# -- three ways of filling a tile --------------------------------------------------------------


def _outer(p: Product, whole: int) -> tuple[float, Plan]:
    """Lanes along the columns."""
    wide = min(whole, _power(p.n))
    size = whole * p.dtype.itemsize
    cost, rows, vectors = min(
        (_cost(p, wide, rows, vectors), rows, vectors)
        for rows, vectors in _tiles(p, wide, 32 if size == 64 else 16)
    )
    width = vectors * wide
    depth = _depth(p, rows)
    more, pack = _packing(p, rows, width, wide, in_blocks=depth < p.k and not p.in_bands)
    a = Side(p.a_strides[:-2], p.a_strides[-2], rows * p.a_strides[-2], p.a_strides[-1])
    b = Side(p.b_strides[:-2], p.b_strides[-1], width * p.b_strides[-1], p.b_strides[-2])
    if pack:
        b = Side(_packed_strides(p, pack), 1, width * p.k, 0, packed=True)
    cut = _panels(p, rows, width, depth)
    packs = (pack,) if pack else ()
    return cost + more, Plan(p, a, b, wide, wide, whole, rows, vectors, depth, *cut, packs=packs)


def _dots(p: Product, whole: int) -> Iterator[tuple[float, Plan]]:
    """Lanes along k, for few rows or few columns whose k lie side by side."""
    if p.a_strides[-1] != 1:
        return
    wide = min(whole, _power(p.n))
    rows = min(_power(p.m), whole // wide)
    near = (p.m + p.n) * p.k * p.dtype.itemsize <= NEAR
    step = 0.55 if near or p.m == 1 else 1.5
    cost = p.batches * p.m * p.n * (-(-p.k // whole) * step + 3) + OVERHEAD
    b = Side(p.b_strides[:-2], p.b_strides[-1], wide * p.b_strides[-1], 1)
    packs: tuple[Pack, ...] = ()
    if p.b_strides[-2] != 1:
        if p.near:
            return
        pack = _pack(p, 1, 1)
        b = Side(_packed_strides(p, pack), p.k, wide * p.k, 1)
        cost, packs = cost + NEST + 1.5 * pack.size, (pack,)
    a = Side(p.a_strides[:-2], p.a_strides[-2], rows * p.a_strides[-2], 1)
    cut = _panels(p, rows, wide, p.k)
    yield cost, Plan(p, a, b, wide, wide, whole, rows, 1, p.k, *cut, dot=True, packs=packs)


def _turned(p: Product, whole: int) -> Iterator[tuple[float, Plan]]:
    """Lanes along the rows, for few columns where the rows lie side by side."""
    if p.a_strides[-2] != 1 or p.n > min(8, whole // 2):
        return
    cost, turned = _outer(p.swapped(), whole)
    if turned.rows >= p.n and not turned.deep:
        cost += 2.0 * p.batches * p.m * p.n
        yield cost, replace(turned, turned=True, lanes=_power(p.n))


# -- the tile ----------------------------------------------------------------------------------


def _tiles(p: Product, wide: int, registers: int) -> Iterator[tuple[int, int]]:
    """The tiles whose accumulators fit into the registers, with a row of B and a number of A."""
    widest = 4 if p.a_strides[-1] not in (0, 1) else 5
    yield 1, 1
    for rows in range(1, min(max(p.m, 1), 16) + 1):
        for vectors in range(1, min(-(-max(p.n, 1) // wide), 8) + 1):
            fits = rows * vectors + vectors + 1 < registers
            if fits and (vectors <= widest or rows <= 3):
                yield rows, vectors


def _cost(p: Product, wide: int, rows: int, vectors: int) -> float:
    """What all tiles of one matrix cost, edges included."""
    down, across = divmod(p.m, rows), divmod(-(-p.n // wide), vectors)
    edge = EDGE if p.near and down[1] else 1.0
    return (
        edge
        * p.batches
        * sum(
            count * others * _tile_cost(r, v, p.k)
            for r, count in ((rows, down[0]), (down[1], bool(down[1])))
            for v, others in ((vectors, across[0]), (across[1], bool(across[1])))
        )
    )


def _tile_cost(rows: int, vectors: int, k: int) -> float:
    """Arithmetic, or loads, or waiting for the row of B to come from the second cache."""
    step = max(rows * vectors / 2, (rows + vectors) / 2, 1.75 * vectors, 2.0)
    return k * (step + 0.08 * (rows + vectors)) + OVERHEAD + rows * vectors


def _depth(p: Product, rows: int) -> int:
    """How many k are summed before the sum goes to memory: all of them, if that is not many."""
    across = p.a_strides[-1] not in (0, 1)
    large = p.k * p.n * p.dtype.itemsize > KEPT and p.m > 2 * rows
    if p.dtype.kind != "f" or p.k < (FAR_APART if across or large else LONG):
        return max(p.k, 1)
    blocks = -(-p.k // BLOCK)
    return -(-p.k // (8 * blocks)) * 8


# -- packing -----------------------------------------------------------------------------------


def _packing(
    p: Product, rows: int, width: int, wide: int, *, in_blocks: bool
) -> tuple[float, Pack | None]:
    """Whether B is packed, and what reading it costs in addition; blocks of k are copied anyway."""
    if p.b_strides[-1] in (0, 1):
        return 0.0, _pack(p, width, wide) if _crosses(p, wide) and not in_blocks else None
    pack = _pack(p, width, wide)
    gathers = p.batches * -(-p.m // rows) * p.k * -(-p.n // wide) * GATHER
    packing = NEST + TRANSPOSE * pack.size
    if p.near or p.dtype.kind != "f" or wide == 1 or gathers < packing:
        return gathers, None
    return packing, pack


def _crosses(p: Product, wide: int) -> bool:
    """Whether vectors of B cross the lines of the cache, and are read so often that it matters."""
    size = p.k * p.n * p.dtype.itemsize
    if p.near or p.dtype.kind != "f" or not p.b_strides[-1] or size <= NEAR:
        return False
    whole = p.aligned and all(stride % wide == 0 for stride in p.b_strides[:-1])
    return not whole and p.m >= (OFTEN if size <= KEPT else 4 * OFTEN)


def _pack(p: Product, width: int, wide: int) -> Pack:
    own = [i for i, stride in enumerate(p.b_strides[:-2]) if stride]
    batch = tuple(p.batch[i] for i in own)
    blocks = max(1, -(-p.k // PACK_DEPTH))
    if prod(batch) * -(-p.n // width) * blocks % 2 and p.n * p.k >= SHARED:
        blocks += 1
    return Pack(
        "b",
        batch,
        tuple(p.b_strides[i] for i in own),
        p.n,
        p.b_strides[-1],
        p.k,
        p.b_strides[-2],
        width,
        wide,
        -(-p.k // (16 * blocks)) * 16,
        p.dtype,
    )


def _packed_strides(p: Product, pack: Pack) -> tuple[int, ...]:
    """From packed matrix to packed matrix, along each batch dimension of the product."""
    strides, size = [], pack.matrix
    for extent, stride in zip(p.batch[::-1], p.b_strides[-3::-1], strict=True):
        strides.append(size if stride else 0)
        size *= extent if stride else 1
    return tuple(strides[::-1])


# -- panels ------------------------------------------------------------------------------------


def _panels(
    p: Product, rows: int, width: int, depth: int
) -> tuple[tuple[int, int], tuple[int, int], int]:
    """The tiles of an item, the items of a matrix, the matrices of an item."""
    down, across = max(1, -(-p.m // rows)), max(1, -(-p.n // width))
    work = 2 * p.k * rows * width or 1
    wide = CACHE // (depth * width * p.dtype.itemsize)
    if depth < p.k:
        high, wide = _deep_panel(p, (rows, down), (width, across))
    else:
        high = WORK // (work * min(max(wide, 1), across))
    if high <= 1:
        wide = min(wide, WORK // work)
    if p.m <= FEW:
        wide = min(wide, FAR // (p.k * width * p.dtype.itemsize or 1))
    if p.in_bands:
        high, wide = max(high, -(-down // BANDS)), across
    panels = _shares(down, high), _shares(across, wide)
    group = 1
    if panels == (1, 1):
        matrices = max(p.batches, 1)
        group = -(-matrices // _shares(matrices, WORK // (2 * p.m * p.n * p.k or WORK)))
    return (-(-down // panels[0]), -(-across // panels[1])), panels, group


def _deep_panel(p: Product, down: tuple[int, int], across: tuple[int, int]) -> tuple[int, int]:
    """As large a panel as two workers can do with, or four of a large product.

    Of each side of the result: the size of a tile, and how many there are.
    """
    high, wide = (min(DEEP // size, count) for size, count in (down, across))
    least = 4 if 2 * p.batches * p.m * p.n * p.k >= LARGE else 2
    while p.batches * -(-down[1] // high) * -(-across[1] // wide) < least and max(high, wide) > 1:
        if wide > 1 and wide * across[0] >= high * down[0]:
            wide = -(-wide // 2)
        else:
            high = -(-high // 2)
    return high, wide


def _shares(total: int, most: int) -> int:
    """Into how many shares of at most `most` something is cut: an even number, or one."""
    shares = -(-total // max(most, 1))
    return shares + 1 if shares > 1 and shares % 2 and shares < total else shares


def _power(n: int) -> int:
    """The least power of two that is not less than n."""
    return 1 << (max(n, 1) - 1).bit_length()
