"""Prefetching for long sums: each block of k is fetched once, in order, during the one before.

    for block of k:                            of A and of B
        for strip of B's columns:              copied by its first tile, for those below
            for tile:                          prefetches some lines of the next block

In a training step the operands of a long sum were written long ago and are in L3: some 30 ns of
latency per line, as tiles walk through them with large strides. Prefetched in address order the
lines arrive in time. A block's rows lie kilobytes apart and so map to few sets of L1, which cannot
hold them; copied to a contiguous strip they all fit.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..text.emit import Function
from ..text.types import Value
from .pack import quotient
from .product import Plan


@dataclass(frozen=True)
class Stream:
    """What a tile does for later tiles."""

    coming: tuple[Value, Value]  # addresses of the next block of A and of B
    number: Value  # of the tile, among those that share the prefetches
    strip: Value | None = None  # where a strip of this block of B is copied to
    copies: Value | None = None  # whether this tile writes the copy; else it reads it


def prefetch(f: Function, base: str, plan: Plan, stream: Stream, turn: Value) -> None:
    """Prefetch this tile's lines of the next block, in round `turn`.

    One address is computed for several lines: address arithmetic competes with multiply-adds for
    execution ports.
    """
    number = f.add(f.mul(stream.number, plan.turns), turn)
    for run, block in zip(plan.runs, stream.coming, strict=True):
        piece, part = (0, number) if run.pieces == 1 else quotient(f, number, run.times)
        first = f.add(f.mul(piece, run.stride), f.mul(part, run.some * run.line))
        place = f.gep(base, block, first)
        for n in range(run.some):
            f.prefetch(f.gep(base, place, n * run.line), near=False)
