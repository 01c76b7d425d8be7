"""Switches the garbage collector off while a function is traced and compiled.

A graph is tens of thousands of small records that all live until the end. The collector would scan
them again and again and find nothing: a quarter of the time that Python needs.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.forking import fork_lock

_resting: list[bool] = []  # per compilation under way: whether the collector was on before


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection meanwhile, in any thread; afterwards the collector is as it was before.

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
    """A child process has one thread: compilations in other threads do not exist in it."""
    if any(_resting):
        gc.enable()
    _resting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
