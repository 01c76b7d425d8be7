"""What is not to be half done when a process forks.

A child has only the thread that forked. What another one was about to do stays as it was then, and
what it held stays held: so a fork waits for who holds this lock. It is taken last of all locks.
It also waits for all who are `alongside`, who need not wait for each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

undivided = threading.RLock()


class _Door:
    """Who is alongside; once somebody wants to fork, nobody else comes in any more.

    Who forks from inside, in a signal's handler, waits for the others only.
    """

    def __init__(self) -> None:
        self.moved = threading.Condition(undivided)
        self.inside: list[int] = []  # a thread for each time that it came in
        self.forks = 0

    def enter(self) -> None:
        me = threading.get_ident()
        with undivided:
            while self.forks and me not in self.inside:
                self.moved.wait()
            self.inside.append(me)

    def leave(self) -> None:
        with undivided:
            self.inside.remove(threading.get_ident())
            self.moved.notify_all()

    def close(self) -> None:
        me = threading.get_ident()
        undivided.acquire()
        self.forks += 1
        while any(thread != me for thread in self.inside):
            self.moved.wait()

    def open(self) -> None:
        self.forks -= 1
        self.moved.notify_all()
        undivided.release()

    def open_in_child(self) -> None:
        self.moved, self.forks = threading.Condition(undivided), 0  # nobody else is there to wait
        self.inside = [thread for thread in self.inside if thread == threading.get_ident()]
        undivided.release()


_door = _Door()


@contextmanager
def alongside() -> Iterator[None]:
    """Work that a fork waits for, with others beside it."""
    _door.enter()
    try:
        yield
    finally:
        _door.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_door.close, after_in_parent=_door.open, after_in_child=_door.open_in_child
    )
