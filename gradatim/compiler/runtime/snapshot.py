"""Copies of what a program's steps change, in memory that the program keeps.

`repeat` takes one before its first step. Newly allocated memory would be faulted in page by page,
which took longer than the copying.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.placement import LINE, address_of, placed
from . import team

Array = np.ndarray[Any, Any]
_WORTH_SHARING = 1 << 19  # bytes from which several threads copy faster than one


class Snapshot:
    """Copies of some arrays, one after the other in one buffer."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.arrays = tuple(arrays)
        sizes = [-(-a.nbytes // LINE) * LINE for a in self.arrays]
        begins = np.cumsum([0, *sizes])
        self._memory = placed(np.empty, (int(begins[-1]),), np.dtype(np.uint8))
        places = zip(self.arrays, begins.tolist(), strict=False)
        self.pairs = tuple(
            (a, self._memory[begin : begin + a.nbytes].view(a.dtype).reshape(a.shape))
            for a, begin in places
        )
        self._workers_wanted = self._memory.nbytes >= _WORTH_SHARING
        self._there = _table(self.pairs)
        self._back = _table([(b, a) for a, b in self.pairs])

    def is_of(self, arrays: Sequence[Array]) -> bool:
        """Whether these are the arrays that it copies."""
        same = len(arrays) == len(self.arrays)
        return same and all(a is b for a, b in zip(arrays, self.arrays, strict=True))

    def keep(self) -> None:
        """Copy the arrays as they are now."""
        self._run(self._there)

    def restore(self) -> None:
        """Copy the kept values back into the arrays."""
        self._run(self._back)

    def _run(self, table: Array) -> None:
        workers = team.get_num_threads() if self._workers_wanted else 1
        team.run(team.copied(), address_of(table), workers)


class SpareSnapshot:
    """A program's copies, between uses."""

    def __init__(self) -> None:
        self._free: list[Snapshot] = []  # at most one

    def of(self, arrays: Sequence[Array]) -> Snapshot:
        """Copies of these arrays; the caller owns them until `take_back`."""
        try:
            free = self._free.pop()
        except IndexError:
            return Snapshot(arrays)
        return free if free.is_of(arrays) else Snapshot(arrays)

    def take_back(self, used: Snapshot) -> None:
        """Keep them for the next use."""
        self._free[:] = [used]


def _table(pairs: Sequence[tuple[Array, Array]]) -> Array:
    words = [len(pairs)]
    for source, target in pairs:
        words += address_of(source), address_of(target), source.nbytes
    return np.array(words, np.uint64)
