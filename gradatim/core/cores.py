"""How many cores this process may use."""

import os


def usable_cores() -> int:
    """How many cores this process may use, which may be fewer than the machine has.

    >>> 1 <= usable_cores() <= os.cpu_count()
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
