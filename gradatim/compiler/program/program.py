"""A compiled function: called like the function, and run as machine code."""

from __future__ import annotations

import copy
import functools
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...core.arguments import at_least_one
from ...core.context import local
from ..errors import TraceError
from ..guards.held import reference_to
from ..machine.target import host, named
from ..runtime.binding import Binding
from ..runtime.inputs import Stale
from ..runtime.sharing import Overlap
from ..show.explain import Explanation, check_asked
from ..show.profile import Profile, profile
from ..trace.arguments import flatten
from ..trace.tracer import Tracer
from .export import asked_for, export
from .repeat import EXPLAIN, GO_ON, repeat
from .variants import CompiledFunction, key_of


class Program(CompiledFunction):
    """A function of tensors that runs as machine code.

    It is traced at its first call, and again for other shapes, dtypes and settings. Tensors that it
    reads without being given them are captured, and what it writes is written in place.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, 2.0])
    >>> double = Program(lambda x: x * 2)
    >>> double(x)
    tensor([2., 4.])
    """

    # What compiled modules have beside their own attributes.
    methods = ("explain", "export", "function", "history", "profile", "repeat", "variants")

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the function, with its side effects."""
        __tracebackhide__ = True  # an error in the user's function shows the user's frames only
        if self.is_plain():
            return self.function(*args, **kwargs)
        flat = flatten(args, kwargs)
        while True:
            try:
                for binding in self.variants.get(key_of(flat), ()):
                    outputs = binding.run_if_it_holds(flat.tensors)
                    if outputs is not None:
                        break
                else:
                    binding = self.fitting(flat)
                    outputs = binding.run(flat.tensors)
            except Stale:
                continue
            except Overlap as why:
                self.say_overlap(why)
                return self.function(*args, **kwargs)
            self._turn += 1
            binding.turn = self._turn
            return binding.finish(binding.traced, outputs, flat.tensors)

    def repeat(self, steps: int, *inputs: Any, check_finite: bool = True) -> Any:
        """Run the function `steps` times in native code.

        Every input is a tensor of `steps` rows, and each step is given one row. Results of one
        element are returned stacked, (steps,); others are those of the last step. Every 50
        milliseconds Python checks for signals: Ctrl-C stops between two steps.

        Errors: ArgumentError for less than one step; ShapeError for an input with another number of
        rows; NotFiniteError if a number that is returned becomes nan. It names the first operation
        that produced nan or infinity, and leaves everything as it was before that step. With
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
        """A printed report on the compiled function: equations, loop nests, or one `stage`.

        Stages are "trace", the name of a pass, "passes", "schedule", "llvm" and "assembly"; `nest`
        is the number of one loop nest, from 1; `target` another processor, such as "x86-64-v3".
        It describes the program for these arguments, or the last one if there are none; nothing is
        run.

        Errors: ArgumentError for an unknown stage, nest or target.

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
        """How long each loop nest takes, beside the least time possible on this machine.

        Runs the step for these arguments `steps` times, by default for a moment, and undoes its
        effects; `str` of the result is a table.

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
        """Write a forward pass as an object file with its weights, and a C header.

        The shapes are those of `args`; `target` is a processor, such as "x86-64-v3", if not this
        very one. Returns the path of the header, which documents how to call it.

        Errors: ArgumentError for what is no forward pass (draws, writes in place, gradients), for
        a name that is not valid in C, and for a path that cannot be a folder.
        """
        place, aim = asked_for(folder, name, target)
        return export(self.binding(flatten(args, {})), self._name, place, name, aim)

    def _asked_about(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Binding:
        """The program for these arguments; without any, the last one compiled."""
        compiled = [known for known in self.variants.values() if known]
        if compiled and not args and not kwargs:
            return compiled[-1][0].plain()
        return self.binding(flatten(args, kwargs))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A compiled method: each object has a program of its own."""
        if instance is None:
            return self
        if isinstance(instance, type):  # within a `classmethod`: the class is an argument
            return types.MethodType(self, instance)
        place = f"_compiled_{self._name}"
        if not hasattr(instance, "__dict__"):
            raise TypeError(
                f"gradatim.compile: {type(instance).__name__}.{self._name} cannot be compiled: its "
                "objects have no __dict__ where their program could be kept"
            )
        method = instance.__dict__.get(place)
        while method is not None and not method.is_of(self.function):  # `super().step`, a lambda
            place += "_"
            method = instance.__dict__.get(place)
        if method is None or method.owner() is not instance:  # copied from another object
            method = Method(types.MethodType(self.function, instance))
            instance.__dict__[place] = method
        return method.of(instance)

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        return Program(copy.deepcopy(self.function, memo))

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By name, or as a function to be compiled again: machine code is not pickled."""
        module, name = self.function.__module__, getattr(self, "__qualname__", "")
        if getattr(sys.modules.get(module), name, None) is self:
            return name
        return Program, (self.function,)

    def __repr__(self) -> str:
        return f"<compiled {self._name}>"


class Method(Program):
    """The program of an object's method, stored in the object, so it does not own the object.

    `thing.step` is this program bound to its object: like a bound method, it keeps the object
    alive. All bound forms share one state.
    """

    __slots__ = ("holds", "owner")
    owner: Callable[[], Any]
    holds: bool  # whether it keeps the object alive

    @property
    def function(self) -> Callable[..., Any]:
        """The method, not compiled."""
        return types.MethodType(self._written, self.owner())

    @function.setter
    def function(self, method: Any) -> None:
        self._written: Callable[..., Any] = method.__func__
        self.owner, self.holds = reference_to(method.__self__), False

    # `inspect` looks here for the signature; `update_wrapper` would keep the object alive.
    __wrapped__ = property(lambda self: self.function, lambda self, method: None)

    def of(self, thing: Any) -> Method:
        """The same program, bound to its object."""
        bound = object.__new__(Method)
        bound.__dict__ = self.__dict__
        bound.owner, bound.holds = lambda: thing, True
        return bound

    def is_of(self, function: Any) -> bool:
        """Whether this is the function the class compiled, not another of the same name."""
        return self._written is function

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Bound, that of the object's copy; else None, and it is compiled again for the copy."""
        if not self.holds:
            return None
        method: Any = copy.deepcopy(self.function, memo)
        return Method(method).of(method.__self__)

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, like a bound method."""
        return (getattr, (self.owner(), self._name)) if self.holds else (type(None), ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and other.__dict__ is self.__dict__

    def __hash__(self) -> int:
        return id(self.__dict__)
