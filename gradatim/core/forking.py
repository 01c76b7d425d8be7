"""Critical sections that `os.fork` must not interrupt.

A forked child has only the thread that forked: work of other threads stays half done, and locks
they held stay locked. So a fork first acquires `fork_lock`, which is last in the lock order. It
also waits until no other thread is in a `hold_off_forks` block; unlike holders of the lock, those
blocks do not exclude each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

fork_lock = threading.RLock()


class _ForkGate:
    """The threads inside `hold_off_forks`; while a fork is waiting, no other thread may enter.

    A thread that forks from inside (in a signal handler) waits only for the others.
    """

    def __init__(self) -> None:
        self.moved = threading.Condition(fork_lock)
        self.inside: list[int] = []  # one thread ident per entry
        self.forks = 0

    def enter(self) -> None:
        me = threading.get_ident()
        with fork_lock:
            while self.forks and me not in self.inside:
                self.moved.wait()
            self.inside.append(me)

    def leave(self) -> None:
        with fork_lock:
            self.inside.remove(threading.get_ident())
            self.moved.notify_all()

    def close(self) -> None:
        me = threading.get_ident()
        fork_lock.acquire()
        self.forks += 1
        while any(thread != me for thread in self.inside):
            self.moved.wait()

    def open(self) -> None:
        self.forks -= 1
        self.moved.notify_all()
        fork_lock.release()

    def open_in_child(self) -> None:
        self.moved, self.forks = threading.Condition(fork_lock), 0  # the child has no waiters
        self.inside = [thread for thread in self.inside if thread == threading.get_ident()]
        fork_lock.release()


_gate = _ForkGate()


@contextmanager
def hold_off_forks() -> Iterator[None]:
    """Make forks wait until the block ends; several threads may be inside at once."""
    _gate.enter()
    try:
        yield
    finally:
        _gate.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_gate.close, after_in_parent=_gate.open, after_in_child=_gate.open_in_child
    )
