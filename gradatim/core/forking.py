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
    """Who is alongside; once somebody wants to fork, nobody comes in any more."""

    def __init__(self) -> None:
        self.moved = threading.Condition(undivided)
        self.inside = self.forks = 0

    def enter(self) -> None:
        with undivided:
            while self.forks:
                self.moved.wait()
            self.inside += 1

    def leave(self) -> None:
        with undivided:
            self.inside -= 1
            self.moved.notify_all()

    def close(self) -> None:
        undivided.acquire()
        self.forks += 1
        while self.inside:
            self.moved.wait()

    def open(self) -> None:
        self.forks -= 1
        self.moved.notify_all()
        undivided.release()

    def open_in_child(self) -> None:
        self.moved, self.forks = threading.Condition(undivided), 0  # nobody else is there to wait
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
