"""Many steps in native code: `program.repeat(n)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..._tensor.arithmetic import IntegerDivisionError
from ...core.arguments import at_least_one
from ...core.errors import IndexOutOfRange, ShapeError
from ...core.handle import Handle, check_tensor, wrap
from ...core.numbers import numbers_of
from ..errors import NotFiniteError
from ..runtime.binding import Binding, Stretch
from ..runtime.inputs import Stale
from ..runtime.returned import assigned_and_returned, filled, wrapped
from ..runtime.sharing import Overlap
from ..trace.arguments import flatten
from ..trace.results import Slot
from ..trace.structure import taken_apart
from .first_nan import State, Trouble, find
from .variants import CompiledFunction

EXPLAIN, STOP, GO_ON = "explain", "stop", "go on"  # what to do if a number becomes nan


def repeat(
    program: CompiledFunction, steps: int, inputs: Sequence[Any], if_nan: str = EXPLAIN
) -> Any:
    """`steps` steps, each with its row of the inputs; results of one element are stacked.

    Errors: ArgumentError for a number of steps below 1; ShapeError for an input with another number
    of rows; NotFiniteError if a number that the function returns becomes nan, unless `if_nan` is
    GO_ON. STOP leaves the state as it is then; EXPLAIN finds the operation that caused it.
    """
    count = at_least_one("repeat", "steps", steps)
    rows = [_rows(x, count) for x in inputs]
    results = _Results(count)
    run = _Run(program, count, inputs, rows, if_nan, results)
    with _noting_progress(results):
        while results.done < count:
            if program.is_plain():
                run.as_written()
                continue
            try:
                run.compiled()
            except Stale:
                continue
            except Overlap as why:
                program.say_overlap(why)
                run.as_written()
    return results.filled()


class _Run:
    """The steps of one call of `repeat`, native or eager."""

    def __init__(
        self,
        program: CompiledFunction,
        count: int,
        inputs: Sequence[Any],
        rows: Sequence[Any],
        if_nan: str,
        results: _Results,
    ) -> None:
        self.program, self.count, self.inputs, self.rows = program, count, inputs, rows
        self.if_nan, self.results = if_nan, results

    def compiled(self) -> None:
        """Run all remaining steps in native code, or only the next one."""
        flat = flatten(self._row(self.results.done), {})
        binding = self.program.binding(flat)
        begin, stretch, state = self.results.done, Stretch(), State(binding)
        left = self.count - begin
        # A first step may leave gradients that later ones find; and NumPy segments run one by one.
        native = left > 1 and binding.compiled.is_native and binding.traced.is_steady
        parts = [r[begin:] for r in self.rows]
        before = {EXPLAIN: lambda: state.keep(stretch), STOP: lambda: None}.get(self.if_nan)
        try:
            if native:
                stops = self.if_nan == STOP
                binding.run_many(left, flat.tensors, parts, stretch, before, each_whole=stops)
            else:
                _one(binding, flat.tensors, stretch, before)
        finally:
            if stretch.done:
                returned = [*map(wrapped, stretch.outputs)]
                if not stretch.failed:
                    assigned_and_returned(binding.traced, returned)
                self.results.take(binding, returned, stretch)
        if self.if_nan != GO_ON and self.results.is_bad():
            guilty = (self.program.function, binding, state, flat.tensors, parts, stretch)
            self._refuse(lambda: find(*guilty), begin)
        state.end()

    def as_written(self) -> None:
        """Run the next step eagerly."""
        returned = self.program.function(*self._row(self.results.done))
        self.results.add(returned)
        if self.if_nan != GO_ON and self.results.is_bad():
            self._refuse()

    def _refuse(self, find: Callable[[], Trouble] | None = None, begin: int = 0) -> None:
        step = self.results.done
        text = f"; the state is that after step {step:,}"
        if find is not None and self.if_nan == EXPLAIN:
            trouble = find()
            text = Trouble(begin + trouble.step, trouble.text).sentence(step)
        raise NotFiniteError(
            f"repeat: step {step:,} returned nan{text}", step=step, results=self.results.filled()
        )

    def _row(self, step: int) -> tuple[Any, ...]:
        return tuple(row_of(x, step) for x in self.inputs)


def _one(
    binding: Binding, tensors: Sequence[Any], stretch: Stretch, before: Callable[[], None] | None
) -> None:
    """Run a single step: the last one, or one of a program that cannot run many at once."""
    stretch.outputs = binding.run(tensors, before)
    stretch.stacks = {k: stretch.outputs[k].reshape(1) for k in binding.compiled.stacks}
    stretch.done = 1


@contextmanager
def _noting_progress(results: _Results) -> Iterator[None]:
    """Ctrl-C comes between steps; add a note that says between which."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(
            f"repeat: stopped after step {results.done:,} of {results.count:,}; the state is that "
            "after this step"
        )
        raise
    except (IndexOutOfRange, IntegerDivisionError) as error:
        error.add_note(f"repeat: in step {results.done + 1:,}, which is partly done")
        raise


class _Results:
    """What the steps returned: numbers of all steps, other tensors of the last."""

    def __init__(self, count: int) -> None:
        self.count, self.done = count, 0
        self.structure: Any = None
        self.stacks: dict[int, np.ndarray[Any, Any]] = {}
        self.last: dict[int, Any] = {}

    def take(self, binding: Binding, returned: Sequence[Any], stretch: Stretch) -> None:
        """Add the results of compiled steps; `returned` are those of the last one."""
        self.structure = binding.traced.results
        self.last.update(enumerate(returned))
        for k, numbers in stretch.stacks.items():
            self._put(k, numbers[: stretch.done])
        self.done += stretch.done

    def add(self, returned: Any) -> None:
        """Add the results of one eager step."""
        tensors: list[Any] = []

        def slot(x: Handle) -> Slot:
            tensors.append(x)
            return Slot(len(tensors) - 1)

        self.structure = taken_apart(returned, slot)
        for k, x in enumerate(tensors):
            self.last[k] = x
            if x._value.size == 1:
                self._put(k, numbers_of(x).reshape(1))
        self.done += 1

    def is_bad(self) -> bool:
        """Whether a number returned by the last step is nan."""
        floats = [s for s in self.stacks.values() if s.dtype.kind == "f"]
        return self.done > 0 and any(bool(np.isnan(s[self.done - 1])) for s in floats)

    def _put(self, k: int, numbers: np.ndarray[Any, Any]) -> None:
        if k not in self.stacks:
            self.stacks[k] = np.empty(self.count, numbers.dtype)
        self.stacks[k][self.done : self.done + len(numbers)] = numbers

    def filled(self) -> Any:
        """The results in the structure that the function returns."""
        size = max([*self.last, *self.stacks, -1]) + 1
        stacked = {k: wrap(s[: self.done]) for k, s in self.stacks.items()}
        tensors = [stacked.get(k, self.last.get(k)) for k in range(size)]
        return filled(self.structure, tensors, stacked=[*stacked])


def _rows(x: Any, count: int) -> np.ndarray[Any, Any]:
    check_tensor("repeat", x)
    array = x._value
    if array.ndim == 0 or len(array) != count:
        raise ShapeError(
            f"repeat: an input has one row for each of {count} steps, got shape {[*array.shape]}"
        )
    return np.ascontiguousarray(array)


def row_of(x: Handle, i: int) -> Any:
    """One row of an input, as the step receives it."""
    part = x._value[min(i, len(x._value) - 1)]
    return wrap(np.ascontiguousarray(part).reshape(x._value.shape[1:]))
