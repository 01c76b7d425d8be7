"""What is said to whom waits: how far it is, and how much time is left."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 5.0  # seconds that an evaluation may last before anybody is told of it


class Looking:
    """Tells how far an evaluation is, if it lasts: after 5 seconds, 10, 20, and so on.

    >>> looking = Looking(print)
    >>> looking("train", 0.0)  # it begins, and nothing is said yet
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.begin, self.next = 0.0, PATIENCE

    def __call__(self, split: str, part: float) -> None:
        """So much of a split is done; an evaluation begins with 0."""
        now = time.monotonic()
        if not part:
            self.begin, self.next = now, PATIENCE
            return
        waited = now - self.begin
        if waited >= self.next and part < 1:
            self.next = 2 * waited
            rest = duration(waited / part * (1 - part))
            self.tell(f"looking at {split}: {100 * part:.0f} %   {rest} left")


def duration(seconds: float) -> str:
    """A time to wait, in the unit one would say it in.

    >>> duration(7.4), duration(200), duration(5_400), duration(300_000)
    ('7 s', '3 min', '1.5 h', '83 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.{1 if seconds < 36_000 else 0}f} h"
