"""Chains of NumPy calls, run piece by piece so that intermediate results stay in cache.

Intermediate results go into per-thread scratch arrays: these are warm in cache, and aligned to
cache lines, since stores that straddle two lines take nearly twice as long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.placement import empty

Array = np.ndarray[Any, Any]

PIECE = 1 << 14  # elements: 64 KB of float32, so that a few such arrays fit in L2


class _Local(threading.local):
    def __init__(self) -> None:
        self.scratch: dict[tuple[np.dtype[Any], int], list[Array]] = {}


_local = _Local()


def scratch_arrays(count: int, dtype: np.dtype[Any]) -> list[Array]:
    """Scratch arrays of `PIECE` elements, reused by every call on this thread."""
    cached = _local.scratch
    if (dtype, count) not in cached:
        cached[dtype, count] = [empty((PIECE,), dtype) for _ in range(count)]
    return cached[dtype, count]


def in_pieces(work: Callable[..., None], *arrays: Array, needs: int = 0) -> Array:
    """Run `work(*arrays, out, *scratch)` on pieces of equally shaped arrays, and return `out`.

    `needs` is the number of scratch arrays that `work` takes.
    """
    out = np.empty_like(arrays[0])
    if not all(a.flags.c_contiguous for a in (*arrays, out)):
        work(*arrays, out, *[np.empty_like(out) for _ in range(needs)])
        return out
    flat, size = [a.reshape(-1) for a in (*arrays, out)], out.size
    free = scratch_arrays(needs, out.dtype) if needs else []
    for start in range(0, size, PIECE):
        end = min(start + PIECE, size)
        work(*[a[start:end] for a in flat], *[scratch[: end - start] for scratch in free])
    return out
