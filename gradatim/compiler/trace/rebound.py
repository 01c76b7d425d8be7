"""Buffers that a function replaces by other tensors, as `self.count = self.count + 1` does.

A program has no names, only memory: the new value is written into the old tensor. No one else may
hold that tensor, or they would see it change. So a buffer that is rebound for the first time is
given a tensor of its own, and the function is traced again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ...core.handle import Handle, wrap
from ...core.storage import Storage
from ...core.tape import history
from ..errors import TraceError
from ..user_line import user_line

_own: WeakValueDictionary[int, Any] = WeakValueDictionary()  # tensors held by a buffer alone


class TraceAgain(Exception):
    """The trace has to be repeated, now that something has been prepared for it."""


@dataclass(frozen=True, eq=False)
class Buffer:
    """An entry of a module's table of buffers, its old tensor, and where it was first rebound."""

    table: dict[str, Any]
    name: str
    was: Any
    line: str

    @property
    def is_rebound(self) -> bool:
        """Whether it is another tensor now."""
        new = self.table.get(self.name)
        return isinstance(new, Handle) and new is not self.was


class Rebound:
    """The buffers that a function rebinds while it is traced."""

    def __init__(self) -> None:
        self.buffers: dict[tuple[int, str], Buffer] = {}

    def note(self, table: dict[str, Any], name: str) -> None:
        """Record that a buffer is about to be replaced."""
        key = id(table), name
        if key not in self.buffers:
            self.buffers[key] = Buffer(table, name, table[name], user_line())

    def storages(self) -> frozenset[Storage]:
        """The old tensors' memory, which is overwritten even if the old tensor is returned."""
        return frozenset(b.was._storage for b in self._rebound() if isinstance(b.was, Handle))

    def settled(self) -> list[Buffer]:
        """The buffers that were rebound, whose new values may be written into the old tensors.

        Errors: TraceError if one cannot be; TraceAgain if an old tensor may have had other holders.
        """
        rebound = self._rebound()
        for buffer in rebound:
            _check(buffer)
        strange = [b for b in rebound if _own.get(id(b.was)) is not b.was]
        if strange:
            self.put_back()
            for buffer in strange:
                buffer.table[buffer.name] = new = wrap(np.array(buffer.was._value, order="C"))
                _own[id(new)] = new
            self.buffers.clear()
            raise TraceAgain
        return rebound

    def put_back(self) -> None:
        """Restore the old tensors in the modules."""
        for buffer in self._rebound():
            buffer.table[buffer.name] = buffer.was

    def _rebound(self) -> list[Buffer]:
        return [b for b in self.buffers.values() if b.is_rebound]


def _check(buffer: Buffer) -> None:
    """Refuse a tensor whose type does not match the old one, or that has a history."""
    was, new = buffer.was, buffer.table[buffer.name]
    start = f"compile: {buffer.line} gives the buffer '{buffer.name}' "
    if not isinstance(was, Handle):
        raise TraceError(f"{start}a tensor where it was {was}; do that before the first call")
    if was._type != new._type:
        raise TraceError(
            f"{start}another shape or dtype ({_kind(new)} instead of {_kind(was)}); do that outside"
        )
    if history(was) is not None or history(new) is not None:
        raise TraceError(f"{start}a tensor with a history; assign its .detach()")


def _kind(x: Handle) -> str:
    return f"{x._type.dtype}{[*x._type.shape]}"
