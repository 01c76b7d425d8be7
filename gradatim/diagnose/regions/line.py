"""The linear regions of a network with one input, from the points where it bends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import MOST_NUMBERS, TOLERANCE, Affine, too_many


@dataclass(frozen=True, repr=False)
class Line:
    """A network split where one of its units switches on or off.

    `x` (N + 1,) are the ends of the N regions, `y` (N + 1, outputs) the network's values there,
    `slope` (N, outputs) its slopes between them, and `layer` (N - 1,) the layer of the unit that
    switches at the end of each region, 1 for the first.
    """

    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray
    layer: np.ndarray
    bends: np.ndarray  # (N - 1,) whether the slope changes there

    def __repr__(self) -> str:
        return f"<Line: {self.patterns:,} regions from {self.x[0]:g} to {self.x[-1]:g}>"

    @property
    def patterns(self) -> int:
        """The number of distinct sets of active units, that is, of regions."""
        return len(self.slope)

    @property
    def pieces(self) -> int:
        """The number of straight pieces of the function: neighbours of equal slope count once."""
        return int(self.bends.sum()) + 1

    @property
    def slopes(self) -> int:
        """The number of distinct slopes."""
        return different(self.slope)


def cut_line(maps: list[Affine], low: float, high: float) -> Line:
    """Split the interval from `low` to `high` layer by layer.

    Between two points every unit of a layer is linear, so it switches where it crosses zero.
    """
    x = np.array([low, high], np.float64)
    h = x[:, None]  # (points, units) after the ReLU
    slope = np.ones((1, 1))  # (regions, units)
    size = np.ones((1, 1))  # of the terms that the slopes are sums of: rounding is a part of it
    layer = np.zeros(2, int)
    for number, affine in enumerate(maps[:-1], 1):
        z = affine(h)
        x, z, region, layer = _cut(x, z, layer, number)
        active = z[:-1] + z[1:] > 0
        size = np.where(active, _size(size, slope, affine.W)[region], 0.0)
        slope = np.where(active, (slope @ affine.W.T)[region], 0.0)
        h = np.maximum(z, 0.0)
    last = maps[-1]
    slope, size = slope @ last.W.T, _size(size, slope, last.W)
    bends = np.abs(np.diff(slope, axis=0)) > TOLERANCE * np.maximum(size[:-1], size[1:])
    return Line(x, h @ last.W.T + last.b, slope, layer[1:-1], bends.any(axis=1))


def _size(size: np.ndarray, slope: np.ndarray, W: np.ndarray) -> np.ndarray:
    """The size of the terms behind the next layer's slopes: its own, and the size of those before.

    Rounding errors of earlier layers have random signs, so they add up by their squares. Adding
    them up by their magnitudes would grow beyond all slopes after some twenty layers.
    """
    return np.hypot(np.sqrt(size**2 @ (W.T**2)), np.abs(slope) @ np.abs(W.T))


def _cut(
    x: np.ndarray, z: np.ndarray, layer: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Add a point wherever a unit crosses zero between two points; also the old region of each."""
    region, unit = np.nonzero(z[:-1] * z[1:] < 0)
    if (len(z) + len(region)) * z.shape[1] > MOST_NUMBERS:
        raise too_many(number)
    start, end = z[region, unit], z[region + 1, unit]
    t = start / (start - end)
    order = np.lexsort((t, region))
    region, unit, t = region[order], unit[order], t[order]
    fresh = np.ones(len(t), bool)  # the first of units that switch at the same point
    fresh[1:] = (np.diff(region) > 0) | (np.diff(t) > TOLERANCE)
    point = np.cumsum(fresh) - 1
    place, share = region[fresh], t[fresh, None]
    added = (1 - share) * z[place] + share * z[place + 1]
    added[point, unit] = 0.0
    places = x[place] + share[:, 0] * (x[place + 1] - x[place])
    old = np.sort(np.concatenate([np.arange(len(x) - 1), place]))
    return (
        np.insert(x, place + 1, places),
        np.insert(z, place + 1, added, axis=0),
        old,
        np.insert(layer, place + 1, number),
    )


def different(rows: np.ndarray) -> int:
    """The number of rows (N, ...) that differ by more than rounding."""
    flat = rows.reshape(len(rows), -1)
    largest = np.abs(flat).max() or 1.0
    order = np.unique(np.round(flat / largest, 9) + 0.0, axis=0)
    return len(order)
