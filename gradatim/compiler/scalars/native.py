"""A function of Values compiled for one form of arguments: its machine code and memory."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ...core.pace import Pace
from ...scalar.value import Value
from ..guards.watch import Watch
from ..machine.cached_code import code_of
from ..machine.target import host
from .arguments import Arguments, map_items
from .code import FUNCTION, scalar_code
from .passes import shortened
from .reach import reach
from .trace import Fresh, Known, Number, trace

_MANY = 10_000  # lines of IR text that take more than a second to compile

# Held while Values are read, written or traced, but not while machine code runs.
_values = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_values.acquire, after_in_parent=_values.release, after_in_child=_values.release
    )


class Version:
    """A function compiled for one form of arguments, and for what the trace read."""

    def __init__(self, function: Callable[..., Any], arguments: Arguments) -> None:
        reached = reach(function, *arguments.things)
        self._found = {id(v): v for v in reached.values}
        self._shared = [self._found.get(id(v)) for v in arguments.values]
        given = {id(v) for v in arguments.values}

        def call(numbers: list[Any]) -> Any:
            positional, named = arguments.filled(numbers)
            return function(*positional, **named)

        things = {f"argument {i}": x for i, x in enumerate(arguments.things)}
        with _values, Watch(function, things) as watch:
            traced = trace(
                call,
                [v for v in reached.values if id(v) not in given],
                arguments.values,
                [f"number{i}" for i in range(len(arguments.numbers))],
                reached.generators,
            )
        self._guards = watch.guards()
        self.trace = shortened(traced)
        self.text = scalar_code(self.trace, host())
        self._loaded = code_of(self.text, partial(_announce, self.text))
        pointer = ctypes.c_void_p
        kind = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, ctypes.c_int64)
        self.steps = kind(self._loaded.address(FUNCTION))
        self.reads = list(self.trace.reads.values())
        self.writes = [place for place in self.trace.writes if place < 2 * len(self.trace.values)]
        self.captured = self.trace.values[: len(self.trace.values) - len(arguments.values)]

    def changed(self, arguments: Arguments) -> str | None:
        """Why the program is no longer valid for these arguments; None if it is."""
        for value, shared in zip(arguments.values, self._shared, strict=True):
            if value is not shared and (shared is not None or id(value) in self._found):
                return "an argument is a Value that the function can reach by itself"
        return self._guards.changed()

    @contextmanager
    def running(self, arguments: Arguments) -> Iterator[Run]:
        """A run on memory filled from the Values; at the end they are updated, even if it fails."""
        with _values:
            run = Run(self, arguments)
        try:
            yield run
        finally:
            if run.done:
                with _values:
                    run.write_back()


class Run:
    """One call: the state of a version while it runs."""

    def __init__(self, version: Version, arguments: Arguments) -> None:
        self.version = version
        self.values = [*version.captured, *arguments.values]
        self.memory = np.zeros(version.trace.size)
        self.memory[version.reads] = [
            self.values[place >> 1].grad if place & 1 else self.values[place >> 1].data
            for place in version.reads
        ]
        self.outputs = np.empty((0, 0))
        self.done = 0

    def steps(self, rows: Any) -> None:
        """Run a step for each row of numbers, (n, width), in chunks of limited duration."""
        inputs = np.ascontiguousarray(rows, dtype=np.float64)
        n, pace = len(inputs), Pace()
        self.outputs = np.empty((n, len(self.version.trace.outputs)))
        while self.done < n:
            size = min(pace.most, n - self.done)
            chunk = slice(self.done, self.done + size)
            arrays = (self.memory, inputs[chunk], self.outputs[chunk])
            began = time.perf_counter()
            self.version.steps(*(a.ctypes.data for a in arrays), size)
            self.done += size
            pace.took(size, time.perf_counter() - began)

    def write_back(self) -> None:
        """Write the new numbers to the Values."""
        writes = self.version.writes
        for place, number in zip(writes, self.memory[writes].tolist(), strict=True):
            if place & 1:
                self.values[place >> 1].grad = number
            else:
                self.values[place >> 1].data = number
        for i in self.version.trace.cleared:
            self.values[i].zero_grad()

    def returned(self) -> Any:
        """The result of the function, after one step."""
        return self._with(self.version.trace.result, self._one)

    def columns(self) -> Any:
        """The result of the function; in place of each number, a list of one per step."""
        table = self.outputs.T.tolist()
        return self._with(self.version.trace.result, lambda record: self._column(record, table))

    @staticmethod
    def _column(record: Known | Fresh | Number, table: list[list[float]]) -> list[Any]:
        column = table[record.output]
        is_truth = isinstance(record, Number) and record.kind is bool
        return [bool(x) for x in column] if is_truth else column

    def _with(self, result: Any, function: Callable[[Any], Any]) -> Any:
        if isinstance(result, Known | Fresh | Number):
            return function(result)
        return map_items(lambda x: self._with(x, function), result)

    def _one(self, record: Known | Fresh | Number) -> Value | float:
        if isinstance(record, Known):
            return self.values[record.owner]
        number = float(self.outputs[0, record.output])
        if isinstance(record, Number):
            return record.kind(number)
        value = Value(number, label=record.label)
        if record.grad is not None:
            value.grad = float(self.memory[record.grad])
        return value


def _announce(text: str) -> None:
    """Say that compiling takes a moment, if it does."""
    if text.count("\n") > _MANY and sys.stderr.isatty():
        print("gradatim: compiling a long step of Values, this takes a moment", file=sys.stderr)
