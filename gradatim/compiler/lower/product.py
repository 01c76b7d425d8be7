"""The records of a matrix product: what is asked for, how it is cut, what is packed before."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .emit import DOUBLE, FLOAT, I8, I32, I64
from .target import NEAR

BRIEF = 1 << 10  # bytes of a column of B that is over before a processor has seen where it leads
LEAD = 1 << 13  # bytes by which B is asked for ahead then
MANY = 8  # tiles below one another that share the asking for a block of B
LLVM = {"float32": FLOAT, "float64": DOUBLE, "int64": I64, "int32": I32, "uint8": I8, "bool": I8}


@dataclass(frozen=True)
class Product:
    """C[batch, m, n] = sum over k of A[batch, m, k] B[batch, k, n], with where A and B lie.

    Strides are in elements, one for each batch dimension, then for m and k (A) or k and n (B);
    they may be anything: 0 where an operand is broadcast, negative where it is flipped.
    """

    batch: tuple[int, ...]
    m: int
    n: int
    k: int
    dtype: np.dtype
    a_strides: tuple[int, ...]
    b_strides: tuple[int, ...]
    aligned: bool = False  # whether B begins with a line: memory from outside need not
    near: bool = False  # whether the operands are in the nearest caches, and packing is no use
    in_bands: bool = False  # whether an item has all columns of its rows, one band after the other

    @property
    def batches(self) -> int:
        """How many matrices the result has."""
        return prod(self.batch)

    def swapped(self) -> Product:
        """The transposed result: B^T A^T."""
        a, b = self.a_strides, self.b_strides
        return Product(
            self.batch,
            self.n,
            self.m,
            self.k,
            self.dtype,
            (*b[:-2], b[-1], b[-2]),
            (*a[:-2], a[-1], a[-2]),
            near=self.near,
        )

    def collapsed(self) -> Product:
        """The same rows in the same order, with as few batch dimensions as will do.

        Matrices that share B, and whose rows go on from one to the next, are one long matrix.
        """
        dims: list[tuple[int, int, int]] = []
        batch = zip(self.batch, self.a_strides[:-2], self.b_strides[:-2], strict=True)
        for size, a, b in [*batch, (self.m, self.a_strides[-2], 0)]:
            if dims and size == 1 and not b and not dims[-1][2]:
                continue  # what there is one of has no stride to go by
            if dims and (dims[-1][0] == 1 or dims[-1][1:] == (a * size, b * size)):
                size *= dims.pop()[0]
            dims.append((size, a, b))
        *outer, rows = dims
        return Product(
            tuple(d[0] for d in outer),
            rows[0],
            self.n,
            self.k,
            self.dtype,
            (*(d[1] for d in outer), rows[1], self.a_strides[-1]),
            (*(d[2] for d in outer), *self.b_strides[-2:]),
            self.aligned,
            self.near,
            self.in_bands,
        )


@dataclass(frozen=True)
class Side:
    """How a kernel walks through an operand: A by rows, B by columns."""

    batch: tuple[int, ...]  # from matrix to matrix, one stride for each batch dimension
    step: int  # from row to row, or from column to column, inside a tile
    block: int  # from tile to tile
    stride: int  # from k to k
    packed: bool = False  # in strips as wide as the tile: that width is the stride

    def k(self, size: int) -> int:
        """From k to k, in a tile of this many columns."""
        return size if self.packed else self.stride


@dataclass(frozen=True)
class Pack:
    """A nest that copies an operand into strips: [batch][strip][k][place in the strip]."""

    operand: str  # "a" or "b": what `write_pack` is to be given
    batch: tuple[int, ...]  # only the dimensions along which the operand is not broadcast
    batch_strides: tuple[int, ...]
    extent: int  # how many columns (of A: rows) there are
    stride: int  # and how far apart they lie
    k: int
    k_stride: int
    width: int  # columns of a strip; the last one has what is left, in whole vectors
    wide: int  # of a vector
    depth: int  # how many k an item copies
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
    """All that is decided about a product before its code is written.

    Where it is `turned`, the kernel computes the transposed result, and everything here but
    `lanes` (and the packs) is said of that.
    """

    product: Product
    a: Side
    b: Side
    lanes: int  # the width of what the epilogue is given: a scalar's is 1
    wide: int  # the width of the accumulators
    whole: int  # the width of the machine's vectors
    rows: int  # of a tile
    vectors: int  # in a row of a tile
    depth: int  # how many k are summed in registers before the sum goes to memory
    panel: tuple[int, int]  # tiles of an item, at most: rows of them, columns of them
    panels: tuple[int, int]  # items of one matrix
    group: int  # matrices of one item
    dot: bool = False
    turned: bool = False
    packs: tuple[Pack, ...] = ()

    @property
    def result_rows(self) -> int:
        """Rows of one matrix of the result; matrices whose rows go on are one."""
        return self.product.n if self.turned else self.product.m

    @property
    def tile(self) -> int:
        """Elements of one tile."""
        return self.rows * self.vectors * self.wide

    @property
    def share(self) -> int:
        """Elements of the next rows of A that a tile asks for at each k: 0 if they are near anyway.

        A row of tiles reads so little of A at a time that the processor does not see far ahead.
        """
        p, a = self.product, self.a
        side_by_side = a.stride == 1 and a.step == p.k
        if not side_by_side or self.deep or self.dot or p.m * p.k * p.dtype.itemsize <= NEAR:
            return 0
        return -(-self.rows // self.panel[1])

    @property
    def rows_ahead(self) -> int:
        """How many rows of the next block of B a tile asks for; 0 rather than too many."""
        if not self.deep or self.b.packed or self.b.step != 1 or self.panel[0] < MANY:
            return 0
        return -(-self.depth // self.panel[0])

    @property
    def lead(self) -> int:
        """How many elements ahead a dot product asks for B, if its columns are brief; or 0.

        They must lie one after the other, and be read only once.
        """
        p, b = self.product, self.b
        once = self.dot and p.m <= self.rows and b.step == p.k
        brief = p.k * p.dtype.itemsize <= BRIEF
        far = p.n * p.k * p.dtype.itemsize > NEAR
        return LEAD // p.dtype.itemsize if once and brief and far else 0

    @property
    def deep(self) -> bool:
        """Whether sums go to memory before they are complete."""
        return self.depth < self.product.k

    @property
    def items(self) -> int:
        """Work items, of about equal work: a function of the shapes only."""
        p = self.product
        if not p.batches * p.m * p.n:
            return 0
        return -(-p.batches // self.group) * self.panels[0] * self.panels[1]

    @property
    def scratch(self) -> int:
        """Elements of the buffer for sums that are not complete."""
        return self.items * self.panel[0] * self.panel[1] * self.tile if self.deep else 0
