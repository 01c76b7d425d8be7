"""How many threads NumPy's matrix products use while a block runs.

Two threads meet at the end of every product. For the products of small models, microseconds long,
one thread is as fast; and where anything else runs on the machine, the waiting makes two threads
up to ten times slower. One thread also gives the same digits on machines with more cores.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_info, threadpool_limits


def blas_threads(count: int) -> AbstractContextManager[Any]:
    """Use so many threads in the block, and as many as before after it; 0 changes nothing.

    A matrix library that cannot be asked (Apple's Accelerate) is left as it is.

    >>> with blas_threads(1):
    ...     threads_now() in (1, None)
    True
    """
    return threadpool_limits(count or None, user_api="blas")


def threads_now() -> int | None:
    """How many threads matrix products use; None if the library cannot be asked."""
    found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(found, default=None)
