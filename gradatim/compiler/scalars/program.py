"""Functions of `scalar.Value`s as native programs: the step of session 1 in a microsecond.

A training step of the first session:

    def step():
        loss = squared_error(net, samples)
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= 0.01 * p.grad
        return loss

    fast = compile_scalars(step)
    fast()                          # one step; the loss is a Value, like that of `step()`
    losses = fast.repeat(10_000)    # 10,000 steps: their losses, as floats
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from ...core.arguments import at_least_one
from ...core.errors import ArgumentError
from ...scalar.value import Value
from ..machine import engine
from .arguments import Arguments, map_items, taken_apart
from .explain import explained
from .native import Version
from .reach import touches_values
from .trace import tracing

__all__ = ["ScalarProgram", "compile_scalars", "touches_values"]

_MOST_VERSIONS = 8  # per form of arguments; the least recently used is evicted


def compile_scalars(function: Callable[..., Any]) -> ScalarProgram:
    """A native program for a function that computes with Values and plain numbers.

    Float arguments are inputs of the program. Values that it is given, and all others that it can
    reach, are updated in place: afterwards their `data` and `grad` are what the function would have
    made of them. Values that it creates and returns are new ones with their numbers. It is compiled
    again for other arguments, and when anything else that the function reads changes.

    Errors: TraceError, at the first call, if the function branches on a number that is known only
    when the program runs, or passes it to something that is not arithmetic.

    >>> from gradatim.scalar import lol
    >>> fast = compile_scalars(lol)
    >>> fast(2.0, -3.0, 10.0, -2.0)
    Value(data=-8.0, label='L')
    """
    return ScalarProgram(function)


class ScalarProgram:
    """A compiled function: called like the function, or repeated.

    + - * / and comparisons give the same bits as Python; exp, log, tanh and sigmoid may differ in
    the last one.

    >>> x = Value(10.0)
    >>> def step():
    ...     loss = (x - 3.0) ** 2
    ...     x.zero_grad()
    ...     loss.backward()
    ...     x.data -= 0.25 * x.grad
    ...     return loss
    >>> fast = compile_scalars(step)
    >>> fast(), x.data
    (Value(data=49.0, grad=1.0), 6.5)
    >>> fast.repeat(3), x.data
    ([12.25, 3.0625, 0.765625], 3.4375)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.retraced: list[str] = []  # the reason for each further compilation
        self._versions: dict[Any, list[Version]] = {}
        self._last: Version | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function in native code."""
        __tracebackhide__ = True
        if _must_be_plain():
            return self.function(*args, **kwargs)
        arguments = taken_apart(args, kwargs)
        with self._version(arguments).running(arguments) as run:
            run.steps([arguments.numbers])
        return run.returned()

    def repeat(self, steps: int, *inputs: Sequence[Any]) -> Any:
        """Run `steps` steps in native code; in place of each number or Value, a list of numbers.

        Each input has one argument for every step: a list of rates, a list of samples. Every 50
        milliseconds Python checks for signals: after Ctrl-C the Values are those after the last
        complete step. A nan does not stop the steps; it is returned.

        Errors: ArgumentError if `steps` is below 1, or an input has another number of arguments, or
        arguments of different kinds.
        """
        count = at_least_one("repeat", "steps", steps)
        _check_inputs(inputs, count)
        rows = zip(*inputs, strict=True)
        if _must_be_plain():
            every = rows if inputs else itertools.repeat((), count)
            return _columns([_numbers(self.function(*row)) for row in every])
        arguments = taken_apart([x[0] for x in inputs], {})
        table = _table(arguments, rows, count)
        with self._version(arguments).running(arguments) as run:
            run.steps(table)
        return run.columns()

    def explain(self, *args: Any, stage: str | None = None, **kwargs: Any) -> str:
        """What the function does, operation by operation; or one stage: trace, llvm, assembly.

        It describes the program of the last call, or for the arguments given here. Nothing is run.

        Errors: ArgumentError for an unknown stage.
        """
        version = self._last
        if version is None or args or kwargs:
            version = self._version(taken_apart(args, kwargs))
        return explained(version, self._name, self.retraced, stage)

    def profile(self, *args: Any, **kwargs: Any) -> NoReturn:
        """There are no loop nests to time. Errors: ArgumentError, always."""
        raise ArgumentError(
            f"profile: {self._name} computes with Values, so its program is one straight line "
            "without loop nests to be timed apart; time repeat(n), or write it with tensors"
        )

    def export(self, *args: Any, **kwargs: Any) -> NoReturn:
        """A C function cannot be given Values. Errors: ArgumentError, always."""
        raise ArgumentError(
            f"export: {self._name} computes with Values, which cannot be passed to a C function; "
            "only programs of tensors are exported"
        )

    def __repr__(self) -> str:
        return f"<ScalarProgram {self._name}>"

    @property
    def _name(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))

    def _version(self, arguments: Arguments) -> Version:
        """The program for these arguments, compiled if none is valid."""
        versions = self._versions.setdefault(arguments.form, [])
        reason = None
        for i, version in enumerate(versions):
            if (change := version.changed(arguments)) is None:
                versions.insert(0, versions.pop(i))
                break
            reason = reason or change
        else:
            versions.insert(0, Version(self.function, arguments))
            del versions[_MOST_VERSIONS:]
            if reason:
                self._warn_retraced(reason)
        self._last = versions[0]
        return self._last

    def _warn_retraced(self, reason: str) -> None:
        self.retraced.append(reason)
        if len(self.retraced) == 1:
            warnings.warn(
                f"gradatim.compile: {reason}, so {self._name} is traced again; this warning "
                "appears once. Pass what changes often as a float",
                stacklevel=4,
            )


def _must_be_plain() -> bool:
    """Whether to run the Python function: inside another trace, or without LLVM."""
    return tracing() or engine.available() is not None


def _check_inputs(inputs: Sequence[Sequence[Any]], count: int) -> None:
    for i, x in enumerate(inputs):
        if not isinstance(x, Sequence) or len(x) != count:
            got = len(x) if isinstance(x, Sequence) else f"{x!r}, which is not a list"
            raise ArgumentError(
                f"repeat: input {i} has one argument for each of {count} steps, got {got}"
            )


def _table(first: Arguments, rows: Iterable[tuple[Any, ...]], count: int) -> Any:
    """The float arguments, (steps, numbers); all else has to be as in the first step."""
    table = np.empty((count, len(first.numbers)))
    for i, row in enumerate(rows):
        arguments = taken_apart(row, {})
        if arguments.form != first.form or arguments.values != first.values:
            raise ArgumentError(
                f"repeat: the arguments of step {i} differ from those of step 0 in more than their "
                "numbers, but a program has the same Values, strings and integers in every step"
            )
        table[i] = arguments.numbers
    return table


def _numbers(result: Any) -> Any:
    """What a step returned, with plain numbers in place of Values."""
    return result.data if isinstance(result, Value) else map_items(_numbers, result)


def _columns(results: list[Any]) -> Any:
    """Results of the same form as one result of lists."""
    first = results[0] if results else None
    if isinstance(first, float | bool):
        return results
    if isinstance(first, dict):
        return {key: _columns([r[key] for r in results]) for key in first}
    if isinstance(first, list | tuple):
        columns = iter(zip(*results, strict=True))
        return map_items(lambda _: _columns(list(next(columns))), first)
    return first
