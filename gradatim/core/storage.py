"""The memory of tensors, and the clock that orders operations and writes."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import numpy as np

# One clock for tape entries and in-place writes. An entry's inputs are older than the entry, so
# sorting by time is a topological order; a saved value whose storage was written after the
# entry was made is stale. `next` on a `count` is atomic.
clock = count(1)


def tick() -> int:
    """The next time, unique to this call."""
    return next(clock)


class WriteGroup:
    """Storages that one compiled program writes in every step, and the time of its last step.

    There can be hundreds of them, and setting the time of each took longer than all other work
    after a step.
    """

    __slots__ = ("time", "was_left")

    def __init__(self) -> None:
        self.time = 0
        self.was_left = False  # whether a storage has moved to another group


NO_GROUP = WriteGroup()


class Storage:
    """A buffer that several tensors may share: its value, and when it was last written.

    The value is a NumPy array or, while a program is traced, a variable of the trace. `time` is
    that of the last write other than by its `group`.
    """

    __slots__ = ("group", "time", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.time = 0
        self.group = NO_GROUP

    @property
    def written(self) -> int:
        """The time of the last write; 0 if there was none."""
        return max(self.time, self.group.time)

    def join(self, group: WriteGroup) -> None:
        """Take the time of future writes from a group."""
        self.group.was_left = True
        self.time = self.written
        self.group = group

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy starts as never written: another process has another clock.
        return Storage, (self.value,)


class ArrayType(NamedTuple):
    """The shape and NumPy dtype of a value."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
