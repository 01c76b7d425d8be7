"""Buffer elements as text: offsets and strides become `a[row, 2 col + 1]`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from ..ir.graph import Names, contiguous
from ..ir.nests import (
    Leaf,
)
from ..ir.strided import Shape


def indices(dims: Shape) -> tuple[str, ...]:
    """The index names of a nest's dimensions; the last one is the column.

    >>> indices((256, 3, 10))
    ('row0', 'row1', 'col')
    """
    outer = len(dims) - 1
    rows = ("row",) if outer == 1 else tuple(f"row{i}" for i in range(outer))
    return (*rows, "col")


def element(
    name: str,
    shape: Shape,
    loops: Sequence[tuple[str, int, int]],
    offset: int,
    chosen: tuple[str, int] | None = None,
) -> str:
    """An element of a buffer: `loops` are (index, size, stride), `chosen` (index, stride).

    >>> element("a", (256, 27), [("row", 256, 27), ("col", 27, 1)], 0)
    'a[row, col]'
    >>> element("a", (27, 256), [("row", 256, 1), ("col", 27, 256)], 0)
    'a[col, row]'
    >>> element("a", (27,), [("row", 256, 0), ("col", 27, 1)], 0)
    'a[col]'
    >>> element("a", (4, 9), [("row", 3, 9), ("col", 4, 2)], 10)
    'a[row + 1, 2 col + 1]'
    >>> element("a", (4, 9), [("row", 4, 8), ("col", 3, 1)], 0)
    'a[8 row + col]'
    """
    moving = [(i, n, s) for i, n, s in loops if s and n > 1]
    if prod(shape) == 1:
        return name
    places = _coordinates(shape, moving, offset, chosen)
    if places is None and not offset and chosen is None:
        places = _reshaped(shape, moving)
    if places is None:
        places = [_address(moving, offset, chosen)]
    return f"{name}[{', '.join(places)}]"


def _coordinates(
    shape: Shape,
    moving: Sequence[tuple[str, int, int]],
    offset: int,
    chosen: tuple[str, int] | None,
) -> list[str] | None:
    """One index for each dimension of the buffer, if every loop moves along one of them."""
    rest = [*moving, *([(chosen[0], 1, chosen[1])] if chosen else [])]
    places = []
    for n, stride in zip(shape, contiguous(shape), strict=True):
        begin, offset = divmod(offset, stride)
        along = [x for x in rest if stride <= x[2] < stride * n and x[2] % stride == 0]
        if len(along) > 1:
            return None
        _, count, step = along[0] if along else ("", 1, 0)
        if begin + (count - 1) * step // stride >= n:
            return None
        rest = [x for x in rest if x not in along]
        places.append(_address(along, begin, None, stride))
    return None if rest else places


def _reshaped(shape: Shape, moving: Sequence[tuple[str, int, int]]) -> list[str] | None:
    """The loop indices alone, if they go through the whole buffer in memory order."""
    inside = all(a[2] == b[1] * b[2] for a, b in pairwise(moving))
    if not moving or not inside or moving[-1][2] != 1:
        return None
    return [i for i, _, _ in moving] if prod(n for _, n, _ in moving) == prod(shape) else None


def _address(
    moving: Sequence[tuple[str, int, int]],
    offset: int,
    chosen: tuple[str, int] | None,
    unit: int = 1,
) -> str:
    """`9 row + 2 col + 1`, with strides counted in units."""
    terms = [(i, s // unit) for i, _, s in moving] + ([chosen] if chosen else [])
    texts = [i if s == 1 else f"{s} {i}" for i, s in terms]
    return " + ".join([*texts, str(offset)] if offset or not texts else texts)


def loops_of(dims: Shape, strides: Shape) -> list[tuple[str, int, int]]:
    """Each loop of a nest: its index, its size and its stride."""
    return list(zip(indices(dims), dims, strides, strict=True))


def leaf_in(leaf: Leaf, dims: Shape, names: Names, chosen: tuple[str, int] | None = None) -> str:
    """A leaf inside the loops: a constant, a range, or an element of a buffer."""
    if leaf.number is not None:
        return f"{leaf.number}"
    if leaf.range is not None:
        start, step = leaf.range
        moving = [x for x in loops_of(dims, leaf.strides) if x[2]]
        place = _address([(i, n, s * step) for i, n, s in moving], start + leaf.offset * step, None)
        return place if " " not in place else f"({place})"
    return element(
        names[leaf.var], leaf.var.shape, loops_of(dims, leaf.strides), leaf.offset, chosen
    )
