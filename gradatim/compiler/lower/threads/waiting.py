"""Barriers, and waiting for work, in LLVM IR.

Waits are mostly short, so workers spin, with the processor's `pause` hint in between. After a long
spin they sleep for the shortest time the system has, some 50 microseconds. (Not `sched_yield`:
Linux 6.18 takes a whole time slice off its caller, and a thread that had called it a thousand times
waited for seconds behind all others.)

The shared memory, in lines of 128 bytes to avoid false sharing between workers:

    line 0   arrived      how many have arrived at the barrier
    line 1   round        how often it has opened
    line 2   rest, span, pauses, idle    how to sleep; spins before sleeping, in a barrier and idle
    line 3   busy, function, table, workers    the current work
    line 4 + w   state, number; taken, in even and in odd phases    of worker w

The first three lines are the barrier. Programs use these, and the counters `taken`
(`work_stealing.py`).
"""

from __future__ import annotations

from string import Template

from ...machine.target import Target

LINE = 128  # bytes: a cache line of Apple's processors; others have 64, and some fetch pairs
ROUND = LINE
REST, SPAN, PAUSES, IDLE = (2 * LINE + 8 * word for word in range(4))
BUSY, FUNCTION, TABLE, WORKERS = (3 * LINE + 8 * word for word in range(4))
MAILBOX = 4 * LINE
TAKEN = 16  # offset in a worker's line, in bytes
RESTS = 8  # how often `run` sleeps for workers that are waking up, before it goes without them
# A worker's state is 0 while it sleeps, or a sum of these. A WANTED worker does not fall asleep.
WANTED, AWAKE, WORK = 1, 2, 4
READY, CALLED = WANTED + AWAKE, WANTED + AWAKE + WORK

BARRIER = "gradatim_barrier"

# The last to arrive opens it. The round is read before arriving, since it may change right after.
_BARRIER = """
define void @gradatim_barrier(ptr %barrier, i64 %workers) nounwind noinline {
entry:
  %alone = icmp sle i64 %workers, 1
  br i1 %alone, label %done, label %arrive
arrive:
  %place = getelementptr i8, ptr %barrier, i64 $ROUND
  %round = load atomic i64, ptr %place monotonic, align 8
  %before = atomicrmw add ptr %barrier, i64 1 acq_rel
  %arrived = add i64 %before, 1
  %last = icmp eq i64 %arrived, %workers
  br i1 %last, label %open, label %wait
open:
  store atomic i64 0, ptr %barrier monotonic, align 8
  %next = add i64 %round, 1
  store atomic i64 %next, ptr %place release, align 8
  ret void
wait:
  %at_pauses = getelementptr i8, ptr %barrier, i64 $PAUSES
  %pauses = load i64, ptr %at_pauses
  %at_rest = getelementptr i8, ptr %barrier, i64 $REST
  %rest = load ptr, ptr %at_rest
  %at_span = getelementptr i8, ptr %barrier, i64 $SPAN
  %span = load i32, ptr %at_span
  br label %look
look:
  %left = phi i64 [ %pauses, %wait ], [ %less, %pause ], [ 0, %sleep ]
  %now = load atomic i64, ptr %place acquire, align 8
  %opened = icmp ne i64 %now, %round
  br i1 %opened, label %done, label %not_yet
not_yet:
  %patient = icmp sgt i64 %left, 0
  br i1 %patient, label %pause, label %sleep
pause:
  $pause
  %less = sub i64 %left, 1
  br label %look
sleep:
  call void %rest(i32 %span)
  br label %look
done:
  ret void
}
"""

