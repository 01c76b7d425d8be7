"""Python's collector of garbage rests while a program is made.

A graph is tens of thousands of small records that all stay until the end. The collector would look
at each of them again and again and find nothing: a quarter of the time that Python needs.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.forking import fork_lock

_resting: list[bool] = []  # for each who makes one: whether the collector was at work before


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection meanwhile, in no thread; if there was none before, there is none afterwards.

    >>> import gc
    >>> with uncollected():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    with fork_lock:
        _resting.append(gc.isenabled() or any(_resting))
        gc.disable()
    try:
        yield
    finally:
        with fork_lock:
            was = _resting.pop()
            if was and not _resting:
                gc.enable()


def _after_fork() -> None:
    """A child has one thread: whoever made a program in another one is not there."""
    if any(_resting):
        gc.enable()
    _resting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
