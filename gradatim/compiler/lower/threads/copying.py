"""Copying many arrays at once, in LLVM IR; each worker copies a part of every array.

    copied(table, worker, workers, barrier)

The table holds a count and, for each array, its source, its target and its size in bytes. The
signature is that of a program, so a team can run it. (For 212 arrays, 2.5 MB in all, NumPy needs
0.6 milliseconds one by one.)
"""

from __future__ import annotations

COPY = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define void @copied(ptr %table, i64 %worker, i64 %workers, ptr %barrier) nounwind {
entry:
  %count = load i64, ptr %table
  %next_worker = add i64 %worker, 1
  %is_last = icmp eq i64 %next_worker, %workers
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %three = mul i64 %i, 3
  %place = add i64 %three, 1
  %at_from = getelementptr i64, ptr %table, i64 %place
  %from = load ptr, ptr %at_from
  %at_to = getelementptr i64, ptr %at_from, i64 1
  %to = load ptr, ptr %at_to
  %at_bytes = getelementptr i64, ptr %at_from, i64 2
  %bytes = load i64, ptr %at_bytes
  %before = mul i64 %bytes, %worker
  %share = udiv i64 %before, %workers
  %begin = and i64 %share, -64
  %before_next = mul i64 %bytes, %next_worker
  %share_next = udiv i64 %before_next, %workers
  %line_next = and i64 %share_next, -64
  %end = select i1 %is_last, i64 %bytes, i64 %line_next
  %size = sub i64 %end, %begin
  %source = getelementptr i8, ptr %from, i64 %begin
  %target = getelementptr i8, ptr %to, i64 %begin
  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %source, i64 %size, i1 false)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""
