"""How many steps to run at once, so that Ctrl-C, SIGTERM and the progress bar never wait long."""

from __future__ import annotations

MOMENT = 0.05  # seconds


class Pace:
    """How many steps to take at once so that it lasts about a moment.

    It begins with one, and grows at most eightfold at a time: the first step may have to be
    compiled, and says nothing about the second.

    >>> pace = Pace()
    >>> pace.took(1, 0.3)
    >>> pace.took(8, 0.001)
    >>> pace.most
    64
    """

    def __init__(self) -> None:
        self.most = 1
        self._is_first = True

    def took(self, steps: int, seconds: float) -> None:
        """So many steps took so long."""
        fitting = int(MOMENT * steps / max(seconds, 1e-9))
        self.most = 8 if self._is_first else max(1, min(fitting, 8 * self.most))
        self._is_first = False
