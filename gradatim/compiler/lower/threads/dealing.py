"""How the items of a phase come to workers: most beforehand, the last to whoever is free.

    a worker's share [b, e) of a long call      [b, e - t) it does at once: its own rows
                                                the rest, one in four, one by one
    and when its own rest is done               what others have left of theirs

So a core that is slow, or that others use too, holds up nobody for long, while nearly all rows stay
with their workers. Which worker does an item is nowhere to be seen in the result.

Each worker counts what was taken of its rest, in its own line of the team's memory: phases of even
and of odd number have a word each. It clears the one of the phase before, which nobody looks at any
more; in the first phase it clears both, and nothing is left to be taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ....core.placement import LINE
from ..nest.writing import Call
from ..text.emit import I64, PTR, Function, Operand, Value, constant
from .phases import Phase
from .waiting import MAILBOX, TAKEN

Part = tuple[Call, Value, Value]  # a call, and the items from where to where
LONG = 20_000  # nanoseconds of a call of which a rest is left
SHARES = 8  # items of it, at least
ROOM = 1 << 15  # bytes that an item of it works in, at most
REST, MOST, WHOLE = 4, 8, 16  # a quarter of a phase's work, but no more than half of a call's
WORKER, WORKERS, BARRIER = Value("%worker", I64), Value("%workers", I64), Value("%barrier", PTR)


def whole(phase: Phase) -> Iterator[Part]:
    """The calls of a phase with all their items, for one worker."""
    for call in phase.calls:
        yield call, constant(0, I64), constant(call.items, I64)


def dealt(f: Function, phase: Phase, number: int) -> Iterator[Part]:
    """The calls of a phase as they are written for each worker; `number` counts the phases."""
    _clear(f, number)
    if number and any(_is_long(line[0]) for line in phase.lines):
        yield from _with_rest(f, phase, number % 2)
        return
    for i, line in enumerate(phase.lines):
        if line[0].items != 1:
            yield line[0], *_share(f, line[0], WORKER)
            continue
        with f.when(_is_mine(f, phase, i)):
            for call in line:
                yield call, constant(0, I64), constant(1, I64)


def _is_long(call: Call) -> bool:
    """Whether a rest is left of it.

    What is done one by one works in a room of its own each time, where the items of a share have
    one that stays near: so not where that is large.
    """
    return call.items >= SHARES and call.work >= LONG and call.room <= ROOM


def _share(f: Function, call: Call, worker: Value) -> tuple[Value, Value]:
    """A worker's items."""
    begin = f.binary("udiv", f.mul(worker, call.items), WORKERS)
    return begin, f.binary("udiv", f.mul(f.add(worker, 1), call.items), WORKERS)


def _is_mine(f: Function, phase: Phase, i: int) -> Value:
    """Whether a line of calls of one item is this worker's: they go round."""
    before = sum(line[0].items == 1 for line in phase.lines[:i])
    whose = f.binary("urem", constant(before, I64), WORKERS) if before else 0
    return f.compare("eq", WORKER, whose)


def _with_rest(f: Function, phase: Phase, parity: int) -> Iterator[Part]:
    """Every call is written once: for the share, and for an item of somebody's rest.

    The first round is the share (`unit` is -1), each other one unit of the rest of worker `whose`.
    """
    whose, unit = f.allocate(I64, 1), f.allocate(I64, 1)
    f.store(WORKER, whose)
    f.store(constant(-1, I64), unit)
    round_, take, done = f.label(), f.label(), f.label()
    f.line(f"br label %{round_}")
    f.start(round_)
    owner, left = f.load(I64, whose), f.load(I64, unit)
    first = f.compare("slt", left, 0)
    for i, line in enumerate(phase.lines):
        if line[0].items == 1:
            with f.when(f.binary("and", first, _is_mine(f, phase, i))):
                for call in line:
                    yield call, constant(0, I64), constant(1, I64)
            continue
        begin, end = _share(f, line[0], owner)
        rest = _rest(f, phase, line[0], begin, end)
        middle = f.sub(end, rest)
        item = f.add(middle, left)
        some = f.select(first, f.compare("slt", begin, middle), f.compare("ult", left, rest))
        with f.when(some):
            stop = f.select(first, middle, f.add(item, 1))
            yield line[0], f.select(first, begin, item), stop
        left = f.sub(left, rest)
    f.line(f"br label %{take}")
    f.start(take)
    _take(f, phase, (whose, unit), parity, (round_, take, done))
    f.start(done)


def _rest(f: Function, phase: Phase, call: Call, begin: Value, end: Value) -> Operand:
    """How many of a share's items are left for who is free: none if nobody else is there."""
    if not _is_long(call):
        return 0
    several = f.compare("sgt", WORKERS, 1)
    part = f.mul(f.sub(end, begin), _part_left(phase))
    return f.select(several, f.binary("udiv", part, WHOLE), 0)


def _part_left(phase: Phase) -> int:
    """How much of a long call's share is left: it makes up for the calls that leave nothing."""
    shared = [line[0] for line in phase.lines if line[0].items != 1]
    long = sum(call.work for call in shared if _is_long(call))
    return min(MOST, math.ceil(REST * sum(call.work for call in shared) / long))


def _take(
    f: Function,
    phase: Phase,
    state: tuple[Value, Value],
    parity: int,
    labels: tuple[str, str, str],
) -> None:
    """Take a unit of somebody's rest for the next round, or go on to the next one's."""
    (whose, unit), (round_, take, done) = state, labels
    owner = f.load(I64, whose)
    total = constant(0, I64)
    for line in phase.lines:
        if line[0].items != 1:
            total = f.add(total, _rest(f, phase, line[0], *_share(f, line[0], owner)))
    some, following = f.label(), f.label()
    f.line(f"br i1 {f.compare('sgt', total, 0).name}, label %{some}, label %{following}")
    f.start(some)
    count = f.gep("i8", _line(f, owner), TAKEN + 8 * parity)
    taken = f.new(I64, f"atomicrmw add {count.text}, i64 1 monotonic")
    f.store(taken, unit)
    f.line(f"br i1 {f.compare('slt', taken, total).name}, label %{round_}, label %{following}")
    f.start(following)
    after = f.add(owner, 1)
    after = f.select(f.compare("eq", after, WORKERS), 0, after)
    f.store(after, whose)
    f.line(f"br i1 {f.compare('eq', after, WORKER).name}, label %{done}, label %{take}")


def _line(f: Function, worker: Value) -> Value:
    """A worker's line of the team's memory."""
    return f.gep("i8", f.gep("i8", BARRIER, f.mul(worker, LINE)), MAILBOX)


def _clear(f: Function, number: int) -> None:
    """Begin to count anew what is taken of one's rest; alone, there is no team to count in."""
    with f.when(f.compare("sgt", WORKERS, 1)):
        for parity in (0, 1) if not number else (1 - number % 2,):
            count = f.gep("i8", _line(f, WORKER), TAKEN + 8 * parity)
            f.line(f"store atomic i64 0, {count.text} monotonic, align 8")
