"""Run a function as machine code if it can be compiled, and eagerly if not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import shorten
from threading import Timer
from typing import Any

import numpy as np

from .errors import NotFiniteError
from .machine import engine
from .program.program import Program
from .program.repeat import STOP, repeat, row_of
from .trace.arguments import flatten

Array = np.ndarray[Any, Any]
SOON = 0.5  # seconds of compiling after which a terminal is told about it


class Attempt:
    """A function of tensors that is compiled at its first call, if `wanted` and possible.

    What prevents it (a machine without LLVM, a function that reads numbers) is found before
    anything is computed: `warn` is then called with the reason, in one line, and the function runs
    eagerly. It also runs eagerly while `plain` is set, so that its operations can be observed.
    On a terminal, a compilation that takes longer than a moment is announced by `name`.

    >>> import gradatim
    >>> x = gradatim.tensor(1.0)
    >>> Attempt(lambda factor: x.mul_(factor)).repeat(3, gradatim.tensor([2.0, 3.0, 4.0]))
    array([ 2.,  6., 24.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str = "a function",
        wanted: bool = True,
        warn: Callable[[str], None] = lambda why: None,
    ) -> None:
        self.function, self.name, self.warn = function, name, warn
        self.plain = False
        self._program = Program(function) if wanted else None
        self._is_sure = False

    def __call__(self, *inputs: Any) -> Any:
        """The result of the function for these tensors."""
        program = self._ready(inputs)
        return self.function(*inputs) if program is None else program(*inputs)

    def prepare(self, *inputs: Any) -> None:
        """Trace and compile for tensors like these now, without running anything."""
        self._ready(inputs)

    def repeat(self, steps: int, *inputs: Any) -> Array:
        """The numbers that `steps` calls return, each with its row of the inputs: (steps,).

        Fewer if one is nan, which is then the last.
        """
        program = self._ready([row_of(x, 0) for x in inputs])
        if program is None:
            return self._one_by_one(steps, inputs)
        try:
            return np.asarray(repeat(program, steps, inputs, STOP))
        except NotFiniteError as error:
            return np.asarray(error.results)[: error.step]

    def _one_by_one(self, steps: int, inputs: Sequence[Any]) -> Array:
        results: list[Array] = []
        for i in range(steps):
            results.append(np.array(self.function(*(row_of(x, i) for x in inputs)).detach()))
            if np.isnan(results[-1]):
                break
        return np.stack(results)

    def _ready(self, inputs: Sequence[Any]) -> Program | None:
        """The program, traced and compiled; None if compilation failed or is not wanted now."""
        if self._program is None or self.plain or self._is_sure:
            return None if self.plain else self._program
        with announced(f"Compiling {self.name}; the result is cached for the next run."):
            why = engine.available() or self._refusal(self._program, inputs)
        if why is not None:
            self._program = None
            self.warn(why)
        self._is_sure = True
        return self._program

    @staticmethod
    def _refusal(program: Program, inputs: Sequence[Any]) -> str | None:
        """Why these inputs cannot be compiled for; None if they can.

        Any error counts: one raised by the function itself is raised again when it runs eagerly.
        """
        try:
            program.binding(flatten(tuple(inputs), {}))
        except Exception as error:
            return shorten(f"{type(error).__name__}: {error}", 200, placeholder=" ...")
        return None


@contextmanager
def announced(text: str) -> Iterator[None]:
    """Print `text` if the block takes long and standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    timer = Timer(SOON, lambda: print(text, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
