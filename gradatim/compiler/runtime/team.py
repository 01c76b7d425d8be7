"""Worker threads: every worker runs the whole program, and its share of every loop nest.

A program is a native function `step(table, worker, workers, barrier)`. The caller is worker 0; the
others are Python threads that spend their time in native code without holding the GIL: they spin
for work, and after some 300 microseconds without any they return and sleep until a bell rings (a
queue, which wakes a thread in half the time of an `Event`).

Results do not depend on the number of workers, so `run` is free to choose it. It takes those that
are awake in time. When two Python threads call programs at once, the second runs its own alone:
waiting for the first could be a deadlock.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import sys
import threading
import time
from queue import SimpleQueue
from typing import Any

from ...core.arguments import at_least_one
from ...core.cores import usable_cores
from ..lower.threads import waiting
from ..lower.threads.copying import COPY
from ..lower.threads.repeating import repeating_text
from ..machine.cached_code import code_of
from ..machine.target import host

_PATIENCE = 50e-6  # seconds of spinning before a sleep: waking up takes about as long
_IDLE = 6  # times that before `serve` returns: longer than a sleep, and than Python between steps


class _Process:
    """State of this process: a forked child inherits the number of threads, but no threads."""

    threads: int | None = None  # as set by the user
    team: Team | None = None

    def __init__(self) -> None:
        self.growing = threading.Lock()

    def forget_team(self) -> None:
        self.team = None
        self.growing = threading.Lock()


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.forget_team)


def get_num_threads() -> int:
    """How many threads compiled programs use: the usable cores, unless set.

    >>> get_num_threads() >= 1
    True
    """
    return _process.threads or usable_cores()


def set_num_threads(threads: int) -> None:
    """Set how many threads compiled programs use; results are the same for any number.

    Errors: ArgumentError for less than one.
    """
    _process.threads = at_least_one("set_num_threads", "threads", threads)


def run(address: int, table: int, workers: int) -> int:
    """Call a program with up to `workers` workers, and return how many took part.

    `address` is its function `step(table, worker, workers, barrier)`, `table` its first argument.
    """
    if workers <= 1:
        (_made.get("native") or _native()).alone(address, table)
        return 1
    team = _process.team
    if team is None or team.size < workers:
        team = _grown(workers)
    return team.run(address, table, workers)


def copied() -> int:
    """The address of a program that copies arrays (see `lower/threads/copying.py`)."""
    return _native().copied


def repeated() -> int:
    """The address of the loop over a program's steps (see `lower/threads/repeating.py`)."""
    return _native().repeated


def stop() -> None:
    """End the worker threads; the next `run` starts new ones."""
    with _process.growing:
        team, _process.team = _process.team, None
    if team is not None:
        team.stop()


class Team:
    """Threads, and the memory through which they communicate (see `lower/threads/waiting.py`)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = ctypes.create_string_buffer(waiting.MAILBOX + waiting.LINE * (size + 1))
        begin = ctypes.addressof(self._memory)
        self._address = begin + -begin % waiting.LINE
        self._fill()
        self._states = [
            ctypes.c_int64.from_address(self._address + waiting.MAILBOX + waiting.LINE * worker)
            for worker in range(1, size)
        ]
        self._bells: list[SimpleQueue[bool]] = [SimpleQueue() for _ in self._states]
        self._workers = [
            threading.Thread(
                target=self._serve, args=(i + 1, bell), name=f"gradatim-{i + 1}", daemon=True
            )
            for i, bell in enumerate(self._bells)
        ]
        for thread in self._workers:
            thread.start()

    def run(self, address: int, table: int, workers: int) -> int:
        """Run a program, waking sleepers first. An interrupt in between leaves nothing changed."""
        native = _native()
        took_part: int = native.run_awake(self._address, address, table, workers)
        if not took_part:
            for state, bell in zip(self._states[: workers - 1], self._bells, strict=False):
                if not state.value & waiting.AWAKE and bell.empty():
                    bell.put(True)
            took_part = native.run(self._address, address, table, workers)
        return took_part

    def stop(self) -> None:
        """End the threads, without waiting for long work."""
        for bell in self._bells:
            bell.put(False)
        for thread in self._workers:
            thread.join(timeout=1.0)

    def _serve(self, worker: int, bell: SimpleQueue[bool]) -> None:
        while bell.get():
            _native().serve(self._address, worker)

    def _fill(self) -> None:
        pauses = _pauses()
        crowded = self.size > usable_cores()  # spinning may take the core of the worker awaited
        for place, value in (
            (waiting.REST, _rest_address()),
            (waiting.SPAN, 0 if sys.platform == "win32" else 1),
            (waiting.PAUSES, pauses // 20 if crowded else pauses),
            (waiting.IDLE, _IDLE * pauses),
        ):
            ctypes.c_int64.from_address(self._address + place).value = value


def _grown(workers: int) -> Team:
    """This process's team, grown to at least so many workers."""
    with _process.growing:
        team = _process.team
        if team is None or team.size < workers:
            if team is not None:
                team.stop()
            atexit.unregister(stop)
            atexit.register(stop)
            team = _process.team = Team(workers)
    return team


class _Native:
    """The native functions that all programs share: `waiting`, `repeating` and `copying` of
    `lower/threads/`. They run without the GIL.
    """

    def __init__(self) -> None:
        # Cached on disk: compiling it takes 15 milliseconds.
        self._loaded = code_of(waiting.team_text(host()) + COPY + repeating_text())
        pointer, word = ctypes.c_void_p, ctypes.c_int64
        self.alone = self._function("alone", None, pointer, pointer)
        self.pauses = self._function("pauses", None, word)
        self.run = self._function("run", word, pointer, pointer, pointer, word)
        self.run_awake = self._function("run_awake", word, pointer, pointer, pointer, word)
        self.serve = self._function("serve", None, pointer, word)
        self.copied = self._loaded.address("copied")
        self.repeated = self._loaded.address("repeated")

    def _function(self, name: str, result: Any, *parameters: Any) -> Any:
        return ctypes.CFUNCTYPE(result, *parameters)(self._loaded.address(name))


_made: dict[str, _Native] = {}


def _native() -> _Native:
    # Threads that get here first at the same time must all use the instance that is kept:
    # `setdefault` is atomic; `functools.cache` could give each its own, and free code that runs.
    return _made.get("native") or _made.setdefault("native", _Native())


@functools.cache
def _pauses() -> int:
    """How many pauses fill _PATIENCE: one takes from 1 to 50 ns, depending on the processor."""
    count, best = 1000, float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        _native().pauses(count)
        best = min(best, time.perf_counter() - begin)
    return max(1, int(count * _PATIENCE / best))


def _rest_address() -> int:
    """The address of the system's function for a short sleep."""
    if sys.platform == "win32":
        function = ctypes.windll.kernel32.Sleep  # Sleep(0) only yields, Sleep(1) takes milliseconds
    else:
        function = ctypes.CDLL(None).usleep
    return ctypes.cast(function, ctypes.c_void_p).value or 0
