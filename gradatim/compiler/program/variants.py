"""A function and its compiled programs: variants for each kind of arguments."""

from __future__ import annotations

import inspect
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ...core import dtypes
from ...core.backend import Eager
from ...core.context import local
from ..backward.differentiable import DifferentiableBinding
from ..guards.assignments import Entry
from ..machine import engine
from ..pipeline.compiled import compiled_of
from ..pipeline.uncollected import uncollected
from ..runtime.binding import Binding
from ..runtime.lock import STATE
from ..runtime.sharing import Overlap
from ..trace.arguments import Flat, is_gone
from ..trace.foreign_draws import drawn_since, generator_states
from ..trace.naming import names_of
from ..trace.watched import traced_and_watched, warn, warn_of_changes, warn_of_draws
from .retracing import Retracing

VARIANTS = 8  # programs kept per kind of arguments
KINDS = 64  # kinds of arguments kept


class CompiledFunction:
    """The programs of one function, compiled on demand, and the reason for each."""

    def __init__(self, function: Callable[..., Any]) -> None:
        check_function(function)
        self.__name__ = type(function).__name__
        self.function = function
        self.variants: dict[Any, list[Binding]] = {}
        self._warned: set[str] = set()
        self._turn = 0
        self._retracing = Retracing()
        self._compiling = threading.RLock()
        _functions.add(self)

    @property
    def history(self) -> list[str]:
        """The reason for each trace."""
        return self._retracing.reasons

    @property
    def _name(self) -> str:
        return self.__name__

    def is_plain(self) -> bool:
        """Whether the function is to run eagerly.

        It does so inside another trace, which then sees all of it; in anomaly mode, where every
        operation is watched; without LLVM; and if it had to be traced in every call.
        """
        context = local.context
        if type(context.backend) is not Eager or context.anomaly:
            return True
        if self._retracing.gave_up:
            return True
        return not self.variants and engine.available() is not None

    def say_overlap(self, why: Overlap) -> None:
        """Warn once that a call runs eagerly, and how to avoid it."""
        if "overlap" not in self._warned:
            self._warned.add("overlap")
            warn(
                f"gradatim.compile: {why} share memory that {self._name} writes, so this call runs "
                "eagerly, in NumPy; this warning appears once. Pass a .clone() of what overlaps"
            )

    def binding(self, flat: Flat) -> Binding:
        """The program for arguments like these, without a backward pass."""
        return self.fitting(flat).plain()

    def fitting(self, flat: Flat) -> Binding:
        """The program for arguments like these, compiled now if there is none."""
        __tracebackhide__ = True
        key = key_of(flat)
        with STATE:
            known, _ = self._known(key)
        if known is not None:
            return known
        with self._compiling:
            with STATE:
                known, changes = self._known(key)
                if known is not None:
                    return known
                states = self._retracing.states
                moved = states.new(self._moved(key))
                self._retracing.note(self._name, self._turn, changes, is_settled=bool(moved))
                states.add(moved)
                before = generator_states()
                with uncollected():
                    traced, guards, changed = traced_and_watched(
                        self.function, flat, self._name, states
                    )
                drawn = drawn_since(before)
            called = names_of(flat, self.function)
            if traced.joint is None:
                binding = Binding(traced, compiled_of(traced), guards, called)
            else:
                binding = DifferentiableBinding(traced, traced.joint, guards, called, self._name)
            self._keep(key, binding)
        if drawn and "draws" not in self._warned:
            self._warned.add("draws")
            warn_of_draws(self._name, drawn)
        if changed and "changes" not in self._warned:
            self._warned.add("changes")
            warn_of_changes(self._name, changed)
        return binding

    def _known(self, key: Any) -> tuple[Binding | None, list[str]]:
        """A program whose guards hold; or None, and what changed since each was compiled."""
        changes = []
        for binding in self.variants.get(key, ()):
            change = binding.what_changed()
            if change is None:
                return binding, []
            changes.append(change)
        return None, changes

    def _moved(self, key: Any) -> list[Entry]:
        """Places that hold other tensors than when the latest program was compiled."""
        return [e for binding in self.variants.get(key, ())[:1] for e in binding.guards.replaced()]

    def _keep(self, key: Any, binding: Binding) -> None:
        """Keep a new program; evict the oldest of its kind, or the least recently used kind."""
        kinds = {k: known for k, known in self.variants.items() if not is_gone(k)}
        kinds[key] = [binding, *kinds.get(key, ())][:VARIANTS]
        while len(kinds) > KINDS:
            del kinds[min((k for k in kinds if k != key), key=lambda k: kinds[k][0].turn)]
        self.variants = kinds


def key_of(flat: Flat) -> Any:
    """What has to be equal for two calls to share a program."""
    return flat.key, local.context.grad_enabled, dtypes.get_default_dtype()


_functions: weakref.WeakSet[CompiledFunction] = weakref.WeakSet()


def _after_fork() -> None:
    """A child process has one thread, so no compilation is under way in it."""
    for function in list(_functions):
        function._compiling = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def check_function(function: Any) -> None:
    """Refuse what is not a function, or is one that runs piece by piece."""
    if not callable(function):
        raise TypeError(f"compile: expects a function, got {type(function).__name__}")
    kinds = {
        "a generator": (inspect.isgeneratorfunction, inspect.isasyncgenfunction),
        "an async function": (inspect.iscoroutinefunction,),
    }
    for kind, tests in kinds.items():
        if any(test(function) for test in tests):
            raise TypeError(
                f"compile: {getattr(function, '__name__', function)} is {kind}, which runs piece "
                "by piece; compile the function that does one step"
            )
