"""Runs a function of Values once, with numbers that record what is done to them.

During the trace every Value that the function can reach holds traced numbers in `data` and `grad`.
So the forward pass, `backward()` and an update in plain Python are recorded alike, and what the
Values hold at the end is the effect of the step. Then they all get their own numbers back.
"""

from __future__ import annotations

import gc
import linecache
import random
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...scalar.value import NOT_COMPUTED, Value
from ..errors import TraceError
from .arguments import map_items
from .tape import CONDITIONS, Tape, Traced

_PACKAGE = str(Path(__file__).parents[2])

_thread = threading.local()

Call = Callable[[list[Traced]], Any]


@dataclass(frozen=True)
class Known:
    """In a result: a Value that existed before the call."""

    owner: int  # index among the Values
    output: int  # index of its number among the outputs


@dataclass(frozen=True)
class Fresh:
    """In a result: a Value that the function created."""

    output: int
    grad: int | None  # the place of its gradient in memory
    label: str


@dataclass(frozen=True)
class Number:
    """In a result: a plain number or truth value."""

    output: int
    kind: type = float


@dataclass(frozen=True)
class ScalarTrace:
    """What a function does to numbers.

    A program's memory holds `data` and `grad` of each Value in turn, then the gradients of Values
    that are created and returned. A step reads its arguments and the places in `reads`, and at its
    end writes lines of the tape to the places in `writes`.
    """

    tape: Tape
    values: tuple[Value, ...]  # captured ones, then those among the arguments
    numbers: dict[int, int]  # line of the tape: index among the number arguments
    width: int  # number of number arguments
    reads: dict[int, int]  # line of the tape: place in memory
    writes: dict[int, int]  # place in memory: line of the tape
    cleared: tuple[int, ...]  # Values whose gradient is "not computed" at the end
    outputs: tuple[int, ...]  # lines of the numbers that each step returns
    result: Any  # the result, with the records above in place of Values and numbers
    size: int  # of the memory, in numbers


def trace(
    call: Call,
    captured: Sequence[Value],
    arguments: Sequence[Value] = (),
    numbers: Sequence[str] = (),
    generators: Sequence[random.Random] = (),
) -> ScalarTrace:
    """Record what `call` does; it is given a traced number for each name in `numbers`.

    Errors: TraceError if the call needs a number that is not known yet, keeps one, or draws from
    Python's random generators. The Values are unchanged afterwards.
    """
    while True:
        attempt = _Attempt(captured, arguments, numbers)
        with _no_draws(generators), _marked():
            traced = attempt.run(call)
        missed, attempt = attempt.missed, None  # type: ignore[assignment]  # frees traced numbers
        if not missed:
            _refuse_surviving(traced.tape)
            return traced
        captured = [*captured, *missed]


def tracing() -> bool:
    """Whether a function of Values is being traced in this thread."""
    return getattr(_thread, "traces", 0) > 0


@contextmanager
def _marked() -> Iterator[None]:
    _thread.traces = getattr(_thread, "traces", 0) + 1
    try:
        yield
    finally:
        _thread.traces -= 1


