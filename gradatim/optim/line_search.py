"""Line search for a step length that fulfils the strong Wolfe conditions.

    f(t) <= f(0) + c1 t f'(0)        sufficient decrease
    |f'(t)| <= c2 |f'(0)|            a much smaller slope

Source: Nocedal and Wright 2006, Numerical optimization, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

C1, C2 = 1e-4, 0.9
TOLERANCE = 1e-9  # of the length of the bracket


@dataclass(frozen=True, eq=False)
class Point:
    """A point on the line: the step, the value, the gradient, and the slope along the line."""

    t: float
    value: float
    gradient: Any
    slope: float


@dataclass(eq=False)
class StrongWolfe:
    """Searches along a line for a point that fulfils both conditions.

    `at` evaluates a step, `start` is step 0; `longest` is the largest element of the direction,
    `most` the number of evaluations after the first.
    """

    at: Callable[[float], Point]
    start: Point
    longest: float
    most: int

    def search(self, t: float) -> Point:
        """Search from the first step `t` on; without success the better of start and last."""
        self.looks = 0
        before, here = self.start, self.at(t)
        while self.looks < self.most:
            if self._too_high(here) or (self.looks > 1 and here.value >= before.value):
                return self._between([before, here])
            if self._is_flat(here):
                return here
            if here.slope >= 0:
                return self._between([before, here])
            least, farthest = here.t + 0.01 * (here.t - before.t), here.t * 10
            before, here = here, self.at(_lowest(before, here, least, farthest))
            self.looks += 1
        return min(self.start, here, key=lambda point: point.value)

    def _between(self, ends: list[Point]) -> Point:
        """A point between two, by cubic interpolation."""
        low, stuck = _lower(ends), False
        while self.looks < self.most:
            left, right = min(p.t for p in ends), max(p.t for p in ends)
            if (right - left) * self.longest < TOLERANCE:
                break
            t = _lowest(ends[0], ends[1], left, right)
            margin = 0.1 * (right - left)
            near = min(right - t, t - left) < margin  # where the cubic may get stuck
            if near and (stuck or t >= right or t <= left):
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                near = False
            stuck = near
            here = self.at(t)
            self.looks += 1
            if self._too_high(here) or here.value >= ends[low].value:
                ends[1 - low] = here
                low = _lower(ends)
            elif self._is_flat(here):
                return here
            else:
                if here.slope * (ends[1 - low].t - ends[low].t) >= 0:
                    ends[1 - low] = ends[low]
                ends[low] = here
        return ends[low]

    def _too_high(self, point: Point) -> bool:
        return point.value > self.start.value + C1 * point.t * self.start.slope

    def _is_flat(self, point: Point) -> bool:
        return abs(point.slope) <= -C2 * self.start.slope


def _lower(ends: list[Point]) -> int:
    return 0 if ends[0].value <= ends[1].value else 1


def _lowest(a: Point, b: Point, least: float, most: float) -> float:
    """The minimiser, between two bounds, of the cubic with these two values and slopes."""
    if a.t > b.t:
        a, b = b, a
    d = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = d * d - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    root = math.sqrt(square)
    bottom = b.slope - a.slope + 2 * root
    if bottom == 0:
        return (least + most) / 2
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - d) / bottom), least), most)
