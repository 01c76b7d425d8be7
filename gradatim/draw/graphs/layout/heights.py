"""Step 4: heights within the columns, so that edges are straight.

Each column in turn takes the heights closest to those of its neighbours that keep its order and its
gaps. That is least squares under "y[i+1] - y[i] >= gap", which isotonic regression (pool adjacent
violators) solves exactly. Columns are coupled only through the objective, so sweeping over them
repeatedly converges to its minimum. Dividing every weight by the current slope of its edge turns
the sum of squares into a sum of lengths (iteratively reweighted least squares), whose minimum has
straight lanes instead of sagging ones.
"""

from collections.abc import Sequence

from .lanes import Lanes
from .straighten import Links, straighten

_ROUNDS = 32
_WORK = 80_000  # points times rounds: a large graph gets fewer rounds
# Pixels: a flatter edge counts as straight, and its weight grows no further.
_FIRST_FLAT, _COOLING, _FLAT = 60.0, 0.8, 0.3
_INERTIA = 1e-3  # a point without neighbours stays in place
# Gansner et al. 1993, section 4: a lane that bends is worse than an edge between boxes that slopes.
_BOX_TO_BOX, _BOX_TO_LANE, _LANE_TO_LANE = 1.0, 2.0, 8.0


def heights(
    lanes: Lanes, columns: Sequence[Sequence[int]], gaps: Sequence[Sequence[float]]
) -> list[float]:
    """The height (y of the centre) of every point; `gaps[i][k]` is the minimum distance of point k
    of column i from the one above it (0 for the first).
    """
    y = [0.0] * len(lanes.inputs)
    for column, column_gaps in zip(columns, gaps, strict=True):
        total, place = sum(column_gaps), 0.0
        for point, gap in zip(column, column_gaps, strict=True):
            place += gap
            y[point] = place - total / 2
    links = _links(lanes)
    rounds = max(12, min(_ROUNDS, _WORK // max(len(y), 1)))
    for turn in range(rounds):
        # Long edges first: otherwise short ones would pin their neighbourhood in place.
        flat = max(_FLAT, _FIRST_FLAT * _COOLING**turn)
        for i in _back_and_forth(len(columns), turn):
            _relax(columns[i], gaps[i], y, links, flat)
    straighten(lanes, columns, gaps, y, links)
    return y


def _back_and_forth(count: int, turn: int) -> range:
    return range(count) if turn % 2 == 0 else range(count - 1, -1, -1)


def _links(lanes: Lanes) -> Links:
    """The weighted neighbours of every point on both sides."""

    def weight(a: int, b: int) -> float:
        in_lanes = (a >= lanes.boxes) + (b >= lanes.boxes)
        return (_BOX_TO_BOX, _BOX_TO_LANE, _LANE_TO_LANE)[in_lanes]

    return [
        [(other, weight(point, other)) for other in (*lanes.inputs[point], *lanes.outputs[point])]
        for point in range(len(lanes.inputs))
    ]


def _relax(
    column: Sequence[int], gaps: Sequence[float], y: list[float], links: Links, flat: float
) -> None:
    """Move one column to its best heights while all others are fixed."""
    wishes, weights, offsets = [], [], []
    offset = 0.0
    for point, gap in zip(column, gaps, strict=True):
        offset += gap
        here = y[point]
        total, pull = _INERTIA, _INERTIA * here
        for other, weight in links[point]:
            there = y[other]
            rise = there - here if there > here else here - there
            weight /= rise if rise > flat else flat  # noqa: FURB136 (max() doubles the time)
            total += weight
            pull += weight * there
        wishes.append(pull / total - offset)
        weights.append(total)
        offsets.append(offset)
    for point, base, offset in zip(column, isotonic(wishes, weights), offsets, strict=True):
        y[point] = base + offset


def isotonic(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The non-decreasing sequence closest to `wishes`: minimises sum of weight * (value - wish)**2.

    Pool adjacent violators (Ayer et al. 1955).

    >>> isotonic([1.0, 3.0, 1.0], [1.0, 1.0, 1.0])
    [1.0, 2.0, 2.0]
    """
    means: list[float] = []
    totals: list[float] = []
    sizes: list[int] = []
    for wish, weight in zip(wishes, weights, strict=True):
        mean, total, size = wish, weight, 1
        while means and means[-1] > mean:
            before = totals.pop()
            mean = (means.pop() * before + mean * total) / (before + total)
            total += before
            size += sizes.pop()
        means.append(mean)
        totals.append(total)
        sizes.append(size)
    return [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]
