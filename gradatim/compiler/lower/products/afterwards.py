"""The tiles of a long sum prefetch what the nest after it will touch for the first time.

    g = x^T s          each tile prefetches some lines ...
    m, v, W = ...      ... of the moments, and of the memory that the gradient is written to

An update streams through memory that is not in cache and computes little: it is latency-bound. The
sum before it is compute-bound and can hide the latency. Items of both are assigned to workers the
same way, so each part of the sum prefetches the corresponding part of the update's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from ....core.placement import LINE
from ...ir.graph import Var
from ...ir.nests import Nest, ProductNest, RowNest, leaves, reads, writes
from ..text.emit import Function
from ..text.types import I8, Value
from .product import Plan

MOST = 1 << 20  # bytes prefetched at most: each of two workers keeps half of them in its L2


def coming(
    nests: Sequence[Nest], outside: Collection[Var], place_of: Callable[[Var], Var]
) -> dict[Nest, tuple[Var, ...]]:
    """For each product, the memory that the nest consuming its result is the first to touch."""
    products: dict[Var, Nest] = {}
    touched: set[Var] = set()
    fetched: dict[Nest, tuple[Var, ...]] = {}
    for nest in nests:
        if isinstance(nest, ProductNest) and len(nest.stores) == 1:
            products[nest.stores[0].into] = nest
        if isinstance(nest, RowNest) and len(nest.dims) == 1:
            makers = [products[v] for v in reads(nest) if v in products]
            places = dict.fromkeys(map(place_of, _walked(nest)))
            fresh = tuple(v for v in places if v in outside and v not in touched)
            if sum(v.nbytes for v in fresh) <= MOST:
                fetched.update((maker, fresh) for maker in makers)
        touched.update(place_of(v) for v in (*reads(nest), *writes(nest)))
    return fetched


def _walked(nest: RowNest) -> Iterator[Var]:
    """The variables that a nest of one row reads or writes from front to back."""
    for a in leaves(nest):
        if a.in_memory and (a.strides, a.offset) == ((1,), 0):
            yield a.var
    for s in nest.stores:
        if (s.strides, s.offset) == ((1,), 0):
            yield s.into


@dataclass(frozen=True)
class Afterwards:
    """Prefetches some memory, a few lines per tile of a blocked sum."""

    f: Function
    plan: Plan
    memory: Sequence[tuple[Value, int]]  # addresses and sizes in bytes

    def prefetch(self, panel: Value, k: Value, number: Value) -> None:
        """Prefetch the lines of tile `number` of a panel, in the block that begins at k."""
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
                f.prefetch(f.gep(I8, place, n * LINE), near=False)
