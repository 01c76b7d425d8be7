"""How a matrix product is tiled: for the registers, for the caches, and for the workers.

Costs are in cycles of a core that does two multiply-adds and two vector loads per cycle; they need
only be good enough to tell good tiles from bad ones. Measurements behind the choices:

- tiles of 24 or more accumulators perform equally well (12 x 2, 8 x 3, 6 x 4, 5 x 5); what matters
  is that few of their rows and columns are wasted at the edges;
- each row of tiles passes all columns of a panel before the next row: up to 1 MB of B stays in L2
  meanwhile and is read in place (256 x 256 x 256 takes 252 us, 262 with packing; 512 x 512 x 512
  2.4 ms, 2.8 with packing);
- the next rows of A are prefetched, a little by each tile: with A outside L2 512 x 256 x 64 takes
  142 us instead of 213, 768 x 512 x 128 1.26 ms instead of 1.41;
- so B is packed only if its columns are strided, or if its vectors cross cache lines (caller's
  memory that is not aligned, or rows of odd length). Then packing wins: 256 x 256 x 256 takes
  277 us in place and 266 packed, 768 x 128 x 384 734 and 600;
- a larger B is blocked along k, with partial sums in memory: 128 x 1024 x 1024 takes 2.3 ms,
  unblocked 11, packed 3.6 to 8;
- with A transposed each k is in another cache line, and blocking keeps these lines in cache for the
  next tile. So A need not be packed: its numbers are read one by one in any case. Blocks of 64 are
  as good as 128 where the operands are near, and 3 to 8 % better where they are far, as the first
  block, which nothing prefetches, is shorter;
- the rows of a block of B lie kilobytes apart, and so in few sets of L1. The first tile that reads
  a strip copies it, between its multiply-adds (`stream.py`): 2 to 7 % faster than no copy, 3 to 6 %
  faster than a separate packing pass. So strips are processed one by one, each for all rows;
- the next block of A and B is prefetched in address order, a few lines at a time by each tile: with
  operands in L3 512 x 768 x 128 `tn` takes 0.86 ms instead of 1.08, 384 x 768 x 128 0.62 instead of
  0.85. One address serves several lines: computing one for each took 6 % of the time;
- panels of such blocks are as large as keeps two or four workers busy, so that far operands are
  read only once;
- a row times a matrix is bound by reading the matrix, so the matrix is what is split: a worker's
  part may stay in its L2 until it is read again (3.1 MB in all: 52 to 62 us with two workers, 130
  to 170 with one). Columns of 512 bytes, read sixteen at a time, end before the hardware prefetcher
  catches on: prefetched 8 KB ahead they take 14 us per MB instead of 16 from L2, and a tenth less
  from L3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from math import prod

from ...machine.target import NEAR, Target
from .product import CACHE, Pack, Plan, Product, Side

OVERHEAD = 16.0  # of a tile: computing its addresses, entering and leaving its loop
NEST = 600.0  # of one more nest: a barrier, and its code
EDGE = 1.05  # factor for an edge of another tile height: more code, in each of many functions
GATHER = 12.0  # of a vector gathered from strided elements
TRANSPOSE = 0.5  # per packed element
WORK = 1 << 20  # flops of an item: some 6 microseconds
HALVED = 1 << 17  # flops from which a product has two items all the same: a microsecond
OFTEN = 128  # rows of A from which packing an unaligned B pays (four times that for one above KEPT)
KEPT = 1 << 20  # bytes of B that stay in L2 while the rows of A go by
BLOCK = 64  # k of a block, so that it stays in cache
FAR_APART = 256  # k from which sums are blocked, if A or B cannot stay in cache unblocked
LONG = 768  # and if they can: rounding errors grow with each addition
FEW = 8  # rows of A up to which a product is bound by reading B rather than by arithmetic
FAR = 1 << 15  # bytes of B in an item then: a microsecond or more from L3
DEEP = 512  # rows and columns of an item of a blocked sum, at most
LARGE = 1 << 26  # flops from which a product is worth four workers
BANDS = 16  # items of a matrix in bands, at most: each has partial sums over all rows
PACK_DEPTH = 256
SHARED = 1 << 13  # elements from which packing is split into an even number of items


@lru_cache(maxsize=1024)
def plan(product: Product, target: Target) -> Plan:
    """How a processor is to compute a product.

    >>> import numpy as np
    >>> from ...machine.target import named
    >>> square = Product((), 64, 64, 64, np.dtype("float32"), (64, 1), (64, 1))
    >>> p = plan(square, named("x86-64-v4"))
    >>> p.rows, p.vectors, p.items, p.packs
    (6, 4, 2, ())
    """
    product = product.collapsed()
    lanes = target.lanes(product.dtype)
    whole = lanes if product.dtype.kind == "f" else min(lanes, 16)
    outer = _outer(product, whole, target.registers)
    if product.dtype.kind != "f" or not product.k or product.in_bands:
        return outer[1]
    choices = [outer, *_dots(product, whole), *_turned(product, whole, target.registers)]
    return min(choices, key=lambda choice: choice[0])[1]


# -- three kinds of kernels --------------------------------------------------------------------


def _outer(p: Product, whole: int, registers: int) -> tuple[float, Plan]:
    """Lanes along the columns of the result."""
    wide = min(whole, _power(p.n))
    cost, rows, vectors = min(
        (_cost(p, wide, rows, vectors), rows, vectors)
        for rows, vectors in _tiles(p, wide, registers)
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
    """Lanes along k, for few rows or few columns whose k are contiguous."""
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


def _turned(p: Product, whole: int, registers: int) -> Iterator[tuple[float, Plan]]:
    """Lanes along the rows of the result, for few columns where A's rows are contiguous."""
    if p.a_strides[-2] != 1 or p.n > min(8, whole // 2):
        return
    cost, turned = _outer(p.swapped(), whole, registers)
    if turned.rows >= p.n and not turned.deep:
        cost += 2.0 * p.batches * p.m * p.n
        yield cost, replace(turned, turned=True, lanes=_power(p.n))


# -- the tile ----------------------------------------------------------------------------------


def _tiles(p: Product, wide: int, registers: int) -> Iterator[tuple[int, int]]:
    """The tiles whose accumulators fit in the registers, with a row of B and a number of A."""
    widest = 4 if p.a_strides[-1] not in (0, 1) else 5
    yield 1, 1
    for rows in range(1, min(max(p.m, 1), 16) + 1):
        for vectors in range(1, min(-(-max(p.n, 1) // wide), 8) + 1):
            fits = rows * vectors + vectors + 1 < registers
            if fits and (vectors <= widest or rows <= 3):
                yield rows, vectors


def _cost(p: Product, wide: int, rows: int, vectors: int) -> float:
    """The cost of all tiles of the batch, edges included."""
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
    """The bottleneck of arithmetic, loads, and L2 bandwidth for the rows of B."""
    step = max(rows * vectors / 2, (rows + vectors) / 2, 1.75 * vectors, 2.0)
    return k * (step + 0.08 * (rows + vectors)) + OVERHEAD + rows * vectors


def _depth(p: Product, rows: int) -> int:
    """How many k are summed before partial sums go to memory: all of them if they are few."""
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
    """Whether B is packed, and what that or gathering costs; blocks of k are copied anyway."""
    if p.b_strides[-1] in (0, 1):
        return 0.0, _pack(p, width, wide) if _crosses(p, wide) and not in_blocks else None
    pack = _pack(p, width, wide)
    gathers = p.batches * -(-p.m // rows) * p.k * -(-p.n // wide) * GATHER
    packing = NEST + TRANSPOSE * pack.size
    if p.near or p.dtype.kind != "f" or wide == 1 or gathers < packing:
        return gathers, None
    return packing, pack


def _crosses(p: Product, wide: int) -> bool:
    """Whether vectors of B cross cache lines, and are read often enough for it to matter."""
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
    """Strides from packed matrix to packed matrix, for each batch dimension of the product."""
    strides, size = [], pack.matrix
    for extent, stride in zip(p.batch[::-1], p.b_strides[-3::-1], strict=True):
        strides.append(size if stride else 0)
        size *= extent if stride else 1
    return tuple(strides[::-1])


# -- panels ------------------------------------------------------------------------------------


def _panels(
    p: Product, rows: int, width: int, depth: int
) -> tuple[tuple[int, int], tuple[int, int], int]:
    """Tiles per item (vertically, horizontally), items per matrix, matrices per item."""
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
    whole = p.batches == 1 and depth == p.k and not (p.in_bands or p.near)
    if whole and panels == (1, 1) and 2 * p.m * p.n * p.k >= HALVED:
        panels = (min(2, down), 1) if down >= across else (1, 2)
    group = 1
    if panels == (1, 1):
        matrices = max(p.batches, 1)
        group = -(-matrices // _shares(matrices, WORK // (2 * p.m * p.n * p.k or WORK)))
    return (-(-down // panels[0]), -(-across // panels[1])), panels, group


def _deep_panel(p: Product, down: tuple[int, int], across: tuple[int, int]) -> tuple[int, int]:
    """The largest panel that leaves work for two workers, or for four if the product is large.

    `down` and `across`: the size of a tile along this side, and the number of tiles.
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
    """The number of shares of at most `most`: an even number, or one."""
    shares = -(-total // max(most, 1))
    return shares + 1 if shares > 1 and shares % 2 and shares < total else shares


def _power(n: int) -> int:
    """The least power of two >= n."""
    return 1 << (max(n, 1) - 1).bit_length()
