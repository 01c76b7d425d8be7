"""A copy of what a program's steps change, in memory that stays with the program.

`repeat` takes one before its first step. Memory that is new every time is faulted in page by page,
which took longer than the copying.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.placement import LINE, address_of, placed
from . import team

Array = np.ndarray[Any, Any]
_WORTH_SHARING = 1 << 19  # bytes of which half is copied by another thread in less time


class Keeping:
    """Copies of some arrays, which lie in order in memory."""

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
        """Copy the arrays as they are."""
        self._run(self._there)

    def restore(self) -> None:
        """Let the arrays be as they were."""
        self._run(self._back)

    def _run(self, table: Array) -> None:
        workers = team.get_num_threads() if self._workers_wanted else 1
        team.run(team.copied(), address_of(table), workers)


class Keepings:
    """Those of one program that nobody uses now, by what they are for."""

    def __init__(self) -> None:
        self._free: dict[str, Keeping] = {}

    def of(self, what: str, arrays: Sequence[Array]) -> Keeping:
        """One for these arrays; it is the caller's until it is taken back."""
        free = self._free.pop(what, None)
        return free if free is not None and free.is_of(arrays) else Keeping(arrays)

    def take_back(self, **used: Keeping | None) -> None:
        """Have them again."""
        self._free.update((what, keeping) for what, keeping in used.items() if keeping)


def _table(pairs: Sequence[tuple[Array, Array]]) -> Array:
    words = [len(pairs)]
    for source, target in pairs:
        words += address_of(source), address_of(target), source.nbytes
    return np.array(words, np.uint64)
