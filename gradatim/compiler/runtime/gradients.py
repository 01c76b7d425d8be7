"""What a program leaves in `.grad`: memory that is reused until somebody asks for the gradient.

New tensors for 53 gradients, and memory for each, took longer than all else that Python does for a
step of a small transformer (150 of 550 microseconds). So gradients are deferred
(`core/gradient.py`): one that was neither read nor replaced costs nothing in the next call.
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

Owner = Handle | int  # a tensor, or the index of an argument


class Left(DeferredGrad):
    """A gradient that a program has left in `.grad`, or is about to."""

    __slots__ = ("__weakref__", "array", "index", "is_withdrawn", "made", "program")

    def __init__(self, program: ref[Gradients], index: int, array: Array) -> None:
        self.program, self.index, self.array = program, index, array
        self.made: Handle | None = None
        self.is_withdrawn = False

    def tensor(self, *, at_once: bool) -> Handle | None:
        """The tensor; the program does not write to its memory any more."""
        program = self.program()
        if program is None:
            return self._taken()
        with STATE:
            if self.is_withdrawn:
                return None
            if at_once or not program.is_writing(self):
                program.forget(self)
                return self._taken()
        with program.lock, STATE:  # the step is over, or this very thread runs it
            program.forget(self)
            return self._taken()

    def _taken(self) -> Handle:
        if self.made is None:
            self.made = wrap(self.array)
        return self.made

    def replaced(self) -> None:
        """Nobody can ask for it any more: release the memory."""
        program = self.program()
        if program is not None:
            with STATE:
                program.forget(self)


class Gradients:
    """The gradients of a program, each with its owner, its memory and its address.

    `lock` is held while the program runs; `addresses` is the program's table.
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
        self._missing = list(range(len(owners)))  # indices without memory
        self._new: list[Left] = []  # not in `.grad` yet
        self._writing = False
        self._self = ref(self)

    def begin(self) -> None:
        """Before a step: allocate the memory that is missing."""
        self._writing = True
        for i in self._missing:
            array, self.addresses[self.outputs[i].slot] = self.outputs[i].fresh()
            left = self._lefts[i] = Left(self._self, i, array)
            self._new.append(left)
        if self._missing:
            self._missing = []

    def withdraw(self) -> None:
        """Remove from each `.grad` what will be overwritten, until it is left there again.

        Reading a gradient must not wait for a long run: meanwhile it is None, as it is in the
        middle of every step that starts without gradients.
        """
        for left in self._already_left():
            owner = self.owners[left.index]
            if isinstance(owner, Handle) and owner._grad is left:
                owner._grad, left.is_withdrawn = None, True
                self._new.append(left)

    def leave(self, arguments: Sequence[Any] | None = None) -> None:
        """After a step: put the gradients into their `.grad`.

        Without the `arguments`, gradients of arguments are dropped.
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
                self.forget(left)  # the next call may have another argument
        self._new = []

    def lose(self) -> None:
        """After a failed step: drop gradients that it overwrote and nobody had read."""
        with STATE:
            for left in self._already_left():
                owner = self.owners[left.index]
                if isinstance(owner, Handle) and owner._grad is left:
                    put_grad(owner, None)
            self._writing = False

    def leave_nothing(self) -> None:
        """After steps whose last one, the only one to leave gradients, has failed."""
        with STATE:
            self._clear((*self.owners, *self.cleared), None)
            self.forget_all()
            self._writing = False

    def end(self) -> None:
        """After a step, whatever its outcome."""
        self._writing = False

    def is_writing(self, left: Left) -> bool:
        """Whether a step is writing this memory now."""
        return self._writing and self._lefts[left.index] is left

    def forget(self, left: Left) -> None:
        """Do not write to this memory any more."""
        if self._lefts[left.index] is left:
            self._lefts[left.index] = None
            self._missing.append(left.index)

    def forget_all(self) -> None:
        """Do not write to any of the memory; what is in a `.grad` stays there."""
        self._lefts = [None] * len(self.owners)
        self._missing, self._new = list(range(len(self.owners))), []

    def written_over(self) -> set[Any]:
        """The gradients whose memory is being written now."""
        return {*self._lefts} if self._writing else set()

    def arrays(self) -> list[Array]:
        """The memory of all gradients, as last allocated."""
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
