"""The sides take turns in short windows, and the fastest window of each counts.

Other programs, and the host of a virtual machine, slow a process down for a moment or for minutes;
nothing makes it faster. So the minimum over many short windows measures the code, and alternating
windows give every side the same conditions. Before each window the other sides have a moment for
their threads to go to sleep; a fifth of the steps are warm-up, before the clock starts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .partner import SideFailed

PAUSE = 0.004  # seconds: OpenMP's threads spin for a few milliseconds before they sleep


class Asked(Protocol):
    """A side: something that can be asked to run a window."""

    def ask(self, do: str, **details: Any) -> dict[str, Any]: ...


@dataclass
class Timing:
    """The windows of one side: seconds per step, and CPU time over wall time."""

    steps: int
    seconds: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)

    def add(self, window: Mapping[str, float]) -> None:
        self.seconds.append(window["seconds"] / window["steps"])
        self.processors.append(window["processor"] / window["seconds"])

    def summary(self) -> dict[str, float]:
        """Minimum and median in microseconds, and the average number of busy processors."""
        return {
            "microseconds": min(self.seconds) * 1e6,
            "median": statistics.median(self.seconds) * 1e6,
            "windows": len(self.seconds),
            "steps": self.steps,
            "processors": round(statistics.median(self.processors), 2),
        }


def interleave(
    sides: Mapping[str, Asked],
    rounds: int,
    window: float,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, Timing], list[str]]:
    """Time every side in `rounds` windows of about `window` seconds; those that fail are dropped.

    Each round starts with another side, so that none always follows the same one. Returns the
    timings and a list of failures.
    """
    timings: dict[str, Timing] = {}
    failures: list[str] = []
    for name, side in sides.items():
        try:
            timings[name] = Timing(side.ask("calibrate", seconds=window)["steps"])
        except SideFailed as error:
            failures.append(str(error))
    for turn in range(rounds):
        for name in rotated(list(timings), turn):
            pause(PAUSE)
            try:
                timings[name].add(sides[name].ask("run", steps=timings[name].steps))
            except SideFailed as error:
                failures.append(str(error))
                del timings[name]
    return timings, failures


def rotated(names: list[str], turn: int) -> list[str]:
    """The names, rotated by one more position each turn.

    >>> rotated(["a", "b", "c"], 4)
    ['b', 'c', 'a']
    """
    first = turn % max(len(names), 1)
    return names[first:] + names[:first]
