"""Why a function is traced again, what is told about it, and when compiling it is given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..runtime.binding import GRADIENTS, MADE
from ..trace.states import States
from ..trace.watched import warn

PATIENCE = 8  # calls in a row that may be traced because something changed
_CHANGED = "changed: "


class Retracing:
    """The traces of a function: the reason for each, and the places known as states."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.states = States()
        self.gave_up = False
        self._turns: deque[int] = deque(maxlen=PATIENCE)  # the calls before the latest traces

    def note(self, name: str, turn: int, changes: Sequence[str], *, is_settled: bool) -> None:
        """Record why a function is traced, and warn if that may go on.

        `turn` is the number of its calls so far; `changes` are what changed since each of its
        programs was compiled. `is_settled` says that this will not be a reason again.
        """
        reason = self._reason(changes)
        warned = any(r.startswith(_CHANGED) for r in self.reasons)
        self.reasons.append(reason)
        self._turns.append(turn)
        if not reason.startswith(_CHANGED):
            return
        what = reason.removeprefix(_CHANGED)
        if not warned and not is_settled:
            warn(
                f"gradatim.compile: {what}, so {name} is traced again; this warning appears "
                f"once{self._advice() if ' changed from ' in what else ''}"
            )
        latest = self.reasons[-PATIENCE:]
        changed = sum(r.startswith(_CHANGED) for r in latest)
        if changed == PATIENCE and turn - self._turns[0] < PATIENCE:
            self.gave_up = True
            warn(
                f"gradatim.compile: each of the last {PATIENCE} calls of {name} had to be traced, "
                f"the last one because {what}; from now on it runs as written, in NumPy. Keep what "
                "changes in a tensor, or change it outside"
            )

    def _advice(self) -> str:
        line = self.states.needs_number
        if not line:
            return ". Pass what changes often as a float or a tensor"
        return (
            f". The program would count by itself if {line} did not need the number in Python: "
            "x ** 0.5 is as good as math.sqrt(x)"
        )

    def _reason(self, changes: Sequence[str]) -> str:
        if not changes:
            return "other types or settings" if self.reasons else "first call"
        reason = next((c for c in changes if c != GRADIENTS), GRADIENTS)
        is_first = not any(r.startswith(MADE) for r in self.reasons)
        if reason == GRADIENTS or (reason.startswith(MADE) and is_first):
            return reason
        return _CHANGED + reason.removeprefix(MADE)
