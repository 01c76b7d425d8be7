"""Memory for what a program creates anew in every call.

Allocating memory and asking for its address takes longer than many a step. So a small array is
kept, and reused in a later call if nothing refers to it any more: not the user, no tensor, no view.
(Views of a view refer to the array that owns the memory, so both reference counts are checked.)
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...core.placement import address_of, empty

Array = np.ndarray[Any, Any]
_LARGEST = 1 << 16  # bytes of an array that is kept, at most
_MOST = 3  # arrays kept per output
_COUNTS = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()


class Kept:
    """An array and its address."""

    __slots__ = ("address", "alone", "array", "owner")

    def __init__(self, array: Array) -> None:
        self.array, self.address = array, address_of(array)
        self.owner = array if array.base is None else array.base
        self.alone = _OWNING if array.base is None else _SHOWING

    def references(self) -> tuple[int, int]:
        """The reference counts of the array and of its memory's owner."""
        return sys.getrefcount(self.array), sys.getrefcount(self.owner)


class Output:
    """One output of a program, and the slot of its address in the table."""

    __slots__ = ("dtype", "is_small", "kept", "shape", "slot")

    def __init__(self, slot: int, shape: tuple[int, ...], dtype: Any) -> None:
        self.slot, self.shape, self.dtype = slot, shape, dtype
        self.is_small = _COUNTS and int(np.prod(shape)) * dtype.itemsize <= _LARGEST
        self.kept: list[Kept] = []

    def fresh(self) -> tuple[Array, int]:
        """An array that nothing else refers to, and its address."""
        for kept in self.kept:
            if kept.references() == kept.alone:
                return kept.array, kept.address
        new = Kept(empty(self.shape, self.dtype))
        if self.is_small:
            self.kept = [new, *self.kept[: _MOST - 1]]
        return new.array, new.address


# `references` of an array that only a `Kept` refers to, for one that owns its memory and for a
# view: they depend on Python's version.
_OWNING: tuple[int, int] = (-1, -1)
_SHOWING: tuple[int, int] = (-1, -1)
if _COUNTS:
    _OWNING = Kept(empty((0,), np.dtype(np.uint8))).references()
    _SHOWING = Kept(empty((_LARGEST,), np.dtype(np.uint8))).references()
