"""Shuffled integers: the swaps of a Fisher-Yates shuffle, vectorised.

The random words determine with which later position each position swaps; the result depends only
on that list, and is computed from it without a loop over positions. The idea of viewing the swaps
as a forest is from J. Shun et al., "Sequential random permutation, list contraction and tree
contraction are highly parallel", 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import DTypeError
from .errors import RandomError
from .twister import Twister

if TYPE_CHECKING:
    from numpy.typing import NDArray

# From this size on a 32-bit remainder would be too biased, and PyTorch changes the algorithm.
HUGE = (2**32 - 1) // 20
# Below this size a plain loop over the swaps is faster than a dozen array operations.
_SHORT = 256

Ints: TypeAlias = "NDArray[np.int64]"


def permutation(twister: Twister, n: int, dtype: np.dtype[Any]) -> NDArray:
    """The integers 0 to n - 1 in random order."""
    _check(n, dtype)
    if n >= HUGE:
        places = np.arange(1, n + 1, dtype=np.uint64)
        return inside_out((twister.words64(n) % places).view(np.int64)).astype(dtype, copy=False)
    steps = twister.words32(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint32)
    shuffle = swap_one_by_one if n < _SHORT else swap_at_once
    return shuffle(steps.astype(np.int64))[:n].astype(dtype, copy=False)


def swap_one_by_one(steps: Ints) -> Ints:
    """0 to len(steps), after each position i in turn was swapped with position i + steps[i].

    >>> swap_one_by_one(np.array([2, 0, 1]))
    array([2, 1, 3, 0])
    """
    order = list(range(len(steps) + 1))
    for i, step in enumerate(steps.tolist()):
        order[i], order[i + step] = order[i + step], order[i]
    return np.array(order, np.int64)


def swap_at_once(steps: Ints) -> Ints:
    """The result of `swap_one_by_one`, without its loop.

    When position i swaps with ("visits") a later position j, i's number moves to j, and i keeps j's
    for good. So at its own turn j holds what its last visitor held then; followed back, that is the
    number of a position without visitors. What i keeps is what the previous visitor of j held at
    its turn, or the number j itself if i is the first.

    >>> swap_at_once(np.array([2, 0, 1]))
    array([2, 1, 3, 0])
    """
    visitors = np.flatnonzero(steps)
    visited = visitors + steps[visitors]
    last = np.arange(len(steps) + 1)
    last[visited] = visitors  # visitors are in order, so the last one stays
    holds = _roots(last)
    visited, visitors = _sorted_pairs(visited, visitors)
    kept = visited.copy()
    again = np.flatnonzero(visited[1:] == visited[:-1])
    kept[again + 1] = holds[visitors[again]]
    holds[visitors] = kept
    return holds


def inside_out(picks: Ints) -> Ints:
    """The integers 0 to len(picks) - 1, shuffled "inside out".

    Each i in turn takes position picks[i] <= i, whose number moves to position i.

    >>> inside_out(np.array([0, 0, 2, 1]))
    array([1, 3, 2, 0])
    """
    turns = np.arange(len(picks))
    places, takers = _sorted_pairs(picks, turns)
    again = np.flatnonzero(places[1:] == places[:-1])
    # The number moved is the previous taker's, or, for the first taker of position p, the number
    # that moved to p at its own turn.
    last = np.full(len(picks), -1)
    last[takers[again + 1]] = takers[again]
    first = last < 0
    came = np.where(first, turns, last)[_roots(np.where(first, picks, turns))]
    came[picks] = turns  # takers are in order, so the last one stays
    return came


def _roots(parent: Ints) -> Ints:
    """The end of each entry's chain of parents, by pointer doubling."""
    while True:
        grand = parent[parent]
        if np.array_equal(grand, parent):
            return parent
        parent = grand


def _sorted_pairs(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """The sorted pairs, both below 2^32: sorting packed integers is fastest."""
    keys = (first << 32) | second
    keys.sort()
    return keys >> 32, keys & 0xFFFFFFFF


def _check(n: int, dtype: np.dtype[Any]) -> None:
    if n < 0:
        raise RandomError(f"randperm: the number of elements cannot be negative, got {n}")
    if dtype.kind not in "iuf":
        raise DTypeError(f"randperm: needs an integer or floating dtype, got {dtype}")
    last = 2 ** (np.finfo(dtype).nmant + 1) if dtype.kind == "f" else np.iinfo(dtype).max
    if n - 1 > last:
        raise RandomError(f"randperm: {dtype} holds the integers up to {last}, not to {n - 1}")
