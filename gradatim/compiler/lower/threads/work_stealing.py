"""Assigning a phase's items to workers: most of them statically, the last ones by work stealing.

    a worker's share [b, e) of a long call      [b, e - t) in one go: its own rows
                                                the rest, one in four, one by one
    and when its own rest is done               items left in the rests of others

So a core that is slow, or shared with other programs, delays nobody for long, while nearly all rows
stay with their workers. The result does not depend on which worker computes an item.

Each worker has a counter of the items taken from its rest, in its own line of the team's memory:
one word for even phases and one for odd ones. In each phase it clears the word of the phase before,
which is no longer read; in the first phase it clears both, and nothing can be stolen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..nest.writing import Call
from ..text.emit import Function
from ..text.types import I64, PTR, Operand, Value, constant
from .phases import Phase
from .waiting import LINE, MAILBOX, TAKEN

Part = tuple[Call, Value, Value]  # a call, and the begin and end of its items
LONG = 20_000  # nanoseconds of a call from which it has a rest
SHARES = 8  # items it must have
ROOM = 1 << 15  # bytes of scratch memory per item that it may have
REST, MOST, WHOLE = 4, 8, 16  # sixteenths: a phase's rest, the most of a call's, and all
WORKER, WORKERS, BARRIER = Value("%worker", I64), Value("%workers", I64), Value("%barrier", PTR)


def whole(phase: Phase) -> Iterator[Part]:
    """The calls of a phase with all their items, for one worker."""
    for call in phase.calls:
        yield call, constant(0, I64), constant(call.items, I64)


def dealt(f: Function, phase: Phase, number: int) -> Iterator[Part]:
    """The calls of a phase, as each worker runs them; `number` is the index of the phase."""
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
    """Whether a call has a rest.

    Each item taken from a rest uses its own scratch memory, while the items of a share reuse one
    that stays in cache: so there is no rest where that memory is large.
    """
    return call.items >= SHARES and call.work >= LONG and call.room <= ROOM


def _share(f: Function, call: Call, worker: Value) -> tuple[Value, Value]:
    """The range of a worker's items."""
    begin = f.binary("udiv", f.mul(worker, call.items), WORKERS)
    return begin, f.binary("udiv", f.mul(f.add(worker, 1), call.items), WORKERS)


def _is_mine(f: Function, phase: Phase, i: int) -> Value:
    """Whether this worker runs a line of one-item calls: they are assigned round-robin."""
    before = sum(line[0].items == 1 for line in phase.lines[:i])
    whose = f.binary("urem", constant(before, I64), WORKERS) if before else 0
    return f.compare("eq", WORKER, whose)


def _with_rest(f: Function, phase: Phase, parity: int) -> Iterator[Part]:
    """Each call is written once, and run for the share and for single items of rests.

    The first round is the share (`unit` is -1), each later one an item of the rest of `whose`.
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
    """How many items of a share are its rest: 0 if there is one worker only."""
    if not _is_long(call):
        return 0
    several = f.compare("sgt", WORKERS, 1)
    part = f.mul(f.sub(end, begin), _part_left(phase))
    return f.select(several, f.binary("udiv", part, WHOLE), 0)


def _part_left(phase: Phase) -> int:
    """The rest of a long call's share, in sixteenths; larger if other calls have none."""
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
    """Take an item of the current rest for the next round, or go on to the next worker's."""
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
    """Reset this worker's counters; one worker alone has no team memory."""
    with f.when(f.compare("sgt", WORKERS, 1)):
        for parity in (0, 1) if not number else (1 - number % 2,):
            count = f.gep("i8", _line(f, WORKER), TAKEN + 8 * parity)
            f.line(f"store atomic i64 0, {count.text} monotonic, align 8")
