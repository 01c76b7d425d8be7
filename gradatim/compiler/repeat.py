"""Many steps in native code: `program.repeat(n)`."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle, check_tensor, wrap
from .arguments import flatten
from .errors import NotFiniteError
from .trace import Slot, filled

if TYPE_CHECKING:
    from .binding import Binding
    from .program import Program


def repeat(program: Program, steps: int, inputs: Sequence[Any]) -> Any:
    """`steps` steps, each with its row of the inputs; numbers come back stacked.

    Errors: ArgumentError for a number of steps below 1; ShapeError for an input with another number
    of rows; NotFiniteError if a number that the function returns becomes nan.
    """
    count = _checked(steps)
    rows = [_rows(x, count) for x in inputs]
    first = _Results(count)
    done = 0
    while True:
        flat = flatten(tuple(row_of(x, done) for x in inputs), {})
        binding = program.binding(flat)
        if done == count:
            break
        if binding.compiled.is_native and binding.traced.is_steady:
            break
        # The first step may leave gradients that the next ones find; and NumPy runs step by step.
        first.add(binding, program._run(binding, flat), done)
        done += 1
    if done < count:
        _native(program, binding, flat.tensors, rows, count, done, first)
    return first.filled()


def _native(
    program: Program,
    binding: Binding,
    tensors: Sequence[Any],
    rows: Sequence[Any],
    count: int,
    done: int,
    results: _Results,
) -> None:
    kept: list[Any] = []

    def keep() -> None:
        kept[:] = [binding.snapshot()]

    parts = [r[done:] for r in rows]
    arrays, stacks, ran = binding.run_many(count - done, tensors, parts, keep)
    returned = program.finished(binding, [None if a is None else wrap(a) for a in arrays])
    results.take(binding, returned, stacks, done, ran)
    if ran < count - done or results.is_bad(done + ran - 1):
        raise NotFiniteError(
            f"repeat: a result of step {done + ran:,} is nan; the state is that after this step",
            step=done + ran,
            results=results.filled(),
        )


class _Results:
    """What the steps returned: numbers from all, other tensors from the last."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.structure: Any = None
        self.stacks: dict[int, np.ndarray[Any, Any]] = {}
        self.last: dict[int, Any] = {}

    def add(self, binding: Binding, returned: Any, step: int) -> None:
        """One step's results."""
        found = _tensors(binding.traced.results, returned)
        self.structure = binding.traced.results
        for k, x in found.items():
            self._put(binding, k, x, step)

    def take(self, binding: Binding, returned: Any, stacks: Any, done: int, ran: int) -> None:
        """The results of a native run."""
        self.structure = binding.traced.results
        self.last.update(_tensors(self.structure, returned))
        for k, numbers in stacks.items():
            self._stack(k, numbers.dtype)[done : done + ran] = numbers[:ran]

    def is_bad(self, step: int) -> bool:
        """Whether a number of a step is nan."""
        floats = [s for s in self.stacks.values() if s.dtype.kind == "f"]
        return any(bool(np.isnan(s[step])) for s in floats)

    def _put(self, binding: Binding, k: int, x: Any, step: int) -> None:
        self.last[k] = x
        if k in binding.compiled.stacks:
            self._stack(k, x._value.dtype)[step] = x._value.reshape(())

    def _stack(self, k: int, dtype: Any) -> np.ndarray[Any, Any]:
        return self.stacks.setdefault(k, np.empty(self.count, dtype))

    def filled(self) -> Any:
        """In the shape of what the function returns."""
        size = max([*self.last, *self.stacks, -1]) + 1
        tensors = [wrap(self.stacks[k]) if k in self.stacks else self.last.get(k)
                   for k in range(size)]  # fmt: skip
        return filled(self.structure, tensors)


def _tensors(structure: Any, returned: Any) -> dict[int, Any]:
    """The tensors of a result, by their place among the outputs."""
    if isinstance(structure, Slot):
        return {structure.index: returned}
    if isinstance(structure, tuple | list):
        found: dict[int, Any] = {}
        for s, r in zip(structure, returned, strict=True):
            found.update(_tensors(s, r))
        return found
    if isinstance(structure, dict):
        return {
            k: v for key in structure for k, v in _tensors(structure[key], returned[key]).items()
        }
    return {}


def _checked(steps: Any) -> int:
    try:
        count = operator.index(steps)
    except TypeError:
        count = 0
    if count < 1 or isinstance(steps, bool):
        raise ArgumentError(f"repeat: expects a whole number of steps, at least 1, got {steps!r}")
    return count


def _rows(x: Any, count: int) -> np.ndarray[Any, Any]:
    check_tensor("repeat", x)
    array = x._value
    if array.ndim == 0 or len(array) != count:
        raise ShapeError(
            f"repeat: an input has one row for each of {count} steps, got shape {[*array.shape]}"
        )
    return np.ascontiguousarray(array)


def row_of(x: Handle, i: int) -> Any:
    """One row of an input, as the step will be given it."""
    part = x._value[min(i, len(x._value) - 1)]
    return wrap(np.ascontiguousarray(part).reshape(x._value.shape[1:]))