# `serve` returns after having been idle for a while. Checking that it is not WANTED and falling
# asleep is one atomic step, so a worker that was WANTED in time is sure to take part.
_SERVE = """
define void @serve(ptr %team, i64 %worker) nounwind {
entry:
  %offset = mul i64 %worker, $LINE
  %lines = getelementptr i8, ptr %team, i64 $MAILBOX
  %state = getelementptr i8, ptr %lines, i64 %offset
  %at_number = getelementptr i8, ptr %state, i64 8
  %at_idle = getelementptr i8, ptr %team, i64 $IDLE
  %idle = load i64, ptr %at_idle
  %asleep = atomicrmw or ptr %state, i64 $AWAKE acq_rel
  br label %look
look:
  %left = phi i64 [ %idle, %entry ], [ %less, %pause ], [ %idle, %work ]
  %now = load atomic i64, ptr %state acquire, align 8
  %called = icmp eq i64 %now, $CALLED
  br i1 %called, label %work, label %not_yet
not_yet:
  %patient = icmp sgt i64 %left, 0
  br i1 %patient, label %pause, label %doze
doze:
  %try = cmpxchg ptr %state, i64 $AWAKE, i64 0 acq_rel acquire
  %unwanted = extractvalue { i64, i1 } %try, 1
  br i1 %unwanted, label %done, label %pause
pause:
  $pause
  %less = sub i64 %left, 1
  br label %look
work:
  store atomic i64 $AWAKE, ptr %state monotonic, align 8
  %number = load i64, ptr %at_number
  call void @part(ptr %team, i64 %number)
  br label %look
done:
  ret void
}

define internal void @part(ptr %team, i64 %number) nounwind {
entry:
  %at_function = getelementptr i8, ptr %team, i64 $FUNCTION
  %function = load ptr, ptr %at_function
  %at_table = getelementptr i8, ptr %team, i64 $TABLE
  %table = load ptr, ptr %at_table
  %at_workers = getelementptr i8, ptr %team, i64 $WORKERS
  %workers = load i64, ptr %at_workers
  call void %function(ptr %table, i64 %number, i64 %workers, ptr %team)
  call void @gradatim_barrier(ptr %team, i64 %workers)
  ret void
}
"""

# `run_awake` runs a program if all the workers it needs are awake; otherwise it returns 0.
_RUN_AWAKE = """
define i64 @run_awake(ptr %team, ptr %function, ptr %table, i64 %workers) nounwind {
entry:
  %lines = getelementptr i8, ptr %team, i64 $MAILBOX
  br label %look
look:
  %worker = phi i64 [ 1, %entry ], [ %next, %awake ]
  %offset = mul i64 %worker, $LINE
  %place = getelementptr i8, ptr %lines, i64 %offset
  %state = load atomic i64, ptr %place monotonic, align 8
  %bit = and i64 %state, $AWAKE
  %asleep = icmp eq i64 %bit, 0
  br i1 %asleep, label %leave, label %awake
awake:
  %next = add i64 %worker, 1
  %more = icmp slt i64 %next, %workers
  br i1 %more, label %look, label %go
go:
  %found = call i64 @run(ptr %team, ptr %function, ptr %table, i64 %workers)
  ret i64 %found
leave:
  ret i64 0
}
"""

