"""Workers: the same result for any number of them, after a fork, in new processes, at exit."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gradatim.compiler.lower.threads.waiting import barrier_text
from gradatim.compiler.machine import engine
from gradatim.compiler.machine.target import host
from gradatim.compiler.runtime import team
from gradatim.core.cores import usable_cores
from gradatim.core.errors import ArgumentError

# Each worker doubles its part of 1 .. 1000; when all have, each sums everything and leaves its sum
# in a place of its own. Without the barrier, sums are of what was there too early.
SUMS = """
define void @step(ptr %table, i64 %worker, i64 %workers, ptr %barrier) {
entry:
  %x = load ptr, ptr %table
  %at_sums = getelementptr ptr, ptr %table, i64 1
  %sums = load ptr, ptr %at_sums
  %b = mul i64 1000, %worker
  %begin = sdiv i64 %b, %workers
  %next = add i64 %worker, 1
  %e = mul i64 1000, %next
  %end = sdiv i64 %e, %workers
  br label %fill
fill:
  %i = phi i64 [ %begin, %entry ], [ %i1, %fill ]
  %at = getelementptr double, ptr %x, i64 %i
  %i1 = add i64 %i, 1
  %whole = sitofp i64 %i1 to double
  %twice = fmul double %whole, 2.0
  store double %twice, ptr %at
  %more = icmp slt i64 %i1, %end
  br i1 %more, label %fill, label %meet
meet:
  call void @gradatim_barrier(ptr %barrier, i64 %workers)
  br label %add
add:
  %j = phi i64 [ 0, %meet ], [ %j1, %add ]
  %sum = phi double [ 0.0, %meet ], [ %sum1, %add ]
  %place = getelementptr double, ptr %x, i64 %j
  %value = load double, ptr %place
  %sum1 = fadd double %sum, %value
  %j1 = add i64 %j, 1
  %again = icmp slt i64 %j1, 1000
  br i1 %again, label %add, label %done
done:
  %mine = getelementptr double, ptr %sums, i64 %worker
  store double %sum1, ptr %mine
  ret void
}
"""


class Sums:
    """The program above with its memory."""

    def __init__(self) -> None:
        self.code = engine.load(engine.compile_object(SUMS + barrier_text(host()), host()))
        self.x, self.sums = np.zeros(1000), np.zeros(64)
        self.table = np.array([self.x.ctypes.data, self.sums.ctypes.data])

    def __call__(self, workers: int) -> int:
        """Run it, look at what it left, and say how many workers there were."""
        self.x[:] = self.sums[:] = 0
        found = team.run(self.code.address("step"), self.table.ctypes.data, workers)
        assert np.array_equal(self.x, 2.0 * np.arange(1, 1001))
        assert self.sums[:found].tolist() == [1001000.0] * found
        assert not self.sums[found:].any()
        return found


@pytest.fixture(scope="module")
def program():
    return Sums()


def several(program: Sums, workers: int, calls: int = 50) -> int:
    """The largest number of workers that came: a busy machine may be late with some."""
    return max(program(workers) for _ in range(calls))


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_the_result_is_the_same_for_any_number_of_workers(program, workers):
    assert several(program, workers) <= workers
    assert program(1) == 1


def test_workers_come(program):
    deadline = time.monotonic() + 30
    while program(2) != 2:
        assert time.monotonic() < deadline


def test_workers_that_sleep_wake_up(program):
    for _ in range(20):
        time.sleep(0.002)
        program(2)


def test_a_team_may_be_stopped_and_grow_again(program):
    for workers in (2, 3, 2):
        several(program, workers, 5)
        team.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("gradatim")]
    several(program, 2, 5)


def test_threads_of_python_may_run_programs_at_once():
    def many(program: Sums) -> int:
        return several(program, 2, 200)

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(many, [Sums() for _ in range(3)])) <= {1, 2}


def test_workers_do_not_hold_the_interpreter(program):
    """Python code runs on between two calls, and in the middle of one."""
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        several(program, 2, 20)
    finally:
        stop.set()
        thread.join()
    assert counted[0] > 0


# ------------------------------------------------------------------------------------- processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_has_workers_of_its_own(program):
    several(program, 2)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if several(program, 3) <= 3 and len(threading.enumerate()) == 3 else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    several(program, 2)


def in_another_process() -> int:
    return several(Sums(), 2)


def test_a_spawned_process_has_workers():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(in_another_process) in (1, 2)


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "time.sleep(0.01)", "thread.start()"])
def test_a_process_ends_at_once_and_silently(end):
    code = f"""
import ctypes, threading, time
from gradatim.compiler.machine import engine
from gradatim.compiler.runtime import team
from gradatim.compiler.machine.target import host
text = "define void @step(ptr %t, i64 %w, i64 %n, ptr %b) {{ ret void }}"
program = engine.load(engine.compile_object(text, host()))
def go():
    for _ in range(50): team.run(program.address("step"), 0, 3)
thread = threading.Thread(target=go)
go()
{end}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ------------------------------------------------------------------------------ how many threads


def test_the_number_of_threads_is_the_cores_unless_set():
    assert team.get_num_threads() == usable_cores()
    team.set_num_threads(3)
    try:
        assert team.get_num_threads() == 3
    finally:
        team.set_num_threads(usable_cores())


@pytest.mark.parametrize("bad", [0, -1, 1.5, "2", None, True])
def test_less_than_one_thread_is_refused(bad):
    with pytest.raises(ArgumentError, match="a whole number of threads, at least 1, got"):
        team.set_num_threads(bad)
