"""`random_split`: a dataset split into disjoint parts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from ..._tensor.generators import Generator
from ..._tensor.randomness import randperm
from .datasets import Subset


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[Any]]:
    """Split a dataset at random into parts of the given lengths, or fractions that sum to 1.

    A fraction gives floor(fraction * len(dataset)) samples; the remaining samples go to the first
    parts, one each. The default generator is used unless `generator` is given.

    Errors: ValueError for lengths that do not sum to the dataset's, or a negative fraction.

    >>> import gradatim
    >>> g = gradatim.Generator().manual_seed(42)
    >>> train, dev = random_split(range(10), [0.75, 0.25], generator=g)
    >>> list(train), list(dev)
    ([2, 6, 1, 8, 4, 5, 0, 9], [3, 7])
    """
    size, total = len(dataset), sum(lengths)
    counts = lengths
    if math.isclose(total, 1) and total <= 1:
        counts = _shares(size, lengths)
    elif total != size:
        raise ValueError(
            f"random_split: the lengths sum to {total}, but the dataset has {size} samples;"
            " give lengths that sum to that, or fractions that sum to 1"
        )
    order = randperm(size, generator=generator).tolist()
    ends = [0, *accumulate(map(int, counts))]
    return [Subset(dataset, order[start:end]) for start, end in pairwise(ends)]


def _shares(size: int, fractions: Sequence[float]) -> list[int]:
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"random_split: fraction {i} is {fraction}, not between 0 and 1")
    counts = [math.floor(size * fraction) for fraction in fractions]
    for i in range(size - sum(counts)):
        counts[i % len(counts)] += 1
    for i, count in enumerate(counts):
        if count == 0:
            warnings.warn(
                f"random_split: part {i} of {size} samples is empty", UserWarning, stacklevel=3
            )
    return counts
