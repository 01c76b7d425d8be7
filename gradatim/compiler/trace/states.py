"""States: what a function finds in a place and replaces there, as `self.mean = 0.9 * self.mean`.

In the next call the place holds another tensor, and a program knows memory, not places. So a state
has memory of the program's own, which stands in the place while the function is traced: every call
reads in what the place holds, and afterwards puts a new tensor there. Whoever kept the old one has
it unchanged. A number that a function counts up is a state too, a 0-d tensor for the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...core.handle import Handle, wrap
from ...core.tape import history
from ..guards.assignments import Entry
from ..guards.held import short

NUMBERS = {int: np.dtype(np.int64), float: np.dtype(np.float64)}


class State:
    """A place, and the memory that stands for what it holds. It is a guard of the place as well.

    `memory` is a tensor; `is_written` says whether a call replaces what is in the place.
    """

    def __init__(self, entry: Entry) -> None:
        self.entry, self.is_written = entry, False
        value = entry.now()
        self.kind = type(value)
        if self.kind in NUMBERS:
            self.memory = wrap(np.array(value, NUMBERS[self.kind]))
            self.memory._is_number = True
        else:
            self.memory = wrap(np.array(value._value, order="C"))

    # -- around a call ---------------------------------------------------------------------

    def read_in(self) -> None:
        """Copy what the place holds."""
        value = self.entry.now()
        self.memory._value[...] = value._value if isinstance(value, Handle) else value

    def put_back(self) -> None:
        """Put the state after a call into the place."""
        array = self.memory._value
        number = self.kind in NUMBERS
        self.entry.put(self.kind(array.item()) if number else wrap(array.copy()))

    # -- as a guard ------------------------------------------------------------------------

    def condition(self, value: str, name: Any) -> str:
        """Something of another type."""
        return f"not {name(self.same)}({value})"

    def same(self, value: Any) -> bool:
        """A number of the same type, or a tensor of the same shape and dtype, without history."""
        if self.kind in NUMBERS:
            return type(value) is self.kind
        return can_be_state(value) and value._type == self.memory._type

    def told(self, path: str, value: Any) -> str:
        """What is there now."""
        return f"{path} changed to {short(value)} of another type, shape or history"


def can_be_state(value: Any) -> bool:
    """Whether a value can be read in: an integer, a float, or a tensor without history."""
    if isinstance(value, Handle):
        return isinstance(value._value, np.ndarray) and history(value) is None
    return type(value) in NUMBERS


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
        before = [(s.entry, s.entry.now()) for s in states]
        try:
            for s in states:
                s.entry.put(s.memory)
            yield states
        finally:
            for entry, value in before:
                entry.put(value)
