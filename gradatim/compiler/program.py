"""A compiled function: called like the function, with machine code behind it."""

from __future__ import annotations

import functools
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from ..core import dtypes
from ..core.context import local
from ..core.handle import wrap
from . import engine
from .arguments import Flat, flatten, unflatten
from .binding import GRADIENTS, Binding
from .compiled import compile_graph
from .guards import Watch
from .repeat import repeat
from .scalars import compile_scalars, touches_values
from .trace import Traced, filled, trace

VARIANTS = 8  # how many traces of one kind of arguments are kept
CHANGED = "changed:"
SOON = 0.5  # seconds of compiling after which it is said what takes so long


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
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.variants: dict[Any, list[Binding]] = {}
        self.history: list[str] = []  # why it was traced, each time

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns; what it changes is changed."""
        flat = flatten(args, kwargs)
        return self._run(self.binding(flat), flat)

    def repeat(self, steps: int, *inputs: Any) -> Any:
        """Run the function so many times in native code.

        Of every input, a tensor of `steps` rows, each step is given one row. Results of one number
        come back stacked, (steps,); others are those of the last step.

        >>> import gradatim
        >>> x = gradatim.tensor(1.0)
        >>> step = Program(lambda: x.mul_(2))
        >>> step.repeat(3)
        tensor([2., 4., 8.])
        """
        return repeat(self, steps, inputs)

    def _run(self, binding: Binding, flat: Flat) -> Any:
        arrays = binding.run(flat.tensors)
        return self.finished(binding, [None if a is None else wrap(a) for a in arrays])

    @staticmethod
    def finished(binding: Binding, found: list[Any]) -> Any:
        """Put gradients where they belong; what the function returned, filled with tensors."""
        traced = binding.traced
        grads = found[traced.result_count + len(traced.written) :]
        for t, grad in zip(traced.grads, grads, strict=True):
            t._grad = grad
        return filled(traced.results, found)

    def binding(self, flat: Flat) -> Binding:
        """The machine code for arguments like these, made now if there is none."""
        key = (flat.key, local.context.grad_enabled, dtypes.get_default_dtype())
        known = self.variants.setdefault(key, [])
        changes = []
        for binding in known:
            change = binding.what_changed()
            if change is None:
                return binding
            changes.append(change)
        self._note(changes)
        binding = self._compile(flat)
        known.insert(0, binding)
        del known[VARIANTS:]
        return binding

    def _note(self, changes: list[str]) -> None:
        """Keep why the function is traced again, and say it the first time."""
        if not changes:
            self.history.append("other types or settings" if self.history else "first call")
            return
        told = [c for c in changes if c != GRADIENTS]
        if told and not any(h.startswith(CHANGED) for h in self.history):
            warnings.warn(
                f"gradatim.compile: {told[0]}, so {self.__name__} is traced again; this is said "  # type: ignore[attr-defined]
                "once. Pass what changes often as a float or a tensor",
                stacklevel=4,
            )
        self.history.append(f"{CHANGED} {told[0]}" if told else GRADIENTS)

    def _compile(self, flat: Flat) -> Binding:
        def function(*tensors: Any) -> Any:
            args, kwargs = unflatten(flat, tensors)
            return self.function(*args, **kwargs)

        with Watch(self.function) as watch:
            traced = trace(function, flat.tensors)
        return Binding(traced, compiled_of(traced), watch.guards(traced.looked))


def compiled_of(traced: Traced) -> Any:
    """Machine code for a traced function."""
    begin = time.perf_counter()
    made = compile_graph(traced.graph, traced.updates, traced.result_count)
    seconds = time.perf_counter() - begin
    if seconds > SOON and sys.stderr.isatty():
        print(f"gradatim: compiled in {seconds:.1f} s", file=sys.stderr)
    return made


def compile(function: Callable[..., Any]) -> Any:
    """`function` as machine code: a forward pass, a loss with its gradients, a whole step.

    Use it as a decorator or call it. Without LLVM, or on a machine that LLVM does not know, the
    function is returned as it is, and that is said once.

    Errors: TraceError, when it is called, if it needs the numbers in a tensor to go on.
    """
    why = engine.available()
    if why is not None:
        _say_once(f"gradatim.compile: {why}; functions run as they are written, in NumPy")
        return function
    return compile_scalars(function) if touches_values(function, ()) else Program(function)


@functools.cache
def _say_once(text: str) -> None:
    warnings.warn(text, stacklevel=3)
