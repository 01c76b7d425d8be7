"""Where a tensor's numbers live, and the one clock that tells what happened after what."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import numpy as np

# One clock for tape nodes and in-place writes. A node's inputs are older than the node, so
# sorting by time is a topological order; a saved value whose storage was written after the
# node was made is stale. `next` on a count is atomic.
clock = count(1)


def tick() -> int:
    """The time now; nothing else has the same."""
    return next(clock)


class Storage:
    """A buffer that several tensors may share: its value and the time of the last write.

    The value is a NumPy array or, while a program is traced, a variable of the trace.
    """

    __slots__ = ("value", "written")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.written = 0

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy begins unwritten: another process has another clock.
        return Storage, (self.value,)


class ArrayType(NamedTuple):
    """What is known of a value without its numbers: the shape and the NumPy dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
