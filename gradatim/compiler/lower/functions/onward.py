"""What the next matrices of a block nest read and write is asked for while others are worked on.

    q, k, v of a head      16 short pieces each, a row of all heads apart
    of 4 heads             one stretch of memory

A processor sees from few lines of the cache which ones come next, but not in such pieces: it waits
for each. But matrix after matrix a nest goes through most of its memory once, from front to back.
So a matrix asks for its share of the memory, in the order in which it lies: not of that which is
its own, but of what comes after all the matrices whose rows are side by side with its own. What
will be written is asked for as well, for a line is read before a part of it is written. An even
pace matters, as few lines can be on their way at a time: each part asks for some.
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
from ..text.emit import I8, Function, Value

MOST = 1 << 19  # bytes on their way or waiting, which leave room for others in the second cache


@dataclass(frozen=True)
class Onward:
    """What is asked for, in how many portions."""

    lead: int  # matrices
    shares: dict[Var, int]  # bytes of a matrix
    rows: int  # of a matrix
    cut: Cut

    def ask(
        self, f: Function, pointer: Callable[[Var], Value], row: Value, part: int, parts: int
    ) -> None:
        """The portion of one of the parts, in the block that begins at this row of all rows."""
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
                    f.ask(f.gep(I8, start, loop.index), near=False)


def onward(nest: BlockNest, cut: Cut) -> Onward:
    """What a nest goes through from front to back; nothing, if a matrix is large by itself."""
    factors = list(_factors(nest))
    lead = max(_side_by_side(leaf, batch) for leaf, batch in factors)
    walked = [v for v in _walked(nest, factors) if v.nbytes > NEAR]
    shares = {v: v.nbytes // nest.matrices for v in walked}
    few = lead * sum(shares.values()) <= MOST
    return Onward(lead, shares if few else {}, nest.rows, cut)


def _factors(nest: BlockNest) -> Iterator[tuple[Leaf, Shape]]:
    """The factors of all products, each with the shape of the batch."""
    for part in nest.parts:
        if isinstance(part, ProductNest):
            batch = part.equation.output.shape[:-2]
            yield from ((leaf, batch) for leaf in (part.a, part.b))


def _side_by_side(leaf: Leaf, batch: Shape) -> int:
    """How many matrices lie beside each other, row by row."""
    row = max(leaf.strides[-2:])
    return prod(n for n, step in zip(batch, leaf.strides, strict=False) if 0 < step < row)


def _walked(nest: BlockNest, factors: Sequence[tuple[Leaf, Shape]]) -> Iterator[Var]:
    """Memory of which every matrix has a part of its own."""
    given = [*factors]
    for part in nest.parts:
        arguments = [a for n in part.nodes for a in n.arguments]
        given += [(a, part.dims[:-1]) for a in arguments if isinstance(a, Leaf)]
    shared = {leaf.var for leaf, dims in given if _repeats(leaf, dims)}
    return (v for v in dict.fromkeys((*reads(nest), *writes(nest))) if v not in shared)


def _repeats(leaf: Leaf, dims: Shape) -> bool:
    return any(n > 1 and not step for n, step in zip(dims, leaf.strides, strict=False))
