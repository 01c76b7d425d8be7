"""Prefetching, in a block nest, of what later matrices read and write.

    q, k, v of one head    16 short pieces each, a row of all heads apart
    of 4 heads             one contiguous stretch of memory

The hardware prefetcher does not follow such short pieces: every one of them would miss. But matrix
by matrix, a nest goes through most of its memory once, from front to back. So each matrix
prefetches its share of that memory in address order: not the pieces it will use itself, but a
stretch `lead` matrices ahead, where `lead` counts the matrices whose rows are interleaved with its
own. Outputs are prefetched too, as a partial write of a line reads it first. Few misses can be in
flight at a time, so the prefetches are spread evenly: each part issues some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from ....core.placement import LINE
from ...ir.graph import Var
from ...ir.nests import BlockNest, Leaf, ProductNest, reads, writes
from ...ir.strided import Shape
from ...machine.target import NEAR
from ...schedule.grain import Cut
from ..products.pack import quotient
from ..text.emit import Function
from ..text.types import I8, Value

MOST = 1 << 19  # bytes prefetched and not yet used, at most: they must leave room in L2


@dataclass(frozen=True)
class BlockPrefetch:
    """What a block nest prefetches: `shares` bytes of each variable per matrix, `lead` ahead."""

    lead: int  # matrices
    shares: dict[Var, int]  # bytes of a matrix
    rows: int  # of a matrix
    cut: Cut

    def prefetch(
        self, f: Function, pointer: Callable[[Var], Value], row: Value, part: int, parts: int
    ) -> None:
        """Prefetch one part's portion, in the block that begins at this row of all rows."""
        matrix, inner = quotient(f, row, self.rows)
        block, _ = quotient(f, inner, self.cut.rows)
        later = f.add(matrix, self.lead)
        for v, share in self.shares.items():
            lines = -(-share // (LINE * self.cut.blocks))
            first, last = lines * part // parts, lines * (part + 1) // parts
            if first < last:
                place = f.add(f.mul(later, share), f.mul(block, lines * LINE))
                start = f.gep(I8, pointer(v), place)
                with f.loop(first * LINE, last * LINE, LINE) as loop:
                    f.prefetch(f.gep(I8, start, loop.index), near=False)


def planned(nest: BlockNest, cut: Cut) -> BlockPrefetch:
    """The prefetches of a nest; none if they would take too much of L2."""
    factors = list(_factors(nest))
    lead = max(_side_by_side(leaf, batch) for leaf, batch in factors)
    walked = [v for v in _walked(nest, factors) if v.nbytes > NEAR]
    shares = {v: v.nbytes // nest.matrices for v in walked}
    few = lead * sum(shares.values()) <= MOST
    return BlockPrefetch(lead, shares if few else {}, nest.rows, cut)


def _factors(nest: BlockNest) -> Iterator[tuple[Leaf, Shape]]:
    """The factors of all products, each with its batch shape."""
    for part in nest.parts:
        if isinstance(part, ProductNest):
            batch = part.equation.output.shape[:-2]
            yield from ((leaf, batch) for leaf in (part.a, part.b))


def _side_by_side(leaf: Leaf, batch: Shape) -> int:
    """How many matrices are interleaved row by row."""
    row = max(leaf.strides[-2:])
    return prod(n for n, step in zip(batch, leaf.strides, strict=False) if 0 < step < row)


def _walked(nest: BlockNest, factors: Sequence[tuple[Leaf, Shape]]) -> Iterator[Var]:
    """Variables of which every matrix uses a part of its own."""
    given = [*factors]
    for part in nest.parts:
        arguments = [a for n in part.nodes for a in n.arguments]
        given += [(a, part.dims[:-1]) for a in arguments if isinstance(a, Leaf)]
    shared = {leaf.var for leaf, dims in given if _repeats(leaf, dims)}
    return (v for v in dict.fromkeys((*reads(nest), *writes(nest))) if v not in shared)


def _repeats(leaf: Leaf, dims: Shape) -> bool:
    return any(n > 1 and not step for n, step in zip(dims, leaf.strides, strict=False))