class _Attempt:
    """One run of the function, with the Values found so far."""

    def __init__(
        self, captured: Sequence[Value], arguments: Sequence[Value], numbers: Sequence[str]
    ) -> None:
        self.tape = Tape()
        self.values = [*captured, *arguments]
        self.owner = {id(v): i for i, v in enumerate(self.values)}
        self.numbers = numbers
        # All that exist, so that none keeps a traced number; alive, so that no id is reused.
        alive = {id(v): v for v in (*_alive(Value), *self.values)}
        self.before = {i: (v, v.data, v.grad) for i, v in alive.items()}
        self.missed: list[Value] = []
        self.outputs: list[int] = []
        self.grads: list[int] = []

    def run(self, call: Call) -> ScalarTrace:
        labels = [v.label or f"value{i}" for i, v in enumerate(self.values)]
        names = [f"{label}.{field}" for label in labels for field in ("data", "grad")]
        inputs = [self.tape.input(name) for name in names]
        numbers = [self.tape.input(name) for name in self.numbers]
        for i, v in enumerate(self.values):
            v.data, v.grad = inputs[2 * i : 2 * i + 2]  # type: ignore[assignment]
        try:
            with _explained():
                result = self.describe(call(numbers))
                after: list[Any] = [x for v in self.values for x in (v.data, v.grad)]
                places = enumerate(zip(inputs, after, strict=True))
                writes = {i: self.tape.number(b) for i, (a, b) in places if a is not b}
        finally:
            self.restore()
        size = len(inputs) + len(self.grads)
        return ScalarTrace(
            tape=self.tape,
            values=tuple(self.values),
            numbers={x.line: i for i, x in enumerate(numbers)},
            width=len(numbers),
            reads={x.line: place for place, x in enumerate(inputs)},
            writes=writes | dict(zip(range(len(inputs), size), self.grads, strict=True)),
            cleared=tuple(i for i, g in enumerate(after[1::2]) if g is NOT_COMPUTED),
            outputs=tuple(self.outputs),
            result=result,
            size=size,
        )

    def describe(self, result: Any) -> Any:
        """The result, with records in place of Values and traced numbers."""
        if isinstance(result, Value):
            return self.describe_value(result)
        if isinstance(result, Traced | float | bool):
            line = self.tape.line_of(result)
            is_truth = isinstance(result, bool) or self.tape.operations[line].name in CONDITIONS
            return Number(self.add(self.outputs, result), bool if is_truth else float)
        return map_items(self.describe, result)

    def describe_value(self, value: Value) -> Known | Fresh:
        output = self.add(self.outputs, value.data)
        for node in value.graph():
            if id(node) in self.before and id(node) not in self.owner:
                self.miss(node)
        if id(value) in self.before:
            return Known(self.owner.get(id(value), 0), output)
        if not value.has_grad:
            return Fresh(output, None, value.label)
        place = 2 * len(self.values) + self.add(self.grads, value.grad)
        return Fresh(output, place, value.label)

    def add(self, lines: list[int], number: Any) -> int:
        lines.append(self.tape.number(number))
        return len(lines) - 1

    def miss(self, value: Value) -> None:
        self.missed.append(value)
        self.owner[id(value)] = -1

    def restore(self) -> None:
        """Restore all Values, also those that were not expected to change."""
        for value, data, grad in self.before.values():
            touched = self.is_ours(value.data), self.is_ours(value.grad)
            if any(touched) and id(value) not in self.owner:
                self.miss(value)
            if touched[0] or id(value) in self.owner:
                value.data = data
            if touched[1] or id(value) in self.owner:
                value.grad = grad

    def is_ours(self, number: Any) -> bool:
        return type(number) is Traced and number.tape is self.tape


def _alive(kind: type) -> list[Any]:
    """All objects of a type; none while other threads run Python.

    While this list refers to a tuple that another thread is still filling, Python raises an error
    in that thread (bpo-15108). So numbers kept in unexpected places are found without threads only.
    """
    me = threading.current_thread()
    if any(t is not me and not t.name.startswith("gradatim-") for t in threading.enumerate()):
        return []
    return [thing for thing in gc.get_objects() if type(thing) is kind]


@contextmanager
def _no_draws(generators: Sequence[random.Random]) -> Iterator[None]:
    """Refuse draws from Python's generators: every step would get the same numbers."""
    every: list[Any] = [random, *generators]
    states = [g.getstate() for g in every]
    yield
    drawn = [(g, state) for g, state in zip(every, states, strict=True) if g.getstate() != state]
    for g, state in drawn:
        g.setstate(state)
    if drawn:
        raise TraceError(
            "the function draws from Python's `random`: every step of the compiled program would "
            "get these same numbers.\nDraw outside of it, and pass what was drawn as arguments."
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Explain the error that Python raises if a traced number is used as a float."""
    try:
        yield
    except TypeError as error:
        if Traced.__name__ not in str(error):
            raise
        raise TraceError(
            f"{_place_of(error)}: this needs a number that is known only when the compiled program "
            f"runs ({error}).\nOf functions, `gradatim.scalar.ieee` has exp, log, tanh, sigmoid, "
            "power and where; of operators there are + - * / ** and comparisons. Leave anything "
            "else, such as printing, outside of the compiled function: return the number."
        ) from error


def _place_of(error: BaseException) -> str:
    """The user's line at which an error was raised: `train.py, line 12: `x = int(loss.data)``."""
    frames = traceback.extract_tb(error.__traceback__)
    users = [f for f in frames if not f.filename.startswith(_PACKAGE)] or frames
    name, number = users[-1].filename, users[-1].lineno or 0
    line = linecache.getline(name, number).strip()
    return f"{Path(name).name}, line {number}" + (f": `{line}`" if line else "")


def _refuse_surviving(tape: Tape) -> None:
    """An error for traced numbers that the function stored in something that outlives it."""
    if not _surviving(tape):
        return
    gc.collect()
    if kept := _surviving(tape):
        number = kept[0]
        holders = [h for h in gc.get_referrers(number) if h is not kept]
        what = next((f"a {type(h).__name__}" for h in holders), "something")
        raise TraceError(
            f"the function puts a number that it computes ({tape.name_of(number.line)}) into "
            f"{what} that outlives it. The compiled program would not do so again.\n"
            "Return the number, or the Value, instead."
        )


def _surviving(tape: Tape) -> list[Traced]:
    return [number for number in _alive(Traced) if number.tape is tape]
