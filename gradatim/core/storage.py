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


class Mark:
    """The time of a program's last step, which all storages share that the program writes.

    There are hundreds of them: to set the time in each took longer than all else after a step.
    """

    __slots__ = ("is_left", "time")

    def __init__(self) -> None:
        self.time = 0
        self.is_left = False  # by a storage that another program has written since


NO_MARK = Mark()


class Storage:
    """A buffer that several tensors may share: its value, and when it was written.

    The value is a NumPy array or, while a program is traced, a variable of the trace. `time` is
    that of the last write but those of the program whose `mark` it has.
    """

    __slots__ = ("mark", "time", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.time = 0
        self.mark = NO_MARK

    @property
    def written(self) -> int:
        """The time of the last write; 0 if there was none."""
        return max(self.time, self.mark.time)

    def take_mark(self, mark: Mark) -> None:
        """Be one of those that a program writes in every step."""
        self.mark.is_left = True
        self.time = self.written
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy begins unwritten: another process has another clock.
        return Storage, (self.value,)


class ArrayType(NamedTuple):
    """What is known of a value without its numbers: the shape and the NumPy dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
