"""Finds the operation that made a number nan, by running the steps since the last check again.

Native steps are checked only now and then. What they change is saved at each check; if a check
fails, the steps are run again from there, a bisection finds the last step before which everything
was finite, and the next one is run eagerly with every operation watched.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from ...autograd import NonFiniteError, stop_at_non_finite
from ...core.gradient import put_grad
from ...core.handle import Handle, wrap
from ..machine.target import host
from ..runtime.binding import Binding, Stretch
from ..runtime.returned import assigned_and_returned, wrapped
from ..runtime.snapshot import Snapshot
from ..show.explain import Explanation
from ..user_line import is_users, shown_line

Array = np.ndarray[Any, Any]
_LASTING = 10  # steps to run eagerly
_FRESH, _STALE = 0.25, 2.0  # seconds; copying a large model takes a few milliseconds


@dataclass(frozen=True)
class Trouble:
    """The first step that went wrong, from 1, and what happened in it."""

    step: int
    text: str

    def sentence(self, last: int) -> str:
        """The clause that follows `step 7 returned nan`."""
        which = "in it" if self.step == last else f"step {self.step:,} was the first to fail:"
        return f"; {which} {self.text}; the state is that before step {self.step:,}"


class State:
    """What the steps of a program change, as it was after `done` steps.

    Once something is infinite, the state from before is the useful one: it is kept for longer.
    """

    def __init__(self, binding: Binding) -> None:
        self.binding, self.done, self.since = binding, 0, 0.0
        traced = binding.traced
        self.owners = [t for t in (*traced.grads, *traced.cleared) if isinstance(t, Handle)]
        self.grads: list[Any] = []  # of the owners
        self.numbers: Snapshot | None = None
        self.marks: list[tuple[Any, Any]] = []
        self.restorers = [kept.entry.restorer() for kept in traced.kept]

    def keep(self, stretch: Stretch) -> None:
        """Save the present state, if the saved one is old."""
        now = time.perf_counter()
        age = now - self.since if self.numbers is not None else _STALE
        if age < _FRESH or (age < _STALE and self._is_late(stretch)):
            return
        self.done, self.since = stretch.done, now
        if self.numbers is None:
            self._begin(stretch)
        if self.numbers is not None:
            self.numbers.keep()
        self.grads = self._seen_grads(stretch)
        self.marks = [(g, g.mark()) for g in self.binding.compiled.generators]

    def _begin(self, stretch: Stretch) -> None:
        binding = self.binding
        arrays = [binding.inputs.arrays[i] for i in binding.traced.written]
        if not arrays and stretch.outputs:
            arrays = binding.gradients.arrays()
        if arrays:
            self.numbers = binding.spare_snapshot.of(arrays)

    def _seen_grads(self, stretch: Stretch) -> list[Any]:
        """What each `.grad` holds; None where the next step overwrites it."""
        if stretch.done:  # what the steps so far left there was never visible
            return [None] * len(self.owners)
        lost = self.binding.gradients.written_over()
        return [None if t._grad in lost else t._grad for t in self.owners]

    def end(self) -> None:
        """Release the saved state: its memory can be reused."""
        if self.numbers is not None:
            self.binding.spare_snapshot.take_back(self.numbers)
            self.numbers = None

    def _is_late(self, stretch: Stretch) -> bool:
        return self.is_broken() or first_infinite(stretch, self.done) < stretch.done

    def restore(self) -> None:
        """Restore the saved state."""
        if self.numbers is not None:
            self.numbers.restore()
        for generator, mark in self.marks:
            generator.return_to(mark)
        for t, grad in zip(self.owners, self.grads, strict=True):
            put_grad(t, grad)
        for restore in self.restorers:
            restore()
        self.binding.put_back_states()
        self.binding.inputs.write_copies()

    def is_broken(self) -> bool:
        """Whether anything is nan or infinite that was finite when saved."""
        pairs = self.numbers.pairs if self.numbers is not None else ()
        floats = [(a, b) for a, b in pairs if a.dtype.kind == "f"]
        return any(bool((~np.isfinite(a) & np.isfinite(b)).any()) for a, b in floats)


def find(
    function: Callable[..., Any],
    binding: Binding,
    state: State,
    tensors: Sequence[Any],
    parts: Sequence[Array],
    stretch: Stretch,
) -> Trouble:
    """The first bad step of a stretch that ended with nan, from 1; the state before it is restored.

    `parts` are the rows of the inputs that the stretch was given.
    """
    rows = [p[state.done :] for p in parts]

    def after(steps: int) -> None:
        state.restore()
        if steps:
            again = Stretch()
            binding.run_many(steps, tensors, rows, again)
            assigned_and_returned(binding.traced, [*map(wrapped, again.outputs)])

    text, guilty = "", 0
    # A result may be infinite long before one is nan; or it may be infinite on purpose.
    for last in sorted({min(first_infinite(stretch, state.done) + 1, stretch.done), stretch.done}):
        guilty = _first_broken(last - state.done, after, state.is_broken)
        after(guilty)
        most = _LASTING if last == stretch.done else 1
        text, is_named = _diagnosed(function, binding, [r[guilty:] for r in rows], most)
        if is_named:
            break
    return Trouble(state.done + guilty + 1, text)


def first_infinite(stretch: Stretch, begin: int) -> int:
    """The first step from `begin` on that returned a number that is not finite, else `done`."""
    floats = [s[begin : stretch.done] for s in stretch.stacks.values() if s.dtype.kind == "f"]
    bad = [np.flatnonzero(~np.isfinite(s)) for s in floats]
    return min([begin + int(b[0]) for b in bad if b.size], default=stretch.done)


def _first_broken(steps: int, after: Callable[[int], None], broken: Callable[[], bool]) -> int:
    """The number of steps after which everything is still finite; the last one returned nan."""
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


def _diagnosed(
    function: Callable[..., Any], binding: Binding, rows: Sequence[Array], most: int
) -> tuple[str, bool]:
    """Run the step eagerly and undo its effects: what happens, and whether that is the reason.

    NumPy adds up in another order, so on the brink of overflow it may stay finite a little longer:
    then more steps are run, `most` in all.
    """
    for i, row in enumerate(r[0] for r in rows):
        if row.dtype.kind == "f" and not np.isfinite(row).all():
            return f"its input {i} is not finite", True
    here = State(binding)
    here.keep(Stretch())
    step = 0
    try:
        with stop_at_non_finite():
            for step in range(min([most, *map(len, rows)])):
                function(*[wrap(np.array(r[step])) for r in rows])
    except NonFiniteError as error:
        later = f"; in NumPy this happens {step} steps later" if step > 1 else ""
        later = "; in NumPy this happens one step later" if step == 1 else later
        return f"{error}{_line(error)}{later}", True
    except Exception as error:
        return f"the operation cannot be named: run eagerly, it raises {error!r}", False
    finally:
        here.restore()
        here.end()
    was_nan = _nan_before(function, binding)
    if was_nan:
        return f"{was_nan} was nan already", True
    return "the operation cannot be named: in NumPy all of them stay finite", False


def _nan_before(function: Callable[..., Any], binding: Binding) -> str:
    """The name of a captured array that has a nan in it, or an empty string."""
    explanation = Explanation(getattr(function, "__name__", "step"), binding, (), host())
    for i, array in binding.inputs.arrays.items():
        if i >= binding.inputs.given and array.dtype.kind == "f" and np.isnan(array).any():
            return explanation.origin(i)
    return ""


def _line(error: BaseException) -> str:
    frames: list[tuple[FrameType, int]] = list(traceback.walk_tb(error.__traceback__))
    for frame, number in reversed(frames):
        if is_users(frame):
            return f" ({shown_line(frame, number)})"
    return ""