# `run` runs a program with the workers that are ready, including the caller: it waits a while for
# those that are waking up. If another Python thread uses the team, it runs alone.
_RUN = """
define i64 @run(ptr %team, ptr %function, ptr %table, i64 %workers) nounwind {
entry:
  %busy = getelementptr i8, ptr %team, i64 $BUSY
  %lines = getelementptr i8, ptr %team, i64 $MAILBOX
  %at_rest = getelementptr i8, ptr %team, i64 $REST
  %rest = load ptr, ptr %at_rest
  %at_span = getelementptr i8, ptr %team, i64 $SPAN
  %span = load i32, ptr %at_span
  %at_pauses = getelementptr i8, ptr %team, i64 $PAUSES
  %pauses = load i64, ptr %at_pauses
  %patience = add i64 %pauses, $RESTS
  %take = cmpxchg ptr %busy, i64 0, i64 1 acquire monotonic
  %taken = extractvalue { i64, i1 } %take, 1
  br i1 %taken, label %want, label %alone
alone:
  call void @alone(ptr %function, ptr %table)
  ret i64 1

want:
  %w = phi i64 [ 1, %entry ], [ %w_next, %want ]
  %w_offset = mul i64 %w, $LINE
  %w_state = getelementptr i8, ptr %lines, i64 %w_offset
  %w_before = atomicrmw or ptr %w_state, i64 $WANTED acq_rel
  %w_next = add i64 %w, 1
  %w_more = icmp slt i64 %w_next, %workers
  br i1 %w_more, label %want, label %gather

gather:
  %g = phi i64 [ 1, %want ], [ %g_next, %gathered ]
  %found = phi i64 [ 1, %want ], [ %found_on, %gathered ]
  %g_left = phi i64 [ %patience, %want ], [ %left, %gathered ]
  %offset = mul i64 %g, $LINE
  %state = getelementptr i8, ptr %lines, i64 %offset
  br label %look
look:
  %left = phi i64 [ %g_left, %gather ], [ %less, %again ]
  %now = load atomic i64, ptr %state acquire, align 8
  %ready = icmp eq i64 %now, $READY
  br i1 %ready, label %number, label %not_yet
not_yet:
  %patient = icmp sgt i64 %left, 0
  br i1 %patient, label %wait, label %leave
wait:
  %early = icmp sgt i64 %left, $RESTS
  br i1 %early, label %pause, label %sleep
pause:
  $pause
  br label %again
sleep:
  call void %rest(i32 %span)
  br label %again
again:
  %less = sub i64 %left, 1
  br label %look
leave:
  %try = cmpxchg ptr %state, i64 $WANTED, i64 0 acq_rel acquire
  %left_out = extractvalue { i64, i1 } %try, 1
  br i1 %left_out, label %gathered, label %number
number:
  %at_number = getelementptr i8, ptr %state, i64 8
  store i64 %found, ptr %at_number
  %one_more = add i64 %found, 1
  br label %gathered
gathered:
  %found_on = phi i64 [ %found, %leave ], [ %one_more, %number ]
  %g_next = add i64 %g, 1
  %g_more = icmp slt i64 %g_next, %workers
  br i1 %g_more, label %gather, label %begin

begin:
  %at_function = getelementptr i8, ptr %team, i64 $FUNCTION
  store ptr %function, ptr %at_function
  %at_table = getelementptr i8, ptr %team, i64 $TABLE
  store ptr %table, ptr %at_table
  %at_workers = getelementptr i8, ptr %team, i64 $WORKERS
  store i64 %found_on, ptr %at_workers
  br label %call
call:
  %c = phi i64 [ 1, %begin ], [ %c_next, %call ]
  %c_offset = mul i64 %c, $LINE
  %c_state = getelementptr i8, ptr %lines, i64 %c_offset
  %called = cmpxchg ptr %c_state, i64 $READY, i64 $CALLED release monotonic
  %c_next = add i64 %c, 1
  %c_more = icmp slt i64 %c_next, %workers
  br i1 %c_more, label %call, label %together
together:
  call void @part(ptr %team, i64 0)
  store atomic i64 0, ptr %busy release, align 8
  ret i64 %found_on
}

define void @alone(ptr %function, ptr %table) nounwind {
entry:
  call void %function(ptr %table, i64 0, i64 1, ptr null)
  ret void
}

define void @pauses(i64 %count) nounwind {
entry:
  br label %loop
loop:
  %left = phi i64 [ %count, %entry ], [ %less, %loop ]
  $pause
  %less = sub i64 %left, 1
  %more = icmp sgt i64 %less, 0
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""


def barrier_text(target: Target) -> str:
    """The text of the function BARRIER(barrier, workers), called between phases."""
    return _filled(_BARRIER, target) + _declared(target)


def team_text(target: Target) -> str:
    """The text of a team's functions, and of `pauses`, which serves to time a pause."""
    return _filled(_SERVE + _RUN_AWAKE + _RUN, target) + barrier_text(target)


def _filled(text: str, target: Target) -> str:
    places = {name: value for name, value in globals().items() if isinstance(value, int)}
    return Template(text).substitute(places, pause=_pause(target))


def _pause(target: Target) -> str:
    if target.is_x86:
        return "call void @llvm.x86.sse2.pause()"
    return "call void @llvm.aarch64.hint(i32 1)" if target.is_arm else ""


def _declared(target: Target) -> str:
    if target.is_x86:
        return "declare void @llvm.x86.sse2.pause()\n"
    return "declare void @llvm.aarch64.hint(i32)\n" if target.is_arm else ""
