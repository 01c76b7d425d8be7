"""Phases: which calls run concurrently. There is a barrier between phases, and none inside one.

    phase 1    product a b        12 items    each worker takes a share of them
               packing of d        1 item     one of the workers does this too
    phase 2    product a d        12 items
               sums, their sum     1 item     two calls that one worker does in turn

A call comes after all writers of what it reads, and after all readers and writers of what it
writes. If these are several phases back it goes into the last phase but one, close to the calls
that wait for it. So nobody waits for a short call that only one worker runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...ir.graph import Var
from ..nest.writing import Call, Memory, State

Line = list[Call]  # calls of one item run in turn by one worker, or one call shared by all


@dataclass(eq=False)
class Phase:
    """Lines of calls that do not depend on each other."""

    lines: list[Line] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """All calls, in the order of a single worker."""
        return [c for line in self.lines for c in line]


@dataclass(frozen=True)
class Place:
    """A line of calls, and the index of its phase."""

    phase: int
    line: Line


def one_by_one(calls: Sequence[Call]) -> list[Phase]:
    """A phase for each call."""
    return [Phase([[c]]) for c in calls]


def side_by_side(calls: Sequence[Call], place_of: Callable[[Var], Var]) -> list[Phase]:
    """The calls of a program in as few phases as their dependencies allow."""
    return _Phases(place_of).of(calls)


class _Phases:
    def __init__(self, place_of: Callable[[Var], Var]) -> None:
        self.place_of = place_of
        self.phases: list[Phase] = []
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
        return self.phases

    def _memory(self, c: Call) -> tuple[list[object], list[object]]:
        """What a call reads and writes; random generators and the status count as memory."""
        states: list[Memory] = [m for m in c.memory if isinstance(m, State)]
        status = [State] if c.refuses else []
        return [*map(self.place_of, c.reads)], [*map(self.place_of, c.writes), *states, *status]

    def _before(self, reads: list[object], writes: list[object]) -> Iterator[Place]:
        """The lines that a call depends on."""
        for m in (*reads, *writes):
            yield from self.writers.get(m, ())
        for m in writes:
            yield from self.readers.get(m, ())

    def _place(self, c: Call, before: list[Place]) -> Place:
        """Where a call goes: at the end of a line it depends on, or in a line of its own."""
        latest = max((p.phase for p in before), default=-1)
        lines = {id(p.line): p for p in before if p.phase == latest}
        oldest = max(0, len(self.phases) - 2)
        if len(lines) == 1 and latest >= oldest:
            (place,) = lines.values()
            if c.items == place.line[0].items == 1:
                return place
        number = max(latest + 1, oldest)
        if number == len(self.phases):
            self.phases.append(Phase())
        self.phases[number].lines.append([])
        return Place(number, self.phases[number].lines[-1])
