"""What comes after a long sum is asked for by its tiles, where nothing has touched it before.

    g = x^T s          each tile asks for some lines ...
    m, v, W = ...      ... of the moments, and of the memory that the gradient is written to

An update reads and writes far memory, and computes little: it would wait for each line. The sum has
time for them. As items of both are dealt alike, a part of the sum asks for the same part of the
update's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from ....core.placement import LINE
from ...ir.graph import Var
from ...ir.nests import Nest, ProductNest, RowNest, leaves, reads, writes
from ..text.emit import I8, Function, Value
from .product import Plan

MOST = 1 << 20  # bytes that are asked for: two workers have half of them each, in a second cache


def coming(
    nests: Sequence[Nest], outside: Collection[Var], place_of: Callable[[Var], Var]
) -> dict[Nest, tuple[Var, ...]]:
    """For each product, what the nest that goes through its result is the first to touch."""
    products: dict[Var, Nest] = {}
    touched: set[Var] = set()
    found: dict[Nest, tuple[Var, ...]] = {}
    for nest in nests:
        if isinstance(nest, ProductNest) and len(nest.stores) == 1:
            products[nest.stores[0].into] = nest
        if isinstance(nest, RowNest) and len(nest.dims) == 1:
            makers = [products[v] for v in reads(nest) if v in products]
            places = dict.fromkeys(map(place_of, _walked(nest)))
            fresh = tuple(v for v in places if v in outside and v not in touched)
            if sum(v.nbytes for v in fresh) <= MOST:
                found.update((maker, fresh) for maker in makers)
        touched.update(place_of(v) for v in (*reads(nest), *writes(nest)))
    return found


def _walked(nest: RowNest) -> Iterator[Var]:
    """What a nest of one row reads or writes from front to back."""
    for a in leaves(nest):
        if a.in_memory and (a.strides, a.offset) == ((1,), 0):
            yield a.var
    for s in nest.stores:
        if (s.strides, s.offset) == ((1,), 0):
            yield s.into


@dataclass(frozen=True)
class Afterwards:
    """Asks for the lines of some memory, a few by each tile of a sum in blocks."""

    f: Function
    plan: Plan
    memory: Sequence[tuple[Value, int]]  # where it begins, and its bytes

    def ask(self, panel: Value, k: Value, number: Value) -> None:
        """The lines of one tile of a panel, by its number in the block that begins at k."""
        f, plan = self.f, self.plan
        panels = plan.product.batches * plan.panels[0] * plan.panels[1]
        tiles = plan.panel[0] * plan.panel[1]
        block = f.binary("udiv", k, plan.depth)
        turn = f.add(f.mul(block, tiles), number)
        for pointer, size in self.memory:
            share = -(-size // (LINE * panels))
            some = -(-share // (tiles * -(-plan.product.k // plan.depth)))
            first = f.add(f.mul(panel, share), f.mul(turn, some))
            place = f.gep(I8, pointer, f.mul(first, LINE))
            for n in range(some):
                f.ask(f.gep(I8, place, n * LINE), near=False)
