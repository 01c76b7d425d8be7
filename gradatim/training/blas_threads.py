"""The number of threads used by NumPy's matrix products and by compiled programs.

Two threads meet at a barrier after every product. For small models, whose products take
microseconds, one thread is as fast; and if anything else runs on the machine, waiting at the
barrier makes two threads up to ten times slower. In NumPy one thread also gives the same digits on
machines with more cores; compiled programs give the same digits with any number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from threadpoolctl import threadpool_info, threadpool_limits

from ..compiler.runtime.team import get_num_threads, set_num_threads


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use `count` threads in the block, in NumPy and in compiled programs; 0 changes nothing."""
    before = get_num_threads()
    set_num_threads(count or before)
    try:
        with blas_threads(count):
            yield
    finally:
        set_num_threads(before)


def blas_threads(count: int) -> AbstractContextManager[Any]:
    """Use `count` BLAS threads in the block and restore the number after it; 0 changes nothing.

    A BLAS library without a way to set it (Apple's Accelerate) is left alone.

    >>> with blas_threads(1):
    ...     threads_now() in (1, None)
    True
    """
    return threadpool_limits(count or None, user_api="blas")


def threads_now() -> int | None:
    """How many threads matrix products use; None if the BLAS library does not tell."""
    counts = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(counts, default=None)
