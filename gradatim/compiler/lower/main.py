"""The functions that run a program: its nests in order, and the loop over steps.

    step_k(table, worker, workers, barrier)     one stretch of nests
    brief(table, worker, workers, barrier)      the same without what the next step replaces
    run(table, worker, workers, barrier)        the whole program, as often as the control says

The table holds addresses: first the control's, then the arena's, then those of all memory from
outside. Several workers each take a share of a nest's items, and meet between phases (`phases.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir import Var
from ..schedule.memory import Arena
from .dealing import dealt, whole
from .emit import I64, PTR, Function, Value, constant
from .phases import Phase
from .scopes import in_memory
from .target import Target
from .waiting import BARRIER, barrier_text
from .writing import Call, Lowering, Memory

# The words of the control. The status is followed by a word for each refusal.
STEPS, DONE, STOP, CLOCKS, CHECK, WHOLE, STATUS, WORDS = 0, 1, 2, 3, 4, 5, 7, 8
NOT_FINITE = 1  # why the loop stopped
SHARED = "ptr %table, i64 %worker, i64 %workers, ptr %barrier"


@dataclass(frozen=True)
class Layout:
    """Which slot of the table holds the address of what."""

    slots: dict[Memory, int]
    arena: Arena

    @property
    def size(self) -> int:
        """How many slots there are before those of the stacks."""
        return 2 + len(self.slots)


@dataclass(frozen=True)
class Stack:
    """A result of one number, of which every step's is kept."""

    var: Var
    slot: int


def write_step(
    lowering: Lowering, name: str, phases: Sequence[Phase], layout: Layout, *, shared: bool
) -> None:
    """The function of one stretch; `shared` if several workers may run it.

    It ends as soon as a number was refused, so that no parameter is updated by what came of it. All
    workers have to see that alike: they look after a meeting, before a phase that refuses nothing.
    """
    f = Function(lowering.module, name, [SHARED], "void", plain=True)
    table = Value("%table", PTR)
    status = f.gep(I64, f.load(PTR, table, 8), STATUS)
    arena = f.load(PTR, f.gep(PTR, table, 1), 8)

    def run(call: Call, begin: Value, end: Value) -> None:
        # Loaded again for each call: hundreds of addresses at once would only be put on the stack,
        # and LLVM would take long to see it.
        places = {m: _place(f, table, arena, layout, m) for m in call.memory}
        _call(f, call, status, places, begin, end)

    leave, is_open = f.label(), False  # whether something may have been refused since the last look
    for i, phase in enumerate(phases):
        if i and shared:
            _meet(f, lowering.target)
        refuses = any(call.refuses for call in phase.calls)
        if is_open and not (shared and refuses):
            _leave_if_refused(f, status, leave)
            is_open = False
        is_open |= refuses
        for call, begin, end in dealt(f, phase, i) if shared else whole(phase):
            run(call, begin, end)
    f.line(f"br label %{leave}")
    f.start(leave)
    f.end()


def _leave_if_refused(f: Function, status: Value, leave: str) -> None:
    on = f.label()
    refused = f.compare("ne", f.load(I64, status, 8), 0)
    f.line(f"br i1 {refused.name}, label %{leave}, label %{on}")
    f.start(on)


def write_timed(
    lowering: Lowering, name: str, calls: Sequence[Call], layout: Layout, first: int
) -> None:
    """A stretch on one worker that adds up, per call, the ticks of the processor's clock.

    The control's word CLOCKS is the address of the sums; that of the first call is number `first`.
    """
    f = Function(lowering.module, name, [SHARED], "void", plain=True)
    table = Value("%table", PTR)
    control = f.load(PTR, table, 8)
    status = f.gep(I64, control, STATUS)
    arena = f.load(PTR, f.gep(PTR, table, 1), 8)
    clocks = f.load(PTR, f.gep(PTR, control, CLOCKS), 8)
    for i, call in enumerate(calls):
        places = {m: _place(f, table, arena, layout, m) for m in call.memory}
        before = clock(f, lowering.target)
        _call(f, call, status, places, constant(0, I64), constant(call.items, I64))
        ticks = f.sub(clock(f, lowering.target), before)
        sum_ = f.gep(I64, clocks, first + i)
        f.store(f.add(f.load(I64, sum_, 8), ticks), sum_, 8)
    f.end()


def clock(f: Function, target: Target) -> Value:
    """The ticks of a clock that goes on evenly; ARM's count of cycles is not ours to read."""
    name = "llvm.readsteadycounter" if target.is_arm else "llvm.readcyclecounter"
    return f.intrinsic(name, I64, kinds=[])


def _place(f: Function, table: Value, arena: Value, layout: Layout, m: Memory) -> Value:
    """The address of some memory."""
    slot = layout.slots.get(m)
    if slot is not None:
        return f.load(PTR, f.gep(PTR, table, slot), 8)
    assert isinstance(m, Var)
    return f.gep("i8", arena, layout.arena.offsets[m])


