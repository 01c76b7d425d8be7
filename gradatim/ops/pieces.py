"""Long chains of NumPy calls, a piece at a time: what one leaves, the next finds in the cache.

Between the first call and the last, numbers stay in rooms that each thread keeps: warm, and placed
where a cache line begins, since stores that straddle two take nearly twice as long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.placement import empty

Array = np.ndarray[Any, Any]

PIECE = 1 << 14  # elements: 64 KB of float32, so that a few arrays of it fit the second-level cache


class _Kept(threading.local):
    def __init__(self) -> None:
        self.rooms: dict[tuple[np.dtype[Any], int], list[Array]] = {}


_kept = _Kept()


def rooms(count: int, dtype: np.dtype[Any]) -> list[Array]:
    """Arrays of `PIECE` elements to work in, the same ones for each call of this thread."""
    kept = _kept.rooms
    if (dtype, count) not in kept:
        kept[dtype, count] = [empty((PIECE,), dtype) for _ in range(count)]
    return kept[dtype, count]


def in_pieces(work: Callable[..., None], *arrays: Array, needs: int = 0) -> Array:
    """What `work(*arrays, out, *rooms)` writes into `out`, for arrays of one shape; in pieces.

    `needs` is how many rooms it has besides `out`.
    """
    out = np.empty_like(arrays[0])
    if not all(a.flags.c_contiguous for a in (*arrays, out)):
        work(*arrays, out, *[np.empty_like(out) for _ in range(needs)])
        return out
    flat, size = [a.reshape(-1) for a in (*arrays, out)], out.size
    free = rooms(needs, out.dtype) if needs else []
    for start in range(0, size, PIECE):
        end = min(start + PIECE, size)
        work(*[a[start:end] for a in flat], *[room[: end - start] for room in free])
    return out
