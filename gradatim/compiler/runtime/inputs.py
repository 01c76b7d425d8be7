"""The arrays that a program reads and writes, in their places in its table of addresses.

A storage keeps its memory for life, so what a program found by itself is placed once. Arguments may
be others in every call, and so may a `.grad`; memory with gaps has a stand-in, copied every time.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.backend import check_writable
from ...core.gradient import grad_of
from ...core.placement import address_of
from ...core.storage import WriteGroup, clock
from ..trace.traced import Traced
from .lock import STATE
from .sharing import Sharing

Array = np.ndarray[Any, Any]


class Stale(Exception):
    """What a program was chosen by has changed before it could run."""


class Inputs:
    """The inputs of a program's graph: `arrays` as they are now, by their places.

    The first `given` are arguments. `slots` are where the addresses of all go in the `table`.
    """

    def __init__(self, traced: Traced, slots: Sequence[int], table: Array) -> None:
        self.traced, self.slots, self.table = traced, slots, table
        self.given = len(traced.graph.inputs) - len(traced.captures)
        self.arrays: dict[int, Array] = {}
        self.stay = False  # whether the next call has the same, as far as it depends on no argument
        self._stand_ins: dict[int, Array] = {}  # those of the arrays that are copies
        self._copies: list[tuple[Array, Array]] = []  # memory that is written, and its stand-ins
        captures = list(enumerate(traced.captures, self.given))
        fixed = [(i, c) for i, c in captures if c.grad_of is None]
        self._owned = [i for i, c in captures if c.grad_of is not None]  # `.grad`s
        self._places = [i for i, _ in fixed] + self._owned
        self._captured: list[Any] = [c.storage.value for _, c in fixed] + [None] * len(self._owned)
        self._is_found = False  # whether these are in their places
        self._values: list[Any] = [None] * self.given  # of the arguments of the last call
        self._is_placed = False  # whether it was not refused
        self._to_place: list[tuple[int, Array]] = []
        uses = traced.graph.uses()
        read = [i for i, v in enumerate(traced.graph.inputs) if v in uses]
        self._sharing = Sharing(traced.written, read, self.given)
        written = set(traced.written)
        self._marked = [c.storage for i, c in fixed if i in written]
        self._written_besides = [i for i in traced.written if i < self.given or i in self._owned]
        self._group = WriteGroup()
        self._group.was_left = True  # nothing has it yet

    # -- before steps ----------------------------------------------------------------------

    def find(self, tensors: Sequence[Any], rows: Sequence[Array] = ()) -> None:
        """Put into the table what is another array than in the last call.

        Errors: Stale, if a `.grad` is gone; Overlap, if memory that is written is reached twice.
        """
        values = [x._value for x in tensors]
        captured = self._captured
        if self._owned:
            owned = [self.storage(i, tensors).value for i in self._owned]
            captured = captured[: -len(owned)] + owned
        same = self._is_placed and not rows and all(map(operator.is_, values, self._values))
        if same and self._owned:
            same = all(map(operator.is_, captured, self._captured))
        if not same or self._stand_ins:
            self._place(values, captured, rows)
        elif self._sharing.writes_arguments:
            for i in self.traced.written:
                check_writable(self.arrays[i])

    def _place(self, values: list[Array], captured: list[Array], rows: Sequence[Array]) -> None:
        written = self.traced.written
        self._copies.clear()
        self._is_placed = self.stay = False  # if it is refused, this has to be done again
        if not (self._is_found and all(map(operator.is_, captured, self._captured))):
            self._captured, self._is_found = captured, True
            self._to_place = list(zip(self._places, captured, strict=True))
            self._sharing.found(self._to_place)
        self._sharing.check(rows or values)
        for i, array in enumerate(values):
            self._put(i, array, i in written)
        for i, array in self._to_place:
            self._put(i, array, i in written)
        self._to_place = [(i, a) for i, a in self._to_place if i in self._stand_ins]
        self._values, self._is_placed = values, True
        self.stay = not self._stand_ins and not self._owned

    def _put(self, i: int, array: Array, written: bool) -> None:
        if written:
            check_writable(array)
        if array.flags.c_contiguous:
            self._stand_ins.pop(i, None)
        else:
            stand_in = np.ascontiguousarray(array)
            if written:
                self._copies.append((array, stand_in))
            array = stand_in
            self._stand_ins[i] = array
        self.arrays[i] = array
        self.table[self.slots[i]] = address_of(array)

    # -- after steps -----------------------------------------------------------------------

    def were_written(self, tensors: Sequence[Any]) -> None:
        """Note that steps have written what they write."""
        if self._copies:
            self.write_copies()
        group = self._group
        group.time = next(clock)
        if group.was_left:
            self._have_mark()
        if self._written_besides:
            with STATE:
                for i in self._written_besides:
                    self.storage(i, tensors).time = group.time

    def write_copies(self) -> None:
        """Write stand-ins into what they stand for."""
        for array, stand_in in self._copies:
            array[...] = stand_in

    def _have_mark(self) -> None:
        with STATE:
            self._group.was_left = False
            for storage in self._marked:
                if storage.group is not self._group:
                    storage.join(self._group)

    def forget_arguments(self) -> None:
        """Let go of the memory of the last call's arguments."""
        self._values, self._is_placed = [None] * self.given, False
        for i in range(self.given):
            self.arrays.pop(i, None)
            self._stand_ins.pop(i, None)

    def storage(self, i: int, tensors: Sequence[Any]) -> Any:
        """The memory of an input. Errors: Stale, if it is a `.grad` that is gone."""
        if i < self.given:
            return tensors[i]._storage
        capture = self.traced.captures[i - self.given]
        owner = capture.grad_of
        if owner is None:
            return capture.storage
        grad = grad_of(tensors[owner] if isinstance(owner, int) else owner, at_once=True)
        if grad is None:
            raise Stale
        return grad._storage
