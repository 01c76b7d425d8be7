"""Traces a function with guards: what it computed, what it read, and what it changed in Python."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from ..guards.assignments import Entry
from ..guards.check import Guards
from ..guards.held import Held
from ..guards.place import Location
from ..guards.watch import Watch
from ..user_line import is_users
from .arguments import Flat, changed_containers, objects_of, unflatten
from .assigned import Alike, Effect, TraceAgain, again, described
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

    dropped: list[Entry] = []
    while True:
        watch = Watch(function, objects_of(flat))
        try:
            traced, guards = _once(watch, on_tensors, flat, name, states)
        except TraceAgain as why:
            states.add(why.states)
            states.refuse(why.others)
        except Exception as error:
            if not (numbers := states.numbers()):
                states.admit(dropped)  # they were not the reason
                raise
            states.refuse(numbers)  # it may need them as numbers
            dropped += numbers
            line, asks, _ = str(error).removeprefix("compile: ").partition(" asks for the value")
            states.needs_number = line if asks else ""
        else:
            return traced, guards, [*filled, *watch.changed_by_trace]
        finally:
            watch.forget()


def _once(
    watch: Watch, on_tensors: Any, flat: Flat, name: str, known: States
) -> tuple[Traced, Guards]:
    __tracebackhide__ = True
    with known.standing_in() as states:
        with watch:
            traced = trace(
                on_tensors,
                flat.tensors,
                name,
                lambda: watch.assigned(partial(again, states)),
                states,
            )
        if new := known.new(e for k in traced.kept for e in k.could_be):
            raise TraceAgain(states=new)
    if unfit := [e for e in known.numbers() if watch.needs_type(e)]:
        raise TraceAgain(others=unfit)
    overwritten = [k for k in traced.kept if k.effect is Effect.OVERWRITES]
    instead: dict[Location, Held] = {
        k.entry.location: Alike(k.was if watch.is_read(k.entry) else None) for k in overwritten
    }
    for s in traced.states:
        whole = s.entry.outermost()
        is_part = whole is not s.entry
        instead[whole.location] = Alike(described(whole.now())) if is_part else s
    return traced, watch.guards(traced.looked, instead)


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
