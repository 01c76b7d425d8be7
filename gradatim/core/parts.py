"""The gradient of a tensor from the gradients of its slices.

Slices that tile the tensor, as `split` and `chunk` make them, are concatenated in one pass over
memory. Any others are added into zeros.
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
    """Gradients of slices of one tensor, collected until all have arrived."""

    __slots__ = ("_elements", "_found", "_kind")

    def __init__(self, kind: ArrayType) -> None:
        self._kind = kind
        self._found: list[tuple[Any, Array]] = []
        self._elements = 0

    def add(self, node: Any, arrived: Array) -> bool:
        """Add the gradient of `node`'s slice; False if the sum of sizes exceeds the tensor's."""
        self._found.append((node, arrived))
        self._elements += arrived.size
        return self._elements <= math.prod(self._kind.shape)

    def joined(self) -> Array:
        """The gradient of the whole tensor."""
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
        """Add the gradients of all slices to `whole` in place, and return it."""
        for node, arrived in self._found:
            part = node.primitive.value(whole, **node.params)
            np.add(part, arrived, part)
        return whole


def _along_one(indices: Sequence[tuple[Any, ...]]) -> tuple[int, list[int]] | None:
    """The single dimension that all slices cut, and their starts; None if there is none."""
    first = indices[0]
    for index in indices:
        if not index or index[:-1] != (_ALL,) * (len(first) - 1):
            return None
        last = index[-1]
        if type(last) is not slice or last.step not in (None, 1) or (last.start or 0) < 0:
            return None
    return len(first) - 1, [index[-1].start or 0 for index in indices]
