"""Which operation made a number nan: the steps since the last look again, the guilty one in NumPy.

Native steps are looked at now and then only. What they change was kept at the last look; so they
are run again up to the step before which everything was finite, found by halving, and that step is
run as it is written, with every operation watched.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import NonFiniteError, stop_at_non_finite
from ..core.handle import Handle, wrap
from .binding import Binding, Stretch
from .errors import is_users, shown_line

if TYPE_CHECKING:
    from .program import Program

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Trouble:
    """The step that went wrong first, from 1, and what happened in it."""

    step: int
    text: str

    def sentence(self, last: int) -> str:
        """What follows `step 7 returned nan`."""
        which = "in it" if self.step == last else f"step {self.step:,} was the first to fail:"
        return f"; {which} {self.text}; the state is that before step {self.step:,}"


class State:
    """What the steps of a program change, as it was after `done` steps."""

    def __init__(self, binding: Binding) -> None:
        self.binding, self.done = binding, 0
        traced = binding.traced
        self.owners = [t for t in (*traced.grads, *traced.cleared) if isinstance(t, Handle)]
        self.grads = [t._grad for t in self.owners]
        self.arrays: list[tuple[Array, Array]] = []
        self.states: list[tuple[Any, Any]] = []

    def keep(self, stretch: Stretch) -> None:
        """Keep it as it is now."""
        traced, self.done = self.binding.traced, stretch.done
        if not self.arrays:
            written = [self.binding.arrays[i] for i in traced.written]
            grads = stretch.outputs[len(stretch.outputs) - len(traced.grads) :]
            self.arrays = [(a, np.empty_like(a)) for a in (*written, *grads) if a is not None]
        for array, kept in self.arrays:
            kept[...] = array
        self.states = [(g, g.get_state()) for g in self.binding.compiled.generators]

    def restore(self) -> None:
        """Have it back."""
        for array, kept in self.arrays:
            array[...] = kept
        for generator, state in self.states:
            generator.set_state(state)
        if not self.done:
            self.restore_grads()
        self.binding.write_copies()

    def restore_grads(self) -> None:
        """Let every `.grad` be the tensor that it was."""
        for t, grad in zip(self.owners, self.grads, strict=True):
            t._grad = grad

    def is_broken(self) -> bool:
        """Whether anything is nan or infinite that was finite."""
        floats = [(a, b) for a, b in self.arrays if a.dtype.kind == "f"]
        return any(bool((~np.isfinite(a) & np.isfinite(b)).any()) for a, b in floats)


def find(
    program: Program,
    binding: Binding,
    state: State,
    tensors: Sequence[Any],
    parts: Sequence[Array],
    stretch: Stretch,
) -> Trouble:
    """The first guilty step of a stretch that ended with nan, from 1; its beginning is restored.

    `parts` are the rows that the stretch was given.
    """
    rows = [p[state.done :] for p in parts]

    def after(steps: int) -> None:
        state.restore()
        if steps:
            again = Stretch()
            binding.run_many(steps, tensors, rows, again)
            program.finished(binding, [None if a is None else wrap(a) for a in again.outputs])

    guilty = _first_broken(stretch.done - state.done, after, state.is_broken)
    after(guilty)
    row = [wrap(np.array(r[guilty])) for r in rows]
    return Trouble(state.done + guilty + 1, _what_happens(program, binding, row))


def _first_broken(steps: int, after: Callable[[int], None], broken: Callable[[], bool]) -> int:
    """How many steps may be done with everything finite; the last one returned nan."""
    low, high = 0, steps - 1
    if not high:
        return 0
    after(high)
    if not broken():
        return high
    while high - low > 1:
        middle = (low + high) // 2
        after(middle)
        low, high = (low, middle) if broken() else (middle, high)
    return low


def _what_happens(program: Program, binding: Binding, row: Sequence[Any]) -> str:
    """Run one step as it is written, and put back what that changes."""
    for i, x in enumerate(row):
        if x._value.dtype.kind == "f" and not np.isfinite(x._value).all():
            return f"its input {i} is not finite"
    here = State(binding)
    here.keep(Stretch())
    try:
        with stop_at_non_finite():
            program.function(*row)
    except NonFiniteError as error:
        return f"{error}{_line(error)}"
    except Exception as error:
        return f"the operation cannot be named: as it is written it raises {error!r}"
    finally:
        here.restore()
    return "the operation cannot be named: in NumPy all of them stay finite"


def _line(error: BaseException) -> str:
    frames: list[tuple[FrameType, int]] = list(traceback.walk_tb(error.__traceback__))
    for frame, number in reversed(frames):
        if is_users(frame):
            return f" ({shown_line(frame, number)})"
    return ""
