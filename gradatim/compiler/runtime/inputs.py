"""The arrays that a program reads and writes, and their addresses in its table.

A storage keeps its memory for life, so captured tensors are entered once. Arguments may differ in
every call, and so may a `.grad`; a non-contiguous array has a stand-in, copied in every call.
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
    """A program was chosen by its guards, but a `.grad` disappeared before it could run."""


class Inputs:
    """The inputs of a program's graph; `arrays` are the current ones, by index.

    The first `given` are arguments. `slots` are the places of their addresses in the `table`.
    """

    def __init__(self, traced: Traced, slots: Sequence[int], table: Array) -> None:
        self.traced, self.slots, self.table = traced, slots, table
        self.given = len(traced.graph.inputs) - len(traced.captures)
        self.arrays: dict[int, Array] = {}
        self.stay = False  # whether a call without arguments can skip `find`
        self._stand_ins: dict[int, Array] = {}  # contiguous copies, by index
        self._copies: list[tuple[Array, Array]] = []  # written arrays, with their stand-ins
        captures = list(enumerate(traced.captures, self.given))
        fixed = [(i, c) for i, c in captures if c.grad_of is None]
        self._owned = [i for i, c in captures if c.grad_of is not None]  # `.grad`s
        self._places = [i for i, _ in fixed] + self._owned
        self._captured: list[Any] = [c.storage.value for _, c in fixed] + [None] * len(self._owned)
        self._is_found = False  # whether `_captured` was entered
        self._values: list[Any] = [None] * self.given  # the arguments of the last call
        self._is_placed = False  # whether the last call was accepted
        self._to_place: list[tuple[int, Array]] = []
        uses = traced.graph.uses()
        read = [i for i, v in enumerate(traced.graph.inputs) if v in uses]
        self._sharing = Sharing(traced.written, read, self.given)
        written = set(traced.written)
        self._marked = [c.storage for i, c in fixed if i in written]
        memory = {s.memory._storage for s in traced.states}
        self._written_outside = frozenset(s for s in self._marked if s not in memory)
        self._written_arguments = [i for i in traced.written if i < self.given]
        self._written_besides = [i for i in traced.written if i < self.given or i in self._owned]
        self._group = WriteGroup()
        self._group.was_left = True  # no storage has joined it yet

    # -- before steps ----------------------------------------------------------------------

    def find(self, tensors: Sequence[Any], rows: Sequence[Array] = ()) -> None:
        """Enter into the table the arrays that differ from the last call's.

        Errors: Stale, if a `.grad` is gone; Overlap, if written memory is also reached otherwise.
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

    def written_storages(self, tensors: Sequence[Any]) -> frozenset[Any]:
        """The storages of arguments and captured tensors that a step writes."""
        if not self._written_arguments:
            return self._written_outside
        return self._written_outside.union(tensors[i]._storage for i in self._written_arguments)

    def _place(self, values: list[Array], captured: list[Array], rows: Sequence[Array]) -> None:
        written = self.traced.written
        self._copies.clear()
        self._is_placed = self.stay = False  # stays so if it raises
        if not (self._is_found and all(map(operator.is_, captured, self._captured))):
            self._captured, self._is_found = captured, True
            self._to_place = list(zip(self._places, captured, strict=True))
            self._sharing.set_captured(self._to_place)
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
        """Note that steps have written: copy stand-ins back, and update the storages' versions."""
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
        """Copy stand-ins back to the arrays that they stand for."""
        for array, stand_in in self._copies:
            array[...] = stand_in

    def _have_mark(self) -> None:
        with STATE:
            self._group.was_left = False
            for storage in self._marked:
                if storage.group is not self._group:
                    storage.join(self._group)

    def forget_arguments(self) -> None:
        """Release the arguments of the last call."""
        self._values, self._is_placed = [None] * self.given, False
        for i in range(self.given):
            self.arrays.pop(i, None)
            self._stand_ins.pop(i, None)

    def storage(self, i: int, tensors: Sequence[Any]) -> Any:
        """The storage of an input. Errors: Stale, if it is a `.grad` that is gone."""
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
