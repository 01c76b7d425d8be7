"""Where everything lies: one arena for what lives inside a step, reused as soon as it is free.

    worker 0 | worker 1            of a large buffer: each worker has written half of the lines
       worker 0 | worker 1         of a smaller one there: its middle lies on the other's middle

Where several workers share a step, a line of the cache that another worker has written has to be
taken from its core, though nobody wants what is in it any more. So memory is used again by the
worker who had it, as far as this can be: a nest's items go through its results from front to back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..ir import Var

ALIGN = 64  # bytes: a cache line, and the widest vector
LARGE = 1 << 15  # bytes: what is smaller stays near wherever it lies
MANY = 300  # such buffers; to weigh the places of all takes time by the cube of their number


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


Span = tuple[int, int]  # where memory begins and ends


def plan_memory(uses: Sequence[Use], outside: Iterable[Var], *, shared: bool = False) -> Arena:
    """Place everything but what lies `outside`; two share memory if they never live at once.

    The largest are placed first, each at the lowest place that is free for all of its life; but if
    workers share the calls, and there are not too many, at the place where the least of it was
    another worker's.
    """
    offsets: dict[Var, int] = {}
    placed: list[tuple[int, int, Span]] = []  # first and last call, and where
    top = 0
    lives = _lives(uses, set(outside))
    weighed = shared and sum(v.nbytes >= LARGE for v in lives) <= MANY
    for v in sorted(lives, key=lambda v: -v.nbytes):
        first, last = lives[v]
        size = -(-max(v.nbytes, 1) // ALIGN) * ALIGN
        rivals = {span for begin, end, span in placed if begin <= last and first <= end}
        begin = _lowest(size, rivals)
        top = max(top, begin + size)
        if weighed and size >= LARGE:
            others = Counter(span for begin, end, span in placed if begin > last or first > end)
            places = {begin, *(end for _, end in rivals), *_centred(size, others)}
            free = _free(places, size, top, rivals)
            begin = min(free, key=lambda place: (_crossing(place, size, others), place))
        offsets[v] = begin
        placed.append((first, last, (begin, begin + size)))
    return Arena(offsets, top)


def _lives(uses: Sequence[Use], elsewhere: set[Var]) -> dict[Var, list[int]]:
    """The first and the last call that each variable is in."""
    lives: dict[Var, list[int]] = {}
    for i, use in enumerate(uses):
        for v in (*use.reads, *use.writes):
            if v not in elsewhere:
                lives.setdefault(v, [i, i])[1] = i
    return lives


def _lowest(size: int, rivals: Collection[Span]) -> int:
    """The lowest place between and behind those that live at the same time."""
    place = 0
    for begin, end in sorted(rivals):
        if place + size <= begin:
            break
        place = max(place, end)
    return place


def _centred(size: int, others: Iterable[Span]) -> Iterator[int]:
    """The places in the middle of what lies there at other times."""
    return ((begin + end - size) // 2 // ALIGN * ALIGN for begin, end in others)


def _free(places: set[int], size: int, top: int, rivals: Collection[Span]) -> Iterator[int]:
    """Those of the places below `top` where nobody else lives."""
    for p in places:
        fits = 0 <= p <= top - size
        if fits and all(p + size <= begin or end <= p for begin, end in rivals):
            yield p


def _crossing(place: int, size: int, others: Mapping[Span, int]) -> int:
    """The bytes that one of two workers has here and the other one there, each in its half."""
    stop, middle = place + size, place + size // 2
    total = 0
    for (begin, end), times in others.items():
        if begin < stop and place < end:
            half = (begin + end) // 2
            first = max(0, min(half, stop) - max(begin, middle))
            total += times * (first + max(0, min(end, middle) - max(half, place)))
    return total
