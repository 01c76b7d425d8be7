"""Where everything lies: one arena for what lives inside a step, reused as soon as it is free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..ir import Var

ALIGN = 64  # bytes: a cache line, and the widest vector


@dataclass(frozen=True)
class Use:
    """What one call reads and writes, in the order of the program."""

    reads: tuple[Var, ...]
    writes: tuple[Var, ...]


@dataclass(frozen=True)
class Arena:
    """Offsets, in bytes, of what lives inside a step."""

    offsets: dict[Var, int]
    size: int


def plan_memory(uses: Sequence[Use], outside: Iterable[Var]) -> Arena:
    """Place everything but what lies `outside`; two share memory if they never live at once.

    The largest are placed first, each at the lowest place that is free for all of its life.
    """
    lives: dict[Var, list[int]] = {}
    elsewhere = set(outside)
    for i, use in enumerate(uses):
        for v in (*use.reads, *use.writes):
            if v not in elsewhere:
                lives.setdefault(v, [i, i])[1] = i
    offsets: dict[Var, int] = {}
    placed: list[tuple[int, int, int, int]] = []  # first, last, begin, end
    for v in sorted(lives, key=lambda v: -v.nbytes):
        first, last = lives[v]
        size = -(-max(v.nbytes, 1) // ALIGN) * ALIGN
        begin = 0
        rivals = [p for p in placed if p[0] <= last and first <= p[1]]
        for _, _, taken, end in sorted(rivals, key=lambda p: p[2]):
            if begin + size <= taken:
                break
            begin = max(begin, end)
        offsets[v] = begin
        placed.append((first, last, begin, begin + size))
    return Arena(offsets, max((end for *_, end in placed), default=0))
