"""Traces a function with guards: what it computed, what it read, and what it changed in Python."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

from ..guards.check import Guards
from ..guards.watch import Watch
from ..user_line import is_users
from .arguments import Flat, changed_containers, objects_of, unflatten
from .assigned import Effect, TraceAgain, is_repeatable
from .states import States
from .trace import trace
from .traced import Traced


def traced_and_watched(
    function: Callable[..., Any], flat: Flat, name: str, states: States
) -> tuple[Traced, Guards, list[str]]:
    """What a function does, what must stay unchanged, and what it changed in Python.

    It is traced again when it turns out that a place is a state: these are collected in `states`.
    Errors: TraceError, if it cannot be traced.
    """

    __tracebackhide__ = True
    filled: list[str] = []

    def on_tensors(*tensors: Any) -> Any:
        __tracebackhide__ = True
        args, kwargs = unflatten(flat, tensors)
        returned = function(*args, **kwargs)
        filled[:] = changed_containers(flat, tensors, (args, kwargs))
        return returned

    while True:
        try:
            traced, guards, changed = _once(function, on_tensors, flat, name, states)
        except TraceAgain as again:
            states.add(again.states)
            states.refuse(again.others)
        except Exception as error:
            if not (numbers := states.numbers()):
                raise
            states.refuse(numbers)  # it may need them as numbers
            line, asks, _ = str(error).removeprefix("compile: ").partition(" asks for the value")
            states.needs_number = line if asks else ""
        else:
            return traced, guards, [*filled, *changed]


def _once(
    function: Callable[..., Any], on_tensors: Any, flat: Flat, name: str, known: States
) -> tuple[Traced, Guards, list[str]]:
    __tracebackhide__ = True
    with known.standing_in() as states:
        with Watch(function, objects_of(flat)) as watch:
            traced = trace(
                on_tensors, flat.tensors, name, lambda: watch.assigned(is_repeatable), states
            )
        if new := known.new(k.entry for k in traced.kept if k.could_be_state):
            raise TraceAgain(states=new)
    guards = watch.guards(
        traced.looked,
        [k.entry.location for k in traced.kept if k.effect is Effect.OVERWRITES],
        {s.entry.location: s for s in traced.states},
    )
    return traced, guards, watch.changed_by_trace


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


def warn_of_draws(name: str, generators: list[str]) -> None:
    """Warn that every call will use the numbers that were drawn during the trace."""
    warn(
        f"gradatim.compile: {name} draws from {' and '.join(generators)}, but Python runs only "
        "while a function is traced, so every call gets these same numbers; this warning appears "
        "once. Draw with gradatim (randint, randperm, rand), or pass what was drawn as an argument"
    )
