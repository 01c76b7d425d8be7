"""How many steps to run per call, so that Ctrl-C, SIGTERM and the progress bar respond promptly."""

from __future__ import annotations

MOMENT = 0.05  # seconds


class Pace:
    """The number of steps per call, chosen so that a call lasts about a moment.

    It starts with one and grows at most eightfold at a time. With `begins_slowly` the first step
    may include compilation, and says nothing about the second.

    >>> pace = Pace(begins_slowly=True)
    >>> pace.took(1, 0.3)
    >>> pace.took(8, 0.001)
    >>> pace.most
    64
    """

    def __init__(self, *, begins_slowly: bool = False) -> None:
        self.most = 1
        self._says_nothing = begins_slowly

    def took(self, steps: int, seconds: float) -> None:
        """Record that `steps` steps took `seconds`."""
        fitting = int(MOMENT * steps / max(seconds, 1e-9))
        self.most = 8 if self._says_nothing else max(1, min(fitting, 8 * self.most))
        self._says_nothing = False
