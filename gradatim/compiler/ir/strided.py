"""How a view reads memory: an offset and one stride for each dimension, in elements.

Movement is free as long as strides can express it. Only some reshapes cannot: then the elements
have to be copied into contiguous memory first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any

from .graph import Equation, Params, contiguous

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Strided:
    """The element at (i, j, ...) lies at offset + i strides[0] + j strides[1] + ..."""

    shape: Shape
    strides: Shape
    offset: int = 0

    @staticmethod
    @lru_cache(maxsize=1024)
    def whole(shape: Shape) -> Strided:
        """A contiguous array."""
        return Strided(shape, contiguous(shape))

    @property
    def is_whole(self) -> bool:
        """Whether it is contiguous and begins at offset 0."""
        return self.offset == 0 and all(
            n == 1 or s == t
            for n, s, t in zip(self.shape, self.strides, contiguous(self.shape), strict=True)
        )

    def through(self, name: str, params: Params) -> Strided | None:
        """This view followed by a movement; None if strides cannot express it."""
        return STEPS[name](self, params)


def _broadcast(s: Strided, params: Params) -> Strided:
    shape = params["shape"]
    new = len(shape) - len(s.shape)
    strides = [t if n == m else 0 for n, m, t in zip(s.shape, shape[new:], s.strides, strict=True)]
    return Strided(shape, (*(0,) * new, *strides), s.offset)


def _permute(s: Strided, params: Params) -> Strided:
    order = params["order"]
    return Strided(tuple(s.shape[i] for i in order), tuple(s.strides[i] for i in order), s.offset)


def _reshape(s: Strided, params: Params) -> Strided | None:
    shape = params["shape"]
    if prod(shape) == 0:
        return Strided.whole(shape)
    runs = merge([(n, t) for n, t in zip(s.shape, s.strides, strict=True) if n != 1])
    strides = []
    for n in reversed(shape):
        if n == 1:
            strides.append(0)
            continue
        if not runs or runs[-1][0] % n:
            return None
        size, step = runs.pop()
        strides.append(step)
        if size > n:
            runs.append((size // n, step * n))
    return Strided(shape, tuple(reversed(strides)), s.offset)


def merge(dims: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(size, stride) pairs with adjacent dimensions merged where the strides allow it."""
    merged: list[tuple[int, int]] = []
    for n, t in dims:
        if merged and merged[-1][1] == n * t:
            merged[-1] = (merged[-1][0] * n, t)
        else:
            merged.append((n, t))
    return merged


def _slice(s: Strided, params: Params) -> Strided:
    shape, strides, offset, d = [], [], s.offset, 0
    for item in params["index"]:
        if item is None:
            shape.append(1)
            strides.append(0)
            continue
        n, t = s.shape[d], s.strides[d]
        d += 1
        if isinstance(item, slice):
            start, stop, step = item.indices(n)
            count = len(range(start, stop, step))
            shape.append(count)
            strides.append(t * step)
            offset += t * start if count else 0
        else:
            offset += t * (item % n)
    return Strided((*shape, *s.shape[d:]), (*strides, *s.strides[d:]), offset)


def _diagonal(s: Strided, params: Params) -> Strided:
    k, d1, d2 = params["offset"], params["dim1"], params["dim2"]
    n, m = s.shape[d1] - max(-k, 0), s.shape[d2] - max(k, 0)
    rest = [i for i in range(len(s.shape)) if i not in (d1, d2)]
    start = max(-k, 0) * s.strides[d1] + max(k, 0) * s.strides[d2]
    return Strided(
        (*(s.shape[i] for i in rest), max(min(n, m), 0)),
        (*(s.strides[i] for i in rest), s.strides[d1] + s.strides[d2]),
        s.offset + start,
    )


def _flip(s: Strided, params: Params) -> Strided:
    dims = {d % len(s.shape) for d in params["dims"]}
    start = sum((s.shape[d] - 1) * s.strides[d] for d in dims)
    strides = tuple(-t if d in dims else t for d, t in enumerate(s.strides))
    return Strided(s.shape, strides, s.offset + start)


STEPS: dict[str, Callable[[Strided, Any], Strided | None]] = {
    "broadcast_to": _broadcast,
    "permute": _permute,
    "reshape": _reshape,
    "slice": _slice,
    "diagonal": _diagonal,
    "flip": _flip,
}


def step(s: Strided, e: Equation) -> Strided | None:
    """`through` for an equation."""
    return s.through(e.name, e.params)


# -- rows ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """A view as rows: outer dimensions with their strides, and the stride along a row."""

    dims: Shape
    strides: Shape
    along: int
    offset: int


@lru_cache(maxsize=4096)  # the layers of a deep network ask for the same views
def as_rows(s: Strided, length: int) -> Rows | None:
    """A view as rows of `length` elements; None if a row has more than one stride.

    Length 0 means one element per row, the same along the whole row.
    """
    cut = len(s.shape)
    if length:
        size = 1
        while size < length and cut:
            cut -= 1
            size *= s.shape[cut]
        if size != length:
            return None
    pairs = list(zip(s.shape, s.strides, strict=True))
    row = merge([p for p in pairs[cut:] if p[0] != 1])
    if len(row) > 1:
        return None
    outer = merge([p for p in pairs[:cut] if p[0] != 1])
    dims, strides = zip(*outer, strict=True) if outer else ((), ())
    return Rows(dims, strides, row[0][1] if row else 0, s.offset)


def common_dims(all_rows: list[Rows]) -> Shape | None:
    """Outer dimensions fine enough for all of these; None if they split the rows differently."""
    return between({e for rows in all_rows for e in ends_of(rows.dims)})


def between(ends: set[int]) -> Shape | None:
    """The dimensions whose suffix products are `ends`; None if these do not divide each other."""
    dims, before = [], 1
    for end in sorted(ends):
        if end % before:
            return None
        dims.append(end // before)
        before = end
    return tuple(reversed(dims))


def ends_of(dims: Shape) -> tuple[int, ...]:
    """The suffix products: of the last dimension, the last two, ..."""
    return tuple(accumulate(reversed(dims), mul))


def spread(rows: Rows, dims: Shape) -> Shape:
    """The strides of a view over finer outer dimensions."""
    strides: list[int] = []
    pending = list(zip(rows.dims, rows.strides, strict=True))
    size, step = pending.pop() if pending else (1, 0)
    for n in reversed(dims):
        strides.append(step)
        size, step = size // n, step * n
        if size <= 1:
            size, step = pending.pop() if pending else (1, 0)
    return tuple(reversed(strides))
