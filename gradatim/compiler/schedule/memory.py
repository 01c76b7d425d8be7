"""Memory planning: one arena for variables that live inside a step, reused as soon as possible.

    worker 0 | worker 1            a large buffer: each worker has written half of its lines
       worker 0 | worker 1         a smaller one later: its middle is placed on the other's middle

If several workers share a step, a cache line that another worker has written must be fetched from
its core, even if its content is dead. So memory is reused by the worker that had it, as far as
possible: a nest's items go through its results from front to back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.graph import Var

ALIGN = 64  # bytes: a cache line, and the widest vector
LARGE = 1 << 15  # bytes; smaller buffers stay in L1 or L2 wherever they lie


@dataclass(frozen=True)
class Use:
    """What one call reads and writes."""

    reads: tuple[Var, ...]
    writes: tuple[Var, ...]


@dataclass(frozen=True)
class Arena:
    """Offsets, in bytes, of variables that live inside a step."""

    offsets: dict[Var, int]
    size: int


Places = np.ndarray[Any, np.dtype[np.int64]]


def plan_memory(uses: Sequence[Use], outside: Iterable[Var], *, shared: bool = False) -> Arena:
    """Place all variables but those `outside`; disjoint lifetimes may share memory.

    The largest are placed first, each at the lowest place that is free for its lifetime; if workers
    share the calls, at the free place that takes the fewest bytes from the other worker.
    """
    lives = _lives(uses, set(outside))
    order = sorted(lives, key=lambda v: -v.nbytes)
    first, last = np.array([lives[v] for v in order], np.int64).reshape(-1, 2).T
    begin, end = np.zeros((2, len(order)), np.int64)
    for i, v in enumerate(order):
        size = -(-max(v.nbytes, 1) // ALIGN) * ALIGN
        at_once = (first[:i] <= last[i]) & (first[i] <= last[:i])
        rivals = Spans(begin[:i][at_once], end[:i][at_once])
        begin[i] = rivals.lowest(size)
        if shared and size >= LARGE:
            others = Spans(begin[:i][~at_once], end[:i][~at_once])
            top = max(end.max(), begin[i] + size)
            places = np.unique(_joined(begin[i : i + 1], rivals.end, others.centred(size)))
            places = places[rivals.has_room(places, size) & (places <= top - size)]
            begin[i] = places[others.crossing(places, size).argmin()]
        end[i] = begin[i] + size
    return Arena(dict(zip(order, begin.tolist(), strict=True)), int(end.max(initial=0)))


def _lives(uses: Sequence[Use], elsewhere: set[Var]) -> dict[Var, list[int]]:
    """The first and the last use of each variable."""
    lives: dict[Var, list[int]] = {}
    for i, use in enumerate(uses):
        for v in (*use.reads, *use.writes):
            if v not in elsewhere:
                lives.setdefault(v, [i, i])[1] = i
    return lives


@dataclass(frozen=True)
class Spans:
    """Pieces of memory: their begins and ends, in bytes.

    Questions about many places at once are piecewise linear functions of the place, with knots at
    begins, middles and ends. So they are answered by one cumulative sum of slopes.
    """

    begin: Places
    end: Places

    def lowest(self, size: int) -> int:
        """The lowest place with `size` bytes free before, between or behind them."""
        order = self.begin.argsort()
        before = np.maximum.accumulate(_joined((0,), self.end[order]))
        room = _joined(self.begin[order], (1 << 62,)) - before
        return int(before[(room >= size).argmax()])

    def has_room(self, places: Places, size: int) -> Any:
        """Which places, none below 0, have `size` bytes free."""
        begun = np.searchsorted(np.sort(self.begin), places + size)  # before the end
        ended = np.searchsorted(np.sort(self.end), places, side="right")
        return (places >= 0) & (begun == ended)

    def centred(self, size: int) -> Places:
        """The places where something of this size would have its middle on theirs."""
        return (self.begin + self.end - size) // 2 // ALIGN * ALIGN

    def crossing(self, places: Places, size: int) -> Any:
        """Bytes, for each place, whose worker changes: each worker has one half of a buffer."""
        half, middle, stop = (self.begin + self.end) // 2, places + size // 2, places + size
        seconds = Spans(half, self.end).below(_joined(places, middle))
        firsts = Spans(self.begin, half).below(_joined(middle, stop))
        n = len(places)
        return seconds[n:] - seconds[:n] + firsts[n:] - firsts[:n]

    def below(self, places: Places) -> Any:
        """How many of their bytes lie below each place."""
        if not len(self.begin):
            return np.zeros(len(places))
        knots = _joined(self.begin, self.end)
        order = knots.argsort()
        knots = knots[order]
        covering = np.repeat((1, -1), len(self.begin))[order].cumsum()
        total = _joined((0,), (covering[:-1] * (knots[1:] - knots[:-1])).cumsum())
        return np.interp(places, knots, total)


def _joined(*parts: Any) -> Places:
    return np.concatenate(parts)
