"""Traces a function with guards: what it computed, what it read, and what it changed in Python."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import TraceError
from ..guards.check import Guards
from ..guards.watch import Watch
from ..user_line import is_users
from .arguments import Flat, changed_containers, objects_of, unflatten
from .rebound import TraceAgain
from .trace import trace
from .traced import Traced


def traced_and_watched(
    function: Callable[..., Any], flat: Flat, name: str
) -> tuple[Traced, Guards, list[str]]:
    """What a function does, what must stay unchanged, and what it changed in Python.

    A function that stores a traced tensor somewhere is traced again: the next step would find that
    tensor where the first found nothing. If it only replaces it by another one, that is fine.

    Errors: TraceError, if it cannot be traced, or reads what it stored.
    """

    __tracebackhide__ = True
    filled: list[str] = []

    def on_tensors(*tensors: Any) -> Any:
        __tracebackhide__ = True
        args, kwargs = unflatten(flat, tensors)
        returned = function(*args, **kwargs)
        filled[:] = changed_containers(flat, tensors, (args, kwargs))
        return returned

    def once() -> tuple[Traced, Guards, Watch]:
        __tracebackhide__ = True
        while True:
            with Watch(function, objects_of(flat)) as watch, suppress(TraceAgain):
                traced = trace(on_tensors, flat.tensors, name)
                break
        return traced, watch.guards(traced.looked), watch

    traced, guards, watch = once()
    changed = watch.changed_by_trace
    if watch.kept_tensors:
        try:
            traced, guards, _ = once()
        except TraceError as error:
            kept = ", ".join(watch.kept_tensors[:3])
            raise TraceError(
                f"{error}. It is kept in {kept}: if only the first step makes it, do that step "
                "before compiling"
            ) from None
    return traced, guards, [*filled, *changed]


def warn(text: str) -> None:
    """A warning at the line of the user's that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and not is_users(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, stacklevel=level)


def warn_of_changes(name: str, changed: list[str]) -> None:
    """Warn that Python code in a step runs during the trace only."""
    shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
    warn(
        f"gradatim.compile: {name} changes {shown}, but Python runs only while a function is "
        "traced, not in every call; this warning appears once. Keep what changes in a tensor made "
        "before the first call (in a module, a buffer: register_buffer) and write into it (copy_, "
        "add_); or change it outside"
    )
