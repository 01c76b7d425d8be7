"""Progress of a long evaluation: the fraction done and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 5.0  # seconds before the first message


class EvaluationProgress:
    """Reports the progress of an evaluation after 5 seconds, 10, 20, and so on.

    >>> progress = EvaluationProgress(print)
    >>> progress("train", 0.0)  # it begins, and nothing is printed yet
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self.show = show
        self.begin, self.next = 0.0, PATIENCE

    def __call__(self, split: str, part: float) -> None:
        """This fraction of a split is done; an evaluation starts with 0."""
        now = time.monotonic()
        if not part:
            self.begin, self.next = now, PATIENCE
            return
        waited = now - self.begin
        if waited >= self.next and part < 1:
            self.next = 2 * waited
            rest = duration(waited / part * (1 - part))
            self.show(f"evaluating {split}: {100 * part:.0f} %   {rest} left")


def duration(seconds: float) -> str:
    """A duration in a suitable unit.

    >>> duration(7.4), duration(200), duration(5_400), duration(300_000)
    ('7 s', '3 min', '1.5 h', '83 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.{1 if seconds < 36_000 else 0}f} h"
