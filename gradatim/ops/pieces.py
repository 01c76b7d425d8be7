"""Long chains of NumPy calls, a piece at a time: what one leaves, the next finds in the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PIECE = 1 << 14  # elements: 64 KB of float32, so that a few arrays of it fit the second-level cache


def in_pieces(work: Callable[..., None], *arrays: Array) -> Array:
    """What `work(*arrays, out)` writes into `out`, for arrays of one shape; piece by piece."""
    out = np.empty_like(arrays[0])
    if out.size <= PIECE or not all(a.flags.c_contiguous for a in arrays):
        work(*arrays, out)
        return out
    flat = [a.reshape(-1) for a in (*arrays, out)]
    for start in range(0, out.size, PIECE):
        work(*[a[start : start + PIECE] for a in flat])
    return out
