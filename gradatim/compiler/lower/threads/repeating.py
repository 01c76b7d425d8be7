"""The loop over steps, in LLVM IR: one function for all programs that consist of one stretch.

    repeated(table, worker, workers, barrier)     the program's step, as often as the control says

The program's functions, and what to do after each of its steps, are in the control block. A loop
written for each program would take LLVM 5 milliseconds more, as long as several nests.

The control word MOVES is the address of what is done after a step. First come scalar results that
are kept for every step, three words each: the slot of the table with the result's address, the slot
with the address of its place on a stack, and its bytes (negative for a float: nan stops the loop).
After a 0 come inputs of which every step gets a part: the slot, and the bytes to advance. Then a 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import Template
from typing import Any

from . import main
from .waiting import BARRIER

NOT_FINITE = 1  # why the loop stopped

# Worker 0 decides whether there is another step, while all workers are between two barriers: one
# that read the status later could see a refusal of the next step.
_LOOP = """
define void @repeated(ptr %table, i64 %worker, i64 %workers, ptr %barrier) nounwind {
entry:
  %control = load ptr, ptr %table
  %total = load i64, ptr %control
  %at_done = getelementptr i64, ptr %control, i64 $DONE
  %at_stop = getelementptr i64, ptr %control, i64 $STOP
  %at_check = getelementptr i64, ptr %control, i64 $CHECK
  %check = load i64, ptr %at_check
  %at_step = getelementptr i64, ptr %control, i64 $STEP
  %whole = load ptr, ptr %at_step
  %at_brief = getelementptr i64, ptr %control, i64 $BRIEF
  %brief = load ptr, ptr %at_brief
  %at_moves = getelementptr i64, ptr %control, i64 $MOVES
  %moves = load ptr, ptr %at_moves
  %at_go = getelementptr i64, ptr %control, i64 $GO
  %at_status = getelementptr i64, ptr %control, i64 $STATUS
  %together = icmp sgt i64 %workers, 1
  %first = icmp eq i64 %worker, 0
  br label %step
step:
  %i = phi i64 [ 0, %entry ], [ %next, %on ]
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %total
  %function = select i1 %more, ptr %brief, ptr %whole
  call void %function(ptr %table, i64 %worker, i64 %workers, ptr %barrier)
  br i1 %together, label %meet, label %after
meet:
  call void @$BARRIER(ptr %barrier, i64 %workers)
  br i1 %first, label %after, label %meet_again

after:
  store i64 %next, ptr %at_done
  br label %result
result:
  %move = phi ptr [ %moves, %after ], [ %next_move, %kept ]
  %source = load i64, ptr %move
  %no_result = icmp eq i64 %source, 0
  br i1 %no_result, label %inputs, label %keep
keep:
  %at_source = getelementptr ptr, ptr %table, i64 %source
  %from = load ptr, ptr %at_source
  %at_stack = getelementptr i64, ptr %move, i64 1
  %stack = load i64, ptr %at_stack
  %at_place = getelementptr ptr, ptr %table, i64 %stack
  %place = load ptr, ptr %at_place
  %at_kind = getelementptr i64, ptr %move, i64 2
  %kind = load i64, ptr %at_kind
  switch i64 %kind, label %one [
    i64 -4, label %single
    i64 -8, label %double
    i64 8, label %eight
    i64 4, label %four
  ]
single:
  %s = load float, ptr %from
  store float %s, ptr %place
  %s_is_nan = fcmp uno float %s, %s
  br i1 %s_is_nan, label %nan, label %kept
double:
  %d = load double, ptr %from
  store double %d, ptr %place
  %d_is_nan = fcmp uno double %d, %d
  br i1 %d_is_nan, label %nan, label %kept
nan:
  %nan_bytes = phi i64 [ 4, %single ], [ 8, %double ]
  store i64 $NOT_FINITE, ptr %at_stop
  br label %kept
eight:
  %n8 = load i64, ptr %from
  store i64 %n8, ptr %place
  br label %kept
four:
  %n4 = load i32, ptr %from
  store i32 %n4, ptr %place
  br label %kept
one:
  %n1 = load i8, ptr %from
  store i8 %n1, ptr %place
  br label %kept
kept:
  %bytes = phi i64 [ 4, %single ], [ 8, %double ], [ %nan_bytes, %nan ], [ 8, %eight ],
                   [ 4, %four ], [ 1, %one ]
  %next_place = getelementptr i8, ptr %place, i64 %bytes
  store ptr %next_place, ptr %at_place
  %next_move = getelementptr i64, ptr %move, i64 3
  br label %result

inputs:
  %begin = getelementptr i64, ptr %move, i64 1
  br label %input
input:
  %part = phi ptr [ %begin, %inputs ], [ %next_part, %advance ]
  %slot = load i64, ptr %part
  %no_input = icmp eq i64 %slot, 0
  br i1 %no_input, label %ended, label %advance
advance:
  %at_row = getelementptr ptr, ptr %table, i64 %slot
  %row = load ptr, ptr %at_row
  %at_size = getelementptr i64, ptr %part, i64 1
  %size = load i64, ptr %at_size
  %next_row = getelementptr i8, ptr %row, i64 %size
  store ptr %next_row, ptr %at_row
  %next_part = getelementptr i64, ptr %part, i64 2
  br label %input

ended:
  %stop = load i64, ptr %at_stop
  %is_nan = and i64 %stop, %check
  %status = load i64, ptr %at_status
  %bad = or i64 %is_nan, %status
  %good = icmp eq i64 %bad, 0
  %goes_on = and i1 %more, %good
  %told = zext i1 %goes_on to i64
  store i64 %told, ptr %at_go
  br i1 %together, label %meet_again, label %on
meet_again:
  call void @$BARRIER(ptr %barrier, i64 %workers)
  br label %on
on:
  %go = load i64, ptr %at_go
  %again = icmp ne i64 %go, 0
  br i1 %again, label %step, label %done
done:
  ret void
}
"""


def repeating_text() -> str:
    """The text of `repeated`; the module must also define BARRIER."""
    words = {name: getattr(main, name) for name in main.CONTROL}
    return Template(_LOOP).substitute(words, BARRIER=BARRIER, NOT_FINITE=NOT_FINITE)


def moves(results: Sequence[tuple[int, int, Any]], inputs: Sequence[tuple[int, int]]) -> list[int]:
    """The words at MOVES: results as (slot, slot of the stack, dtype), inputs as (slot, bytes).

    >>> import numpy as np
    >>> moves([(3, 9, np.dtype("float32"))], [(2, 64)])
    [3, 9, -4, 0, 2, 64, 0]
    """
    words = []
    for source, stack, dtype in results:
        words += [source, stack, -dtype.itemsize if dtype.kind == "f" else dtype.itemsize]
    return [*words, 0, *(word for pair in inputs for word in pair), 0]
