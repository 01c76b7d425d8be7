"""The records of a matrix product: its shapes, how it is tiled, what is packed first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ....core.placement import LINE
from ...machine.target import NEAR
from ..text.types import DOUBLE, FLOAT, I8, I32, I64

BRIEF = 1 << 10  # bytes of a column of B too short for the hardware prefetcher to catch on
LEAD = 1 << 13  # bytes by which B is prefetched ahead then
STRETCH = 16  # k between two rounds of prefetches
SOME = 4  # tiles per column of a panel from which prefetching a block pays
MANY = 8  # tiles of a panel from which it pays
CACHE = 1 << 20  # bytes of B that are likely to stay in L2
LLVM = {"float32": FLOAT, "float64": DOUBLE, "int64": I64, "int32": I32, "uint8": I8, "bool": I8}


@dataclass(frozen=True)
class Product:
    """C[batch, m, n] = sum over k of A[batch, m, k] B[batch, k, n], with the layout of A and B.

    Strides are in elements, one for each batch dimension, then for m and k (A) or k and n (B);
    any are allowed: 0 where an operand is broadcast, negative where it is flipped.
    """

    batch: tuple[int, ...]
    m: int
    n: int
    k: int
    dtype: np.dtype
    a_strides: tuple[int, ...]
    b_strides: tuple[int, ...]
    aligned: bool = False  # whether B begins at a cache line; the caller's memory need not
    near: bool = False  # whether the operands are in L1 or L2, so that packing does not pay
    in_bands: bool = False  # whether an item has all columns of its rows, band by band

    @property
    def batches(self) -> int:
        """The number of matrices in the result."""
        return prod(self.batch)

    def swapped(self) -> Product:
        """The transposed result: B^T A^T."""
        a, b = self.a_strides, self.b_strides
        return replace(
            self,
            m=self.n,
            n=self.m,
            a_strides=(*b[:-2], b[-1], b[-2]),
            b_strides=(*a[:-2], a[-1], a[-2]),
            aligned=False,
            in_bands=False,
        )

    def collapsed(self) -> Product:
        """The same rows in the same order, with as few batch dimensions as possible.

        Matrices that share B, and whose rows continue from one to the next, become one long matrix.
        """
        dims: list[tuple[int, int, int]] = []
        batch = zip(self.batch, self.a_strides[:-2], self.b_strides[:-2], strict=True)
        for size, a, b in [*batch, (self.m, self.a_strides[-2], 0)]:
            if dims and size == 1 and not b and not dims[-1][2]:
                continue  # a dimension of size 1 has no meaningful stride
            if dims and (dims[-1][0] == 1 or dims[-1][1:] == (a * size, b * size)):
                size *= dims.pop()[0]
            dims.append((size, a, b))
        *outer, rows = dims
        return replace(
            self,
            batch=tuple(d[0] for d in outer),
            m=rows[0],
            a_strides=(*(d[1] for d in outer), rows[1], self.a_strides[-1]),
            b_strides=(*(d[2] for d in outer), *self.b_strides[-2:]),
        )


@dataclass(frozen=True)
class Side:
    """How the micro-kernel walks through an operand: A by rows, B by columns."""

    batch: tuple[int, ...]  # strides from matrix to matrix, one per batch dimension
    step: int  # stride from row to row, or column to column, inside a tile
    block: int  # stride from tile to tile
    stride: int  # stride from k to k
    packed: bool = False  # in strips as wide as a tile: their width is the stride

    def k(self, size: int) -> int:
        """The stride from k to k, in a tile of this many columns."""
        return size if self.packed else self.stride


@dataclass(frozen=True)
class Run:
    """How the lines of a block of an operand are prefetched: a few at a time, piece by piece."""

    pieces: int  # contiguous pieces of the block
    stride: int  # elements from one piece to the next
    times: int  # rounds of prefetches per piece
    some: int  # lines in each round
    line: int  # elements of a cache line


@dataclass(frozen=True)
class Pack:
    """A nest that copies an operand into strips: [batch][strip][k][place in the strip]."""

    operand: str  # "a" or "b": the source of `write_pack`
    batch: tuple[int, ...]  # only the dimensions along which the operand is not broadcast
    batch_strides: tuple[int, ...]
    extent: int  # number of columns (of A: rows)
    stride: int  # from column to column
    k: int
    k_stride: int
    width: int  # columns of a strip; the last one has the rest, rounded up to vectors
    wide: int  # lanes of a vector
    depth: int  # k per item
    dtype: np.dtype

    @property
    def matrix(self) -> int:
        """Elements of one packed matrix."""
        return -(-self.extent // self.wide) * self.wide * self.k

    @property
    def size(self) -> int:
        """Elements of the packed buffer."""
        return prod(self.batch) * self.matrix

    @property
    def strips(self) -> int:
        """Strips of one matrix."""
        return -(-self.extent // self.width)

    @property
    def blocks(self) -> int:
        """Items of one strip."""
        return -(-self.k // self.depth)

    @property
    def items(self) -> int:
        """Work items: one block of k of one strip each."""
        return prod(self.batch) * self.strips * self.blocks


@dataclass(frozen=True)
class Plan:
    """All decisions about a product, made before its code is written.

    If `turned`, the kernel computes the transposed result, and all fields except `lanes` and
    `packs` describe that.
    """

    product: Product
    a: Side
    b: Side
    lanes: int  # lanes of the vectors given to the epilogue; 1 means scalars
    wide: int  # lanes of the accumulators
    whole: int  # lanes of the machine's vectors
    rows: int  # of a tile
    vectors: int  # in a row of a tile
    depth: int  # k summed in registers before partial sums go to memory
    panel: tuple[int, int]  # tiles of an item, at most: vertically, horizontally
    panels: tuple[int, int]  # items of one matrix: vertically, horizontally
    group: int  # matrices of one item
    dot: bool = False
    turned: bool = False
    packs: tuple[Pack, ...] = ()

    @property
    def result_rows(self) -> int:
        """Rows of one matrix of the result, after merging matrices (`collapsed`)."""
        return self.product.n if self.turned else self.product.m

    @property
    def tile(self) -> int:
        """Elements of one tile."""
        return self.rows * self.vectors * self.wide

    @property
    def share(self) -> int:
        """Elements of the next rows of A that a tile prefetches per k: 0 if A is near anyway.

        A row of tiles reads so little of A at a time that the hardware prefetcher stays too close.
        """
        p, a = self.product, self.a
        side_by_side = a.stride == 1 and a.step == p.k
        if not side_by_side or self.deep or self.dot or p.m * p.k * p.dtype.itemsize <= NEAR:
            return 0
        return -(-self.rows // self.panel[1])

    @property
    def streams(self) -> bool:
        """Whether the next block of k is prefetched, in order, during the current one."""
        high, wide = self.panel
        worth_it = high >= SOME and high * wide >= MANY
        return self.deep and not self.b.packed and self.b.step == 1 and worth_it

    @property
    def copies(self) -> bool:
        """Whether the first tile of a strip of B copies it for the tiles below."""
        return self.streams and not self.product.in_bands

    @property
    def runs(self) -> tuple[Run, ...]:
        """What a panel's tiles prefetch during a block of k: the next block, of A and of B."""
        if not self.streams:
            return ()
        p, a, b = self.product, self.a, self.b
        high = min(self.panel[0] * self.rows, p.m)
        wide = min(self.panel[1] * self.vectors * self.wide, p.n)
        down = (self.depth, high, a.stride) if a.step == 1 else (high, self.depth, a.step)
        return self._run(*down), self._run(self.depth, wide, b.stride)

    def _run(self, count: int, size: int, stride: int) -> Run:
        """The prefetches of a block of `count` pieces, each `size` contiguous elements."""
        if stride == size:
            count, size = 1, count * size
        line = LINE // self.product.dtype.itemsize
        lines, slots = -(-size // line), self.panel[0] * self.panel[1] * self.turns
        some = -(-count * lines // slots)
        while some < lines and count * -(-lines // some) > slots:
            some += 1
        return Run(count, stride, -(-lines // some), some, line)

    @property
    def turns(self) -> int:
        """How many rounds of prefetches a tile issues during a block of k."""
        return -(-self.depth // STRETCH)

    @property
    def lead(self) -> int:
        """How many elements ahead a dot product prefetches B; 0 if its columns are not brief.

        They must lie one after the other, and be read only once.
        """
        p, b = self.product, self.b
        once = self.dot and p.m <= self.rows and b.step == p.k
        brief = p.k * p.dtype.itemsize <= BRIEF
        far = p.n * p.k * p.dtype.itemsize > NEAR
        return LEAD // p.dtype.itemsize if once and brief and far else 0

    @property
    def deep(self) -> bool:
        """Whether partial sums go to memory."""
        return self.depth < self.product.k

    @property
    def items(self) -> int:
        """Work items of about equal cost; the number depends on the shapes only."""
        p = self.product
        if not p.batches * p.m * p.n:
            return 0
        return -(-p.batches // self.group) * self.panels[0] * self.panels[1]

    @property
    def joined(self) -> int | None:
        """The side, 0 (down) or 1 (across), along which an item begins where another ends, if any.

        Such items can be computed as one. Across they cannot if B is too large: its panels are made
        to stay in cache.
        """
        p = self.product
        if p.batches != 1 or p.in_bands or self.deep or self.panels == (1, 1):
            return None
        if self.panels[1] == 1:
            return 0
        fits = p.k * p.n * p.dtype.itemsize <= CACHE
        return 1 if self.panels[0] == 1 and fits else None

    @property
    def scratch(self) -> int:
        """Elements of the buffer for partial sums."""
        return self.items * self.room

    @property
    def room(self) -> int:
        """Elements of `scratch` per item: partial sums, and a strip of B."""
        if not self.deep:
            return 0
        strip = self.depth * self.vectors * self.wide if self.copies else 0
        return self.panel[0] * self.panel[1] * self.tile + strip
