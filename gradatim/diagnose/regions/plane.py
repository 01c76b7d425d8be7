"""The linear regions of a network with two inputs: polygons, split layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import MOST_NUMBERS, TOLERANCE, Affine, too_many
from .line import different


@dataclass(frozen=True)
class Edge:
    """Where a unit of a layer (1 for the first) switches: a line segment."""

    start: tuple[float, float]
    end: tuple[float, float]
    layer: int


@dataclass(frozen=True, repr=False)
class Plane:
    """A rectangle split into the polygons on which a network is linear.

    `cells` are the corners (V, 2) of the N polygons, `heights` the network's values there (V,
    outputs), `slope` (N, outputs, 2) its gradient on each.
    """

    cells: tuple[np.ndarray, ...]
    heights: tuple[np.ndarray, ...]
    slope: np.ndarray
    edges: tuple[Edge, ...]

    def __repr__(self) -> str:
        return f"<Plane: {self.patterns:,} regions>"

    @property
    def patterns(self) -> int:
        """The number of distinct sets of active units, that is, of regions."""
        return len(self.cells)

    @property
    def slopes(self) -> int:
        """The number of distinct slopes of the function."""
        return different(self.slope)


@dataclass(frozen=True)
class _Cell:
    corners: np.ndarray  # (V, 2)
    units: np.ndarray  # (V, units) values of the current layer's units there
    slope: np.ndarray  # (units, 2)


def cut_plane(maps: list[Affine], low: tuple[float, float], high: tuple[float, float]) -> Plane:
    """Split the rectangle between two corners layer by layer.

    On a cell every unit of a layer is affine, so it switches along a straight line.
    """
    (left, bottom), (right, top) = low, high
    box = np.array([[left, bottom], [right, bottom], [right, top], [left, top]], np.float64)
    cells, edges = [_Cell(box, box, np.eye(2))], list[Edge]()
    for number, affine in enumerate(maps[:-1], 1):
        parts, held = list[_Cell](), 0
        for cell in _through(affine, cells):
            for part in _cut(cell, edges, number):
                parts.append(_switched(part))
                held += part.units.size
            if held > MOST_NUMBERS:
                raise too_many(number)
        cells = parts
    cells = _through(maps[-1], cells)
    return Plane(
        tuple(cell.corners for cell in cells),
        tuple(cell.units for cell in cells),
        np.stack([cell.slope for cell in cells]),
        tuple(edges),
    )


def _through(affine: Affine, cells: list[_Cell]) -> list[_Cell]:
    """The next layer's units at all corners, by one matrix product."""
    ends = np.cumsum([len(cell.corners) for cell in cells])[:-1]
    units = np.split(affine(np.concatenate([cell.units for cell in cells])), ends)
    return [
        _Cell(cell.corners, z, affine.W @ cell.slope) for cell, z in zip(cells, units, strict=True)
    ]


def _switched(cell: _Cell) -> _Cell:
    """Apply the ReLU: a unit is on or off on the whole cell."""
    active = cell.units.sum(axis=0) > 0
    return _Cell(cell.corners, np.maximum(cell.units, 0.0), cell.slope * active[:, None])


def _cut(cell: _Cell, edges: list[Edge], layer: int) -> list[_Cell]:
    """The parts of a cell within which no unit switches."""
    crossing = (cell.units > 0).any(axis=0) & (cell.units < 0).any(axis=0)
    parts = [cell]
    for unit in np.flatnonzero(crossing):
        parts = [half for part in parts for half in _halves(part, int(unit), edges, layer)]
        if len(parts) * cell.units.size > MOST_NUMBERS:
            raise too_many(layer)
    return parts


def _halves(cell: _Cell, unit: int, edges: list[Edge], layer: int) -> list[_Cell]:
    z = cell.units[:, unit]
    if not ((z > 0).any() and (z < 0).any()):
        return [cell]
    corners, units = _with_crossings(cell, unit)
    z = units[:, unit]
    start, end = corners[z == 0][:2]
    edges.append(Edge((start[0], start[1]), (end[0], end[1]), layer))
    return [_Cell(corners[side], units[side], cell.slope) for side in (z >= 0, z <= 0)]


def _with_crossings(cell: _Cell, unit: int) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a cell, and new ones where the unit crosses zero on an edge."""
    z = cell.units[:, unit]
    after = np.roll(z, -1)
    sides = np.flatnonzero(z * after < 0)
    t = (z[sides] / (z[sides] - after[sides]))[:, None]
    following = (sides + 1) % len(z)
    corners = (1 - t) * cell.corners[sides] + t * cell.corners[following]
    units = (1 - t) * cell.units[sides] + t * cell.units[following]
    size = np.maximum(np.abs(cell.units[sides]), np.abs(cell.units[following]))
    units[np.abs(units) <= TOLERANCE * size] = 0.0  # where several lines meet
    units[:, unit] = 0.0
    return (
        np.insert(cell.corners, sides + 1, corners, axis=0),
        np.insert(cell.units, sides + 1, units, axis=0),
    )
