"""What a program leaves in `.grad`: memory that is written again until somebody asks for it.

New tensors for 53 gradients, and memory for each, took longer than all else that Python does for a
step of a small transformer (150 of 550 microseconds). So they are promises (`core/gradient.py`),
and in the next call nothing is to be done for those that nobody asked for and nobody replaced.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any
from weakref import ref

from ...core.gradient import DeferredGrad, put_grad
from ...core.handle import Handle, wrap
from .lock import STATE
from .outputs import Array, Output

Owner = Handle | int  # a tensor, or the place of an argument


class Left(DeferredGrad):
    """One gradient that a program has left, or is about to."""

    __slots__ = ("__weakref__", "array", "index", "is_withdrawn", "made", "program")

    def __init__(self, program: ref[Gradients], index: int, array: Array) -> None:
        self.program, self.index, self.array = program, index, array
        self.made: Handle | None = None
        self.is_withdrawn = False

    def tensor(self, *, at_once: bool) -> Handle | None:
        """The tensor, whose memory is nobody else's from now on."""
        program = self.program()
        if program is None:
            return self._taken()
        with STATE:
            if self.is_withdrawn:
                return None
            if at_once or not program.is_writing(self):
                program.forget(self)
                return self._taken()
        with program.lock, STATE:  # the step is over, or waits for this very thread
            program.forget(self)
            return self._taken()

    def _taken(self) -> Handle:
        if self.made is None:
            self.made = wrap(self.array)
        return self.made

    def replaced(self) -> None:
        """Nobody can ask for it any more: large memory is given back."""
        program = self.program()
        if program is not None:
            with STATE:
                program.forget(self)


class Gradients:
    """The gradients that a program leaves, each with its owner, its memory and its address.

    `lock` is held by whoever runs the program; `addresses` is the program's table.
    """

    def __init__(
        self,
        owners: Sequence[Owner],
        cleared: Sequence[Owner],
        outputs: Sequence[Output],
        addresses: memoryview[int],
    ) -> None:
        self.owners, self.cleared, self.outputs = owners, cleared, outputs
        self.addresses = addresses
        self.lock = threading.RLock()
        self._lefts: list[Left | None] = [None] * len(owners)
        self._missing = list(range(len(owners)))  # those without memory
        self._new: list[Left] = []  # those that are not in `.grad` yet
        self._writing = False
        self._self = ref(self)

    def begin(self) -> None:
        """Have memory for all."""
        self._writing = True
        for i in self._missing:
            array, self.addresses[self.outputs[i].slot] = self.outputs[i].fresh()
            left = self._lefts[i] = Left(self._self, i, array)
            self._new.append(left)
        if self._missing:
            self._missing = []

    def withdraw(self) -> None:
        """Take out of each `.grad` what is written over, until it is left there again.

        Nobody is to wait for a long run who asks for a gradient: there is none, as in the middle of
        every step that begins without.
        """
        for left in self._already_left():
            owner = self.owners[left.index]
            if isinstance(owner, Handle) and owner._grad is left:
                owner._grad, left.is_withdrawn = None, True
                self._new.append(left)

    def leave(self, arguments: Sequence[Any] | None = None) -> None:
        """After a step: put into each `.grad` what belongs there.

        Without the `arguments`, those whose owner is among them go nowhere.
        """
        if self._new or self.cleared:
            with STATE:
                self._put_new(arguments)
                self._clear(self.cleared, arguments)
        self._writing = False

    def _put_new(self, arguments: Sequence[Any] | None) -> None:
        for left in self._new:
            left.is_withdrawn = False
            owner = self._owner(self.owners[left.index], arguments)
            if owner is not None:
                put_grad(owner, left)
            if type(self.owners[left.index]) is int:
                self.forget(left)  # the next call has another argument
        self._new = []

    def lose(self) -> None:
        """After a step that failed: what it wrote over, and nobody had seen, is no gradient."""
        with STATE:
            for left in self._already_left():
                owner = self.owners[left.index]
                if isinstance(owner, Handle) and owner._grad is left:
                    put_grad(owner, None)
            self._writing = False

    def leave_nothing(self) -> None:
        """After steps of which the last, that was to leave gradients, failed."""
        with STATE:
            self._clear((*self.owners, *self.cleared), None)
            self.forget_all()
            self._writing = False

    def end(self) -> None:
        """The step is over, whatever became of it."""
        self._writing = False

    def is_writing(self, left: Left) -> bool:
        """Whether a step writes this memory now."""
        return self._writing and self._lefts[left.index] is left

    def forget(self, left: Left) -> None:
        """Write there no more."""
        if self._lefts[left.index] is left:
            self._lefts[left.index] = None
            self._missing.append(left.index)

    def forget_all(self) -> None:
        """Write there no more; what is in a `.grad` stays there."""
        self._lefts = [None] * len(self.owners)
        self._missing, self._new = list(range(len(self.owners))), []

    def written_over(self) -> set[Any]:
        """Those whose memory is being written now."""
        return {*self._lefts} if self._writing else set()

    def arrays(self) -> list[Array]:
        """The memory of all, as it was given out last."""
        return [left.array for left in self._lefts if left is not None]

    def _already_left(self) -> list[Left]:
        new = set(map(id, self._new))
        return [left for left in self._lefts if left is not None and id(left) not in new]

    def _clear(self, owners: Sequence[Owner], arguments: Sequence[Any] | None) -> None:
        for place in owners:
            owner = self._owner(place, arguments)
            if owner is not None:
                put_grad(owner, None)

    @staticmethod
    def _owner(place: Owner, arguments: Sequence[Any] | None) -> Any:
        if type(place) is not int:
            return place
        return None if arguments is None else arguments[place]
