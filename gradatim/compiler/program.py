"""A compiled function: called like the function, with machine code behind it."""

from __future__ import annotations

import functools
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core import dtypes
from ..core.context import local
from ..core.handle import wrap
from . import engine
from .arguments import Flat, flatten, unflatten
from .binding import GRADIENTS, Binding
from .compiled import compile_graph
from .explain import Explanation
from .export import export
from .guards import Watch
from .lower.target import host, named
from .naming import names_of
from .profile import Profile, profile
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
        binding = self._asked_about(args, kwargs)
        aim = host() if target is None else named(target)
        return Explanation(self._name, binding, self.history, aim).text(stage, nest)

    def profile(self, *args: Any, steps: int | None = None, **kwargs: Any) -> Profile:
        """How long each loop nest takes, beside what the machine could do at most.

        Runs the step `steps` times, by default for a moment, and puts back what that changes; `str`
        of it is a table. Of the program for these arguments.

        Errors: ArgumentError for a number of steps below 1; what the function's own steps raise.
        """
        flat = flatten(args, kwargs)
        return profile(self.binding(flat), self._name, flat.tensors, steps)

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

        Errors: ArgumentError for what is no forward pass: draws, writes in place, gradients.
        """
        flat = flatten(args, {})
        return export(self.binding(flat), self._name, folder, name, target)

    @property
    def _name(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)

    def _asked_about(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Binding:
        """The code for these arguments; without any, what was compiled last."""
        made = [known for known in self.variants.values() if known]
        if made and not args and not kwargs:
            return made[-1][0]
        return self.binding(flatten(args, kwargs))

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
                f"gradatim.compile: {told[0]}, so {self._name} is traced again; this is said "
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
        called = names_of(flat, self.function)
        return Binding(traced, compiled_of(traced), watch.guards(traced.looked), called)


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
