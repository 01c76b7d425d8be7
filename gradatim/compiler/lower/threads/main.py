"""The functions that run a program: its nests in order.

    step_k(table, worker, workers, barrier)     one stretch of nests
    brief(table, worker, workers, barrier)      the same, without stores that the next step replaces

The table holds addresses: the control block, the arena, then all memory of the caller. Several
workers each run a share of a nest's items, with barriers between phases (`phases.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ir.graph import Var
from ...machine.target import Target
from ...schedule.memory import Arena
from ..nest.writing import Call, Lowering, Memory
from ..text.emit import Function
from ..text.types import I64, PTR, Value, constant
from .phases import Phase
from .waiting import BARRIER, barrier_text
from .work_stealing import dealt, whole

# The words of the control block. STATUS, the last, is followed by one word for each refusal.
CONTROL = ("STEPS", "DONE", "STOP", "CLOCKS", "CHECK", "STEP", "BRIEF", "MOVES", "GO", "STATUS")
STEPS, DONE, STOP, CLOCKS, CHECK, STEP, BRIEF, MOVES, GO, STATUS = range(len(CONTROL))
WORDS = len(CONTROL)
SHARED = "ptr %table, i64 %worker, i64 %workers, ptr %barrier"


@dataclass(frozen=True)
class Layout:
    """Which slot of the table holds the address of which memory."""

    slots: dict[Memory, int]
    arena: Arena


def write_step(
    lowering: Lowering, name: str, phases: Sequence[Phase], layout: Layout, *, shared: bool
) -> None:
    """Write the function of one stretch; `shared` if several workers may run it.

    It returns early once a number was refused, so that no parameter is updated with garbage. All
    workers must decide alike: they check after a barrier, before a phase that refuses nothing.
    """
    f = Function(lowering.module, name, [SHARED], "void", plain=True)
    table = Value("%table", PTR)
    status = f.gep(I64, f.load(PTR, table, 8), STATUS)
    arena = f.load(PTR, f.gep(PTR, table, 1), 8)

    def run(call: Call, begin: Value, end: Value) -> None:
        # Loaded again for each call: hundreds of live addresses would only be spilled, and slow
        # down LLVM's register allocation.
        places = {m: _place(f, table, arena, layout, m) for m in call.memory}
        _call(f, call, status, places, begin, end)

    leave, is_open = f.label(), False  # is_open: a refusal is possible since the last check
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
    """A stretch on one worker that accumulates, per call, the ticks of the processor's clock.

    The control word CLOCKS is the address of the sums; the first call's has the index `first`.
    """
    f = Function(lowering.module, name, [SHARED], "void", plain=True)
    table = Value("%table", PTR)
    control = f.load(PTR, table, 8)
    status = f.gep(I64, control, STATUS)
    arena = f.load(PTR, f.gep(PTR, table, 1), 8)
    clocks = f.load(PTR, f.gep(PTR, control, CLOCKS), 8)
    for i, call in enumerate(calls):
        places = {m: _place(f, table, arena, layout, m) for m in call.memory}
        before = _clock_after_all(f)
        _call(f, call, status, places, constant(0, I64), constant(call.items, I64))
        ticks = f.sub(_clock_after_all(f), before)
        sum_ = f.gep(I64, clocks, first + i)
        f.store(f.add(f.load(I64, sum_, 8), ticks), sum_, 8)
    f.end()


def clock(f: Function) -> Value:
    """Ticks of a constant-rate clock.

    On ARM this reads the system's timer. (`llvm.readsteadycounter` is always 0 there.)
    """
    return f.intrinsic("llvm.readcyclecounter", I64, kinds=[])


def _clock_after_all(f: Function) -> Value:
    """The clock when everything before it is done.

    Else x86 reads it while the last hundreds of instructions are still under way, and a nest of
    few seems to take no time.
    """
    if f.module.target.is_x86:
        f.intrinsic("llvm.x86.sse2.lfence", "void", kinds=[])
    return clock(f)


def _place(f: Function, table: Value, arena: Value, layout: Layout, m: Memory) -> Value:
    """The address of a call's memory."""
    slot = layout.slots.get(m)
    if slot is not None:
        return f.load(PTR, f.gep(PTR, table, slot), 8)
    assert isinstance(m, Var)
    return f.gep("i8", arena, layout.arena.offsets[m])


def _call(
    f: Function, call: Call, status: Value, places: dict[Memory, Value], begin: Value, end: Value
) -> None:
    numbers = [constant(n, I64) for n in call.numbers]
    f.call(call.function, "void", status, *(places[m] for m in call.memory), begin, end, *numbers)


def _meet(f: Function, target: Target) -> None:
    f.module.include(BARRIER, barrier_text(target).strip())
    f.call(BARRIER, "void", Value("%barrier", PTR), Value("%workers", I64))
