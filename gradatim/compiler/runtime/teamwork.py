"""Whether one worker or all of them run many short steps: what took less time, as measured.

A step of 25 microseconds has some eight phases, between which workers wait for each other and read
what the others wrote. Whether it is faster with two depends on more than the program: on the same
virtual machine, two workers took 18 microseconds in one minute and 48 in another, in which lines
took longer from one core's cache to the other's, and some hundreds where other programs used the
cores too. The results are the same either way, so both are tried.
"""

from __future__ import annotations

from collections import deque

LEAST = 1e-3  # seconds of many steps from which waking other workers pays off
LAST = 4  # how many measurements count, of which the shortest: others may have been interrupted
RARELY = 32  # stretches after which the slower way is tried again, if it was hardly slower
PART = 8  # with how small a part of the steps


class Teamwork:
    """The seconds per step of the last stretches: alone, and together.

    >>> teamwork = Teamwork()
    >>> for _ in range(8):
    ...     count, together = teamwork.choose(2000)
    ...     teamwork.note(20e-6 if together else 25e-6, together=together)
    >>> teamwork.choose(2000), teamwork.choose(10)
    ((2000, True), (10, False))
    """

    def __init__(self) -> None:
        self.times: dict[bool, deque[float]] = {w: deque(maxlen=LAST) for w in (False, True)}
        self.since = 0  # stretches since the slower way was tried

    def choose(self, count: int) -> tuple[int, bool]:
        """How many of the next `count` steps to run, and whether together."""
        alone, together = self.times[False], self.times[True]
        if not alone or count * min(alone) < LEAST:
            return count, False
        if len(together) < LAST:
            return max(1, count // PART), True
        better = min(together) < min(alone)
        self.since += 1
        # The slower the other way was, the more rarely: so trying it costs the same small part.
        fast, slow = sorted((min(alone), min(together)))
        if self.since * fast < RARELY * slow:
            return count, better
        self.since = 0
        return max(1, count // PART), not better

    def note(self, seconds: float, *, together: bool) -> None:
        """Take note of how long a step took."""
        self.times[together].append(seconds)