def _call(
    f: Function, call: Call, status: Value, places: dict[Memory, Value], begin: Value, end: Value
) -> None:
    told = [constant(n, I64) for n in call.numbers]
    f.call(call.function, "void", status, *(places[m] for m in call.memory), begin, end, *told)


def _meet(f: Function, target: Target) -> None:
    f.module.include(BARRIER, barrier_text(target).strip())
    f.call(BARRIER, "void", Value("%barrier", PTR), Value("%workers", I64))


def write_run(
    lowering: Lowering,
    layout: Layout,
    stacks: Sequence[Stack],
    advances: int,
    *,
    shared: bool,
    has_brief: bool = False,
) -> None:
    """The loop over steps, of a program that is one stretch.

    If it `has_brief` steps, all but the last are such, unless the control wants each WHOLE.

    After each step its numbers are put on their stacks, whose addresses move on in the table; so do
    those of the inputs of which every step gets a part: slot and bytes of at most `advances` such
    follow the control's words and those of the refusals, those that there are first.
    """
    f = Function(lowering.module, "run", [SHARED], "void", plain=True)
    table = Value("%table", PTR)
    control = f.load(PTR, table, 8)
    first = WORDS + len(lowering.refusals)
    total = f.load(I64, f.gep(I64, control, STEPS), 8)
    head, after, done = f.label(), f.label(), f.label()
    before = f.block
    f.line(f"br label %{head}")
    f.start(head)
    step = Value("%step", I64)
    f.lines.append(f"  %step = phi i64 [0, %{before}], [%next, %{after}]")
    if has_brief:
        last = f.compare("sge", f.add(step, 1), total)
        wanted = f.compare("ne", f.load(I64, f.gep(I64, control, WHOLE), 8), 0)
        whole = f.binary("or", last, wanted)
        for name, when in ("step_0", whole), ("brief", f.binary("xor", whole, True)):
            with f.when(when):
                f.call(name, "void", *(Value(*p) for p in _shared()))
    else:
        f.call("step_0", "void", *(Value(*p) for p in _shared()))
    if shared:
        _meet(f, lowering.target)
        with f.when(f.compare("eq", Value("%worker", I64), 0)):
            _after_step(f, table, control, layout, stacks, advances, first, step)
        _meet(f, lowering.target)
    else:
        _after_step(f, table, control, layout, stacks, advances, first, step)
    f.line(f"br label %{after}")
    f.start(after)
    f.lines.append(f"  %next = add i64 {step.name}, 1")
    bad = f.load(I64, f.gep(I64, control, STOP), 8)
    if_checked = f.binary("and", bad, f.load(I64, f.gep(I64, control, CHECK), 8))
    stop = f.binary("or", if_checked, f.load(I64, f.gep(I64, control, STATUS), 8))
    go = f.binary("and", f.compare("slt", Value("%next", I64), total), f.compare("eq", stop, 0))
    f.line(f"br i1 {go.name}, label %{head}, label %{done}")
    f.start(done)
    f.end()


def _shared() -> list[tuple[str, str]]:
    return [("%table", PTR), ("%worker", I64), ("%workers", I64), ("%barrier", PTR)]


def _after_step(
    f: Function,
    table: Value,
    control: Value,
    layout: Layout,
    stacks: Sequence[Stack],
    advances: int,
    first: int,
    step: Value,
) -> None:
    f.store(f.add(step, 1), f.gep(I64, control, DONE), 8)
    for s in stacks:
        base = in_memory(s.var.dtype)
        value = f.load(base, f.load(PTR, f.gep(PTR, table, layout.slots[s.var]), 8))
        slot = f.gep(PTR, table, s.slot)
        place = f.load(PTR, slot, 8)
        f.store(value, place)
        f.store(f.gep(base, place, 1), slot, 8)
        if s.var.dtype.kind == "f":
            _stop_if_not_finite(f, control, value)
    if not advances:
        return
    after = f.label()
    with f.loop(0, advances) as loop:
        pair = f.gep(I64, control, f.add(f.mul(loop.index, 2), first))
        number = f.load(I64, pair, 8)
        some = f.label()
        f.line(f"br i1 {f.compare('ne', number, 0).name}, label %{some}, label %{after}")
        f.start(some)
        slot = f.gep(PTR, table, number)
        move = f.load(I64, f.gep(I64, pair, 1), 8)
        f.store(f.gep("i8", f.load(PTR, slot, 8), move), slot, 8)
    f.line(f"br label %{after}")
    f.start(after)


def _stop_if_not_finite(f: Function, control: Value, value: Value) -> None:
    with f.when(f.compare("uno", value, value)):
        f.store(constant(NOT_FINITE, I64), f.gep(I64, control, STOP), 8)
