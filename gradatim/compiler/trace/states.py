"""States: what a function finds in a place and replaces there, as `self.mean = 0.9 * self.mean`.

In the next call the place holds another tensor, and a program knows memory, not places. So a state
has memory of the program's own, which stands in the place while the function is traced: every call
reads in what the place holds. What it assigns there is one of its results, and a new tensor;
whoever kept the old one has it unchanged. The memory is written as well, for the next of many steps
in native code. A number that a function counts up is a state too, a 0-d tensor for the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..._tensor.number import as_number
from ...core.handle import Handle, wrap
from ...core.tape import history
from ..guards.assignments import Entry
from ..guards.held import short

NUMBERS = {int: np.dtype(np.int64), float: np.dtype(np.float64)}
LARGEST = 2**31  # integers that are states; what a program computes from them has 64 bits


class State:
    """A place, and the memory that stands for what it holds. It is a guard of the place as well.

    `memory` is a tensor; `is_written` says whether a call replaces what is in the place; `found` is
    what was there when a call began, until it ends. `is_small` is False for an integer that many
    steps could make too large.
    """

    def __init__(self, entry: Entry) -> None:
        self.entry, self.is_written, self.found = entry, False, None
        self.is_small = True
        value = entry.now()
        self.kind = type(value)
        self.is_number = self.kind in NUMBERS
        if self.is_number:
            self.memory = as_number(wrap(np.array(value, NUMBERS[self.kind])))
        else:
            self.memory = wrap(np.array(value._value, order="C"))
        self._array: np.ndarray[Any, Any] = self.memory._value
        self._dtype, self._shape = self._array.dtype, self._array.shape

    # -- around a call ---------------------------------------------------------------------

    def read_in(self) -> None:
        """Copy what the place holds."""
        self.found = value = self.entry.now()
        self._array[...] = value if self.is_number else value._value

    def put_back(self) -> None:
        """Put what the last of many steps has left in the memory into the place."""
        array = self._array
        self.entry.put(array.item() if self.is_number else wrap(array.copy()))

    # -- as a guard ------------------------------------------------------------------------

    def condition(self, value: str, name: Any) -> str:
        """Something of another type."""
        return f"not {name(self.same)}({value})"

    def same(self, value: Any) -> bool:
        """A number of the same type, or a tensor of the same shape and dtype, without history."""
        if type(value) is not self.kind or not can_be_state(value):
            return False
        if self.is_number:
            return True
        array = value._value
        return array.dtype == self._dtype and array.shape == self._shape

    def told(self, path: str, value: Any) -> str:
        """What is there now."""
        if self.is_number:
            return f"{path} changed to {short(value)}, which is no 32-bit integer or no float"
        return f"{path} changed to {short(value)} of another type, shape or history"


def can_be_state(value: Any) -> bool:
    """Whether a value can be read in: a small integer, a float, or a tensor without history."""
    if isinstance(value, Handle):
        is_plain = value._edge is value._base is None
        return isinstance(value._value, np.ndarray) and (is_plain or history(value) is None)
    if type(value) is int:
        return -LARGEST <= value <= LARGEST
    return type(value) is float


class States:
    """The places of a function that are known to change from call to call.

    `needs_number` is the line of the user's that needs one of them as a number in Python, if any.
    """

    def __init__(self) -> None:
        self.needs_number = ""
        self.entries: dict[Any, Entry] = {}  # by location
        self.refused: set[Any] = set()  # locations

    def new(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of these places that are neither known nor refused."""
        known = self.refused | self.entries.keys()
        return [e for e in entries if e.location not in known]

    def add(self, entries: Iterable[Entry]) -> None:
        """Add places."""
        self.entries.update((e.location, e) for e in entries)

    def admit(self, entries: Iterable[Entry]) -> None:
        """Take back that places were refused."""
        for entry in entries:
            self.refused.discard(entry.location)
            self.entries[entry.location] = entry

    def numbers(self) -> list[Entry]:
        """The places that hold numbers."""
        return [e for e in self.entries.values() if type(e.now()) in NUMBERS]

    def refuse(self, entries: Iterable[Entry]) -> None:
        """Treat places like any others from now on."""
        for entry in entries:
            self.refused.add(entry.location)
            self.entries.pop(entry.location, None)

    @contextmanager
    def standing_in(self) -> Iterator[list[State]]:
        """New states, whose memory is in their places within the block."""
        states = [State(e) for e in self.entries.values() if can_be_state(e.now())]
        outer = {id(e): e for e in (s.entry.outermost() for s in states)}
        before = [(e, e.now()) for e in outer.values()]
        try:
            for s in states:
                s.entry.put(s.memory)
            yield states
        finally:
            for entry, value in before:
                entry.put(value)
