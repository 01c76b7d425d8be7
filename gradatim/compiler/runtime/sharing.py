"""Whether memory that a step writes is also reached in another way.

A program assumes that no tensors alias, and may write a parameter before or after it reads another
tensor. If the two overlap, the order would matter: such a call is left to NumPy. The check is
cheap: mostly it compares address ranges, and only with those that are written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_MOST_WORK: Any = 10_000  # candidate solutions that NumPy tries before it counts as sharing


class Overlap(Exception):
    """Two tensors of a call share memory, and one of them is written."""


class Sharing:
    """The memory of a program's captured tensors, ready to be compared with arguments.

    `written` are the indices, among the graph's inputs, of what it writes; `read` of what it reads.
    Arguments come first, up to `given`.
    """

    def __init__(self, written: Iterable[int], read: Iterable[int], given: int) -> None:
        self.written, self.given = frozenset(written), given
        self.places = sorted(self.written.union(read)) if self.written else []
        self.writes_arguments = any(i < given for i in self.written)
        self._captured: list[Array] = []
        self._begins: list[int] = []
        self._ends: list[int] = []  # for each target, the last end up to it
        self._targets: list[tuple[int, int, Array]] = []
        self._trouble = False

    def set_captured(self, arrays: Sequence[tuple[int, Array]]) -> None:
        """Set the captured tensors: indices and arrays."""
        wanted = set(self.places)
        pairs = [(i, a) for i, a in arrays if i in wanted and a.size]
        self._captured = [a for _, a in pairs]
        targets = [(*bounds(a), a) for i, a in pairs if i in self.written]
        self._targets = sorted(targets, key=itemgetter(0))
        self._begins = [begin for begin, _, _ in self._targets]
        self._ends = [*accumulate((end for _, end, _ in self._targets), max)]
        self._trouble = self._overlap_among(pairs)

    def check(self, arguments: Sequence[Array]) -> None:
        """Raise Overlap if a call with these arguments reaches written memory in two ways."""
        if not self.places:
            return
        if self._trouble:
            raise Overlap("two tensors that it uses")
        used = [i for i in self.places if i < self.given]
        for i in used:
            a = arguments[i]
            if a.size and self._meets(a, i in self.written):
                raise Overlap(f"argument {i} and a tensor that it uses")
        if self.writes_arguments and self._overlap_among([(i, arguments[i]) for i in used]):
            raise Overlap("two arguments")

    def _meets(self, a: Array, is_written: bool) -> bool:
        begin, end = bounds(a)
        k = bisect_left(self._begins, end)
        while k and self._ends[k - 1] > begin:  # bounds of columns overlap, though these do not
            k -= 1
            if share(a, self._targets[k][2]):
                return True
        return is_written and any(share(a, other) for other in self._captured)

    def _overlap_among(self, pairs: Sequence[tuple[int, Array]]) -> bool:
        """Whether one array that is written overlaps another one."""
        spans = sorted((*bounds(a), i, a) for i, a in pairs if a.size)
        for n, (_, end, i, a) in enumerate(spans):
            for begin, _, j, b in spans[n + 1 :]:
                if begin >= end:
                    break
                if (i in self.written or j in self.written) and share(a, b):
                    return True
        return False


def bounds(a: Array) -> tuple[int, int]:
    """The addresses of an array's first byte and of the byte after its last.

    >>> begin, end = bounds(np.zeros(3))
    >>> end - begin
    24
    """
    if a.flags.c_contiguous:
        begin = int(a.__array_interface__["data"][0])
        return begin, begin + a.nbytes
    first, last = np.lib.array_utils.byte_bounds(a)
    return int(first), int(last)


def share(a: Array, b: Array) -> bool:
    """Whether two arrays have an element in common; also true if that is too hard to decide."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=_MOST_WORK))
    except np.exceptions.TooHardError:
        return True
