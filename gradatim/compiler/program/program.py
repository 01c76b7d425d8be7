"""A compiled function: called like the function, with machine code behind it."""

from __future__ import annotations

import copy
import functools
import inspect
import os
import sys
import threading
import types
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...core import dtypes
from ...core.backend import Eager
from ...core.context import local
from ..back.through import Through
from ..errors import TraceError
from ..machine import engine
from ..machine.target import host, named
from ..pipeline.compiled import compiled_of
from ..runtime.binding import GRADIENTS, Binding
from ..runtime.inputs import Stale
from ..runtime.lock import STATE
from ..runtime.sharing import Overlap
from ..show.explain import Explanation, check_asked
from ..show.profile import Profile, profile
from ..trace.arguments import Flat, flatten, is_gone
from ..trace.naming import names_of
from ..trace.trace import Tracer
from ..trace.watched import traced_and_watched, warn, warn_of_changes
from ..whole import at_least_one
from .export import asked_for, export
from .repeat import EXPLAIN, GO_ON, repeat

VARIANTS = 8  # how many traces of one kind of arguments are kept
KINDS = 64  # and of how many kinds
CHANGED = "changed:"


class Program:
    """A function of tensors whose work is done by machine code.

    It is traced when it is first called, and again for other shapes, dtypes and settings. What it
    reads without being given it is found by itself, and what it writes is written in place.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, 2.0])
    >>> double = Program(lambda x: x * 2)
    >>> double(x)
    tensor([2., 4.])
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        check_function(function)
        self.__name__ = type(function).__name__
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.variants: dict[Any, list[Binding]] = {}
        self.history: list[str] = []  # why it was traced, each time
        self._said: set[str] = set()
        self._turn = 0
        self._compiling = threading.RLock()
        _programs.add(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns; what it changes is changed."""
        if self.is_plain():
            return self.function(*args, **kwargs)
        flat = flatten(args, kwargs)
        while True:
            try:
                for binding in self.variants.get(_key(flat), ()):
                    found = binding.run_if_it_holds(flat.tensors)
                    if found is not None:
                        break
                else:
                    binding = self._fitting(flat)
                    found = binding.run(flat.tensors)
            except Stale:
                continue
            except Overlap as why:
                self.say_overlap(why)
                return self.function(*args, **kwargs)
            self._turn += 1
            binding.turn = self._turn
            return binding.finish(binding.traced, found, flat.tensors)

    def repeat(self, steps: int, *inputs: Any, check_finite: bool = True) -> Any:
        """Run the function so many times in native code.

        Of every input, a tensor of `steps` rows, each step is given one row. Results of one number
        come back stacked, (steps,); others are those of the last step. Every 50 milliseconds Python
        may look around: Ctrl-C stops between two steps.

        Errors: ArgumentError for less than one step; ShapeError for an input with another number of
        rows; NotFiniteError if a number that is returned becomes nan. It names the first operation
        that made nan or infinity, and leaves everything as it was before that step. With
        `check_finite=False` the steps go on.

        >>> import gradatim
        >>> x = gradatim.tensor(1.0)
        >>> step = Program(lambda: x.mul_(2))
        >>> step.repeat(3)
        tensor([2., 4., 8.])
        """
        if isinstance(local.context.backend, Tracer):
            raise TraceError(
                f"compile: {self._name}.repeat() is called in a function that is traced itself; "
                "call it outside, or write the loop there"
            )
        return repeat(self, steps, inputs, EXPLAIN if check_finite else GO_ON)

    def explain(
        self,
        *args: Any,
        stage: str | None = None,
        nest: int | None = None,
        target: str | None = None,
        **kwargs: Any,
    ) -> str:
        """What became of the function, to be read: equations, loop nests, or one `stage`.

        Stages are "trace", the name of a pass, "passes", "schedule", "llvm" and "assembly"; `nest`
        is the number of one loop nest, from 1; `target` another processor, such as "x86-64-v3".
        Of the program for these arguments, or of the last one without; nothing is run.

        Errors: ArgumentError for a stage, a nest or a target that is not there.

        >>> import gradatim
        >>> double = Program(lambda x: x * 2)
        >>> print(double.explain(gradatim.ones(3), stage="dce"))
        in   a:float32[3]                        x
             b:float32[3] = repeated[shape=(3), value=2, dtype=float32]
             c:float32[3] = mul a b
        out  c                                   returned
        """
        check_asked(stage, nest)
        aim = host() if target is None else named(target)
        binding = self._asked_about(args, kwargs)
        return Explanation(self._name, binding, self.history, aim).text(stage, nest)

    def profile(self, *args: Any, steps: int | None = None, **kwargs: Any) -> Profile:
        """How long each loop nest takes, beside what the machine could do at most.

        Runs the step `steps` times, by default for a moment, and puts back what that changes; `str`
        of it is a table. Of the program for these arguments.

        Errors: ArgumentError for a number of steps below 1; what the function's own steps raise.
        """
        count = None if steps is None else at_least_one("profile", "steps", steps)
        flat = flatten(args, kwargs)
        return profile(self.binding(flat), self._name, flat.tensors, count)

    def export(
        self,
        folder: str | os.PathLike[str],
        *args: Any,
        name: str = "model",
        target: str | None = None,
    ) -> Path:
        """Write a forward pass as an object file with its weights, and a header for C.

        The function is that for arguments like `args`; `target` is a kind of processor, such as
        "x86-64-v3", instead of this very one. Returns where the header is, which says the rest.

        Errors: ArgumentError for what is no forward pass (draws, writes in place, gradients), for a
        name that C cannot have, and for a folder that cannot be one.
        """
        place, aim = asked_for(folder, name, target)
        return export(self.binding(flatten(args, {})), self._name, place, name, aim)

    @property
    def _name(self) -> str:
        return self.__name__

    def _asked_about(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Binding:
        """The code for these arguments; without any, what was compiled last."""
        made = [known for known in self.variants.values() if known]
        if made and not args and not kwargs:
            return made[-1][0].plain()
        return self.binding(flatten(args, kwargs))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A compiled method: of each object, a program of its own."""
        if instance is None:
            return self
        place = f"_compiled_{self._name}"
        if not hasattr(instance, "__dict__"):
            raise TypeError(
                f"gradatim.compile: {type(instance).__name__}.{self._name} cannot be compiled: its "
                "objects have no __dict__ where their program could be kept"
            )
        found = instance.__dict__.get(place)
        if found is None or found.function.__self__ is not instance:  # another's, that was copied
            found = Program(types.MethodType(self.function, instance))
            instance.__dict__[place] = found
        return found

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        return Program(copy.deepcopy(self.function, memo))

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By its name, or as a function to be compiled again: machine code is not passed on."""
        module, name = self.function.__module__, getattr(self, "__qualname__", "")
        if getattr(sys.modules.get(module), name, None) is self:
            return name
        if isinstance(self.function, types.MethodType):
            return getattr, (self.function.__self__, self._name)
        return Program, (self.function,)

    def __repr__(self) -> str:
        return f"<compiled {self._name}>"

    def is_plain(self) -> bool:
        """Whether the function is to run as it is written.

        So it does inside another trace, which sees all of it; where every operation is watched; and
        without LLVM.
        """
        context = local.context
        if type(context.backend) is not Eager or context.anomaly:
            return True
        return not self.variants and engine.available() is not None

    def say_overlap(self, why: Overlap) -> None:
        """Say once that a call is not compiled, and how it would be."""
        if "overlap" not in self._said:
            self._said.add("overlap")
            warn(
                f"gradatim.compile: {why} share memory that {self._name} writes, so this call runs "
                "as it is written, in NumPy; this is said once. Pass a .clone() of what overlaps"
            )

    def binding(self, flat: Flat) -> Binding:
        """The machine code for arguments like these, with no way back for gradients."""
        return self._fitting(flat).plain()

    def _fitting(self, flat: Flat) -> Binding:
        """The program for arguments like these, made now if there is none."""
        key = _key(flat)
        with STATE:
            found, _ = self._known(key)
        if found is not None:
            return found
        with self._compiling:
            with STATE:
                found, changes = self._known(key)
                if found is not None:
                    return found
                self._note(changes)
                traced, guards, changed = traced_and_watched(self.function, flat, self._name)
            called = names_of(flat, self.function)
            if traced.joint is None:
                binding = Binding(traced, compiled_of(traced), guards, called)
            else:
                binding = Through(traced, traced.joint, guards, called, self._name)
            self._keep(key, binding)
        if changed and "changes" not in self._said:
            self._said.add("changes")
            warn_of_changes(self._name, changed)
        return binding

    def _known(self, key: Any) -> tuple[Binding | None, list[str]]:
        """A binding that fits; or what has changed since each of them was made."""
        changes = []
        for binding in self.variants.get(key, ()):
            change = binding.what_changed()
            if change is None:
                return binding, []
            changes.append(change)
        return None, changes

    def _keep(self, key: Any, binding: Binding) -> None:
        """Keep a binding, and few enough of them."""
        kinds = {k: known for k, known in self.variants.items() if not is_gone(k)}
        kinds[key] = [binding, *kinds.get(key, ())][:VARIANTS]
        while len(kinds) > KINDS:
            del kinds[min((k for k in kinds if k != key), key=lambda k: kinds[k][0].turn)]
        self.variants = kinds

    def _note(self, changes: list[str]) -> None:
        """Keep why the function is traced again, and say it the first time."""
        if not changes:
            self.history.append("other types or settings" if self.history else "first call")
            return
        told = [c for c in changes if c != GRADIENTS]
        if told and not any(h.startswith(CHANGED) for h in self.history):
            warn(
                f"gradatim.compile: {told[0]}, so {self._name} is traced again; this is said "
                "once. Pass what changes often as a float or a tensor"
            )
        self.history.append(f"{CHANGED} {told[0]}" if told else GRADIENTS)


def _key(flat: Flat) -> Any:
    """What has to be equal for two calls to have one program."""
    return flat.key, local.context.grad_enabled, dtypes.get_default_dtype()


_programs: weakref.WeakSet[Program] = weakref.WeakSet()


def _after_fork() -> None:
    """A child has one thread: nobody else is compiling."""
    for program in list(_programs):
        program._compiling = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def check_function(function: Any) -> None:
    """Refuse what is no function, or one whose steps Python wants to do one after the other."""
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
