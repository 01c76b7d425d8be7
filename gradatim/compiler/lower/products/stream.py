"""Reading from afar what long sums need: each block of k once, in order, while there is work.

    for block of k:                            of A and of B
        for strip of B's columns:              copied by its first tile, for those below
            for tile:                          asks for some lines of the next block

Inside a step the operands of a long sum were written long ago, and come from the third cache: some
30 nanoseconds of waiting a line, where each tile walks through them in its own way. Asked for as
they follow each other, the lines are there in time. A block's rows lie kilobytes apart, so that few
of them can stay in the first cache; copied side by side they all do.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..text.emit import Function, Value
from .pack import quotient
from .product import Plan


@dataclass(frozen=True)
class Stream:
    """What a tile does for the tiles after it."""

    coming: tuple[Value, Value]  # where the next block of A begins, and of B
    number: Value  # of the tile, among those that share the asking for them
    strip: Value | None = None  # the place for a copy of a strip of this block of B
    copies: Value | None = None  # whether this tile writes it, or reads it


def ask(f: Function, base: str, plan: Plan, stream: Stream, turn: Value) -> None:
    """Ask for the lines of the next block that are this tile's, in one of its stretches.

    One place is computed for several lines: arithmetic takes the ports of multiply-adds.
    """
    number = f.add(f.mul(stream.number, plan.turns), turn)
    for run, block in zip(plan.runs, stream.coming, strict=True):
        piece, part = (0, number) if run.pieces == 1 else quotient(f, number, run.times)
        first = f.add(f.mul(piece, run.stride), f.mul(part, run.some * run.line))
        place = f.gep(base, block, first)
        for n in range(run.some):
            f.ask(f.gep(base, place, n * run.line), near=False)
