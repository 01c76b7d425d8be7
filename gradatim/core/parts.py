"""Gradients of slices, put together to that of the whole they were cut from.

Pieces that lie side by side and leave nothing out, as `split` and `chunk` make them, are joined in
one pass over memory. All others are added up in zeros.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .storage import ArrayType

Array = np.ndarray[Any, Any]

_ALL = slice(None)


class Parts:
    """What has arrived at slices of one tensor, waiting for the others."""

    __slots__ = ("_elements", "_found", "_kind")

    def __init__(self, kind: ArrayType) -> None:
        self._kind = kind
        self._found: list[tuple[Any, Array]] = []
        self._elements = 0

    def add(self, node: Any, arrived: Array) -> bool:
        """One more, of the slice noted as `node`; false if all take more memory than the whole."""
        self._found.append((node, arrived))
        self._elements += arrived.size
        return self._elements <= math.prod(self._kind.shape)

    def joined(self) -> Array:
        """The gradient of the whole."""
        cut = _along_one([node.params["index"] for node, _ in self._found])
        if cut is not None:
            dim, starts = cut
            order = sorted(range(len(starts)), key=starts.__getitem__)
            arrays = [self._found[i][1] for i in order]
            ends = accumulate(a.shape[dim] for a in arrays)
            if [0, *ends] == [*(starts[i] for i in order), self._kind.shape[dim]]:
                return np.concatenate(arrays, dim)
        return self.added_to(np.zeros(self._kind.shape, self._kind.dtype))

    def added_to(self, whole: Array) -> Array:
        """What is there already, with all parts added in place."""
        for node, arrived in self._found:
            part = node.primitive.value(whole, **node.params)
            np.add(part, arrived, part)
        return whole


def _along_one(indices: Sequence[tuple[Any, ...]]) -> tuple[int, list[int]] | None:
    """The dimension of which all slices take a stretch, and where these start; None if not so."""
    first = indices[0]
    for index in indices:
        if not index or index[:-1] != (_ALL,) * (len(first) - 1):
            return None
        last = index[-1]
        if type(last) is not slice or last.step not in (None, 1) or (last.start or 0) < 0:
            return None
    return len(first) - 1, [index[-1].start or 0 for index in indices]
