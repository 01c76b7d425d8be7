"""The current thread's mode: which backend executes, and whether the tape records."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .backend import Backend, Eager

if TYPE_CHECKING:
    from types import TracebackType


class Context:
    """The mode of one thread: the backend, recording on the tape, and anomaly detection."""

    __slots__ = ("anomaly", "backend", "grad_enabled")

    def __init__(self) -> None:
        self.backend: Backend = Eager()
        self.grad_enabled = True
        self.anomaly = False


class _Local(threading.local):
    def __init__(self) -> None:
        self.context = Context()


local = _Local()


@contextmanager
def using(backend: Backend) -> Iterator[Backend]:
    """Let `backend` execute every primitive of this thread inside the block."""
    context = local.context
    previous, context.backend = context.backend, backend
    try:
        yield backend
    finally:
        context.backend = previous


class GradMode:
    """Turn the tape on or off inside a `with` block, which may be nested."""

    __slots__ = ("_enabled", "_previous")

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        context = local.context
        self._previous.append(context.grad_enabled)
        context.grad_enabled = self._enabled

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        local.context.grad_enabled = self._previous.pop()
