"""Which calls run side by side: workers meet between two phases, and within one nobody waits.

    phase 1    product a b        12 items    each worker takes a part of them
               packing of d        1 item     one of them does this too
    phase 2    product a d        12 items
               sums, their sum     1 item     two calls that one worker does in turn

A call comes after everything that writes what it reads, and after everything that reads or writes
what it writes. Where that was long ago it goes into the last phase but one, as near as can be to
those who wait for it. So nobody waits for a small thing that only one worker has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...ir.graph import Var
from ..nest.writing import Call, Memory, State

Line = list[Call]  # done by one worker, in turn; but if it has items, by all at once


@dataclass(eq=False)
class Phase:
    """Lines of calls of which none waits for another."""

    lines: list[Line] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """All calls, as one worker alone does them."""
        return [c for line in self.lines for c in line]


@dataclass(frozen=True)
class Place:
    """A line of calls, and the number of its phase."""

    phase: int
    line: Line


def one_by_one(calls: Sequence[Call]) -> list[Phase]:
    """A phase for each call."""
    return [Phase([[c]]) for c in calls]


def side_by_side(calls: Sequence[Call], place_of: Callable[[Var], Var]) -> list[Phase]:
    """The calls of a program in as few phases as its order allows."""
    return _Phases(place_of).of(calls)


class _Phases:
    def __init__(self, place_of: Callable[[Var], Var]) -> None:
        self.place_of = place_of
        self.found: list[Phase] = []
        self.readers: dict[object, list[Place]] = {}
        self.writers: dict[object, list[Place]] = {}

    def of(self, calls: Sequence[Call]) -> list[Phase]:
        for c in calls:
            reads, writes = self._memory(c)
            place = self._place(c, [*self._before(reads, writes)])
            place.line.append(c)
            for m in reads:
                self.readers.setdefault(m, []).append(place)
            for m in writes:
                self.writers.setdefault(m, []).append(place)
        return self.found

    def _memory(self, c: Call) -> tuple[list[object], list[object]]:
        """What a call reads, and what it writes: random generators and the status are memory."""
        states: list[Memory] = [m for m in c.memory if isinstance(m, State)]
        status = [State] if c.refuses else []
        return [*map(self.place_of, c.reads)], [*map(self.place_of, c.writes), *states, *status]

    def _before(self, reads: list[object], writes: list[object]) -> Iterator[Place]:
        """The lines that have to come first."""
        for m in (*reads, *writes):
            yield from self.writers.get(m, ())
        for m in writes:
            yield from self.readers.get(m, ())

    def _place(self, c: Call, before: list[Place]) -> Place:
        """Where a call goes: behind a line that it waits for, or in a line of its own."""
        latest = max((p.phase for p in before), default=-1)
        lines = {id(p.line): p for p in before if p.phase == latest}
        oldest = max(0, len(self.found) - 2)
        if len(lines) == 1 and latest >= oldest:
            (place,) = lines.values()
            if c.items == place.line[0].items == 1:
                return place
        number = max(latest + 1, oldest)
        if number == len(self.found):
            self.found.append(Phase())
        self.found[number].lines.append([])
        return Place(number, self.found[number].lines[-1])
