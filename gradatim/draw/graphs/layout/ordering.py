"""Step 3: the order within each column, so that few edges cross.

Barycenter and median sweeps over the columns, then exchanges of neighbours; the best order seen
wins. Minimising crossings is NP-hard even for two columns, so this is a heuristic, but it draws
trees without crossings because it starts from a walk that visits operands in order.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from .lanes import Lanes

Columns = list[list[int]]
Neighbours = Sequence[Sequence[int]]

_ROUNDS = 24
_WORK = 60_000  # points times rounds: limits the rounds, and so the time, for a large graph
_PATIENCE = 6
_EXCHANGE_PASSES = 4


def order_columns(lanes: Lanes) -> Columns:
    """The columns of `lanes`, each ordered from top to bottom such that few edges cross."""
    starts = (_walk(lanes, lanes.inputs, last_first=True), _walk(lanes, lanes.outputs))
    return min((_improve(lanes, start) for start in starts), key=lambda c: crossings(lanes, c))


def crossings(lanes: Lanes, columns: Sequence[Sequence[int]]) -> int:
    """The number of edge crossings between neighbouring columns."""
    return sum(_crossings_between(left, right, lanes.outputs) for left, right in pairwise(columns))


def _crossings_between(left: Sequence[int], right: Sequence[int], outputs: Neighbours) -> int:
    place = {point: i for i, point in enumerate(right)}
    seen: list[int] = []
    total = 0
    for point in left:
        ends = [place[target] for target in outputs[point]]
        for end in ends:
            total += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return total


def _walk(lanes: Lanes, neighbours: Neighbours, *, last_first: bool = False) -> Columns:
    """Each column in the order of a depth-first walk along `neighbours`."""
    column_of = {point: i for i, column in enumerate(lanes.columns) for point in column}
    order: Columns = [[] for _ in lanes.columns]
    met = [False] * len(lanes.inputs)
    columns = reversed(lanes.columns) if last_first else iter(lanes.columns)
    for start in (point for column in columns for point in column):
        waiting = [start]
        while waiting:
            point = waiting.pop()
            if met[point]:
                continue
            met[point] = True
            order[column_of[point]].append(point)
            waiting.extend(reversed(neighbours[point]))
    return order


def _improve(lanes: Lanes, start: Columns) -> Columns:
    current = [list(column) for column in start]
    best, fewest = start, crossings(lanes, start)
    stale = 0
    rounds = max(2, min(_ROUNDS, _WORK // max(len(lanes.inputs), 1)))
    for turn in range(rounds):
        if not fewest or stale >= _PATIENCE:
            break
        _sweep(lanes, current, center=_mean if turn % 4 < 2 else _median, leftward=turn % 2 == 1)
        _exchange(lanes, current)
        count = crossings(lanes, current)
        stale += 1
        if count < fewest:
            best, fewest, stale = [list(column) for column in current], count, 0
    return best


def _sweep(
    lanes: Lanes, columns: Columns, *, center: Callable[[list[int]], float], leftward: bool
) -> None:
    """Sort every column by the centre of its points' neighbours in the previous column."""
    neighbours = lanes.outputs if leftward else lanes.inputs
    sequence = range(len(columns) - 2, -1, -1) if leftward else range(1, len(columns))
    for i in sequence:
        fixed = {point: p for p, point in enumerate(columns[i + 1 if leftward else i - 1])}
        wanted = {
            point: center([fixed[n] for n in neighbours[point]]) if neighbours[point] else None
            for point in columns[i]
        }
        columns[i] = _sorted_around_free(columns[i], wanted)


def _sorted_around_free(column: Sequence[int], wanted: dict[int, float | None]) -> list[int]:
    """Points with a wish sorted by it; those without stay at their index."""
    wishes = {point: wish for point, wish in wanted.items() if wish is not None}
    wishful = iter(sorted((p for p in column if p in wishes), key=lambda point: wishes[point]))
    return [next(wishful) if point in wishes else point for point in column]


def _exchange(lanes: Lanes, columns: Columns) -> None:
    """Exchange neighbours within each column as long as that removes crossings on both sides."""
    empty: list[int] = []
    for i, column in enumerate(columns):
        left = columns[i - 1] if i else empty
        right = columns[i + 1] if i + 1 < len(columns) else empty
        _exchange_column(
            column,
            _places(column, left, lanes.inputs),
            _places(column, right, lanes.outputs),
        )


def _exchange_column(
    column: list[int], left: dict[int, list[int]], right: dict[int, list[int]]
) -> None:
    dirty: Iterable[int] = range(len(column) - 1)
    for _ in range(_EXCHANGE_PASSES):
        changed: list[int] = []
        for i in dirty:
            a, b = column[i], column[i + 1]
            gain = _cross(left[a], left[b]) - _cross(left[b], left[a])
            gain += _cross(right[a], right[b]) - _cross(right[b], right[a])
            if gain > 0:
                column[i], column[i + 1] = b, a
                changed.append(i)
        if not changed:
            return
        dirty = _around(changed, len(column) - 1)


def _around(indices: Iterable[int], end: int) -> list[int]:
    """The indices and their neighbours: only there can a further exchange help."""
    return sorted({i + step for i in indices for step in (-1, 0, 1) if 0 <= i + step < end})


def _places(
    column: Sequence[int], other: Sequence[int], neighbours: Neighbours
) -> dict[int, list[int]]:
    place = {point: i for i, point in enumerate(other)}
    return {point: sorted(place[n] for n in neighbours[point]) for point in column}


def _cross(above: Sequence[int], below: Sequence[int]) -> int:
    """Crossings of the edges of a point with those of the point below it (sorted positions)."""
    if not above or not below or above[-1] <= below[0]:
        return 0
    return sum(bisect_left(below, end) for end in above)


def _mean(places: list[int]) -> float:
    return sum(places) / len(places)


def _median(places: list[int]) -> float:
    ordered = sorted(places)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
