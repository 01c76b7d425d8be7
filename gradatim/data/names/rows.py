"""The examples of words in memory: two arrays, drawn from by number."""

from collections.abc import Iterator, Sequence

import numpy as np

from .blocks import contexts
from .vocabulary import Vocabulary


class Rows:
    """All examples of some words: `X` (N, block_size) and `Y` (N,), int64.

    `rows[index]` is (X, Y) of the examples with these numbers, an array (M,) or a slice.

    >>> rows = Rows(["ava"], 2, Vocabulary(".av"))
    >>> len(rows)
    4
    >>> rows[np.array([0, 2])]
    (array([[0, 0],
           [1, 2]]), array([1, 1]))
    """

    def __init__(self, words: Sequence[str], block_size: int, vocabulary: Vocabulary):
        self.block_size = block_size
        self.X, self.Y = contexts(words, block_size, vocabulary)

    def __len__(self) -> int:
        return len(self.Y)

    def __getitem__(self, index: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        return self.X[index], self.Y[index]

    def batches(self, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All examples in order, `size` at a time, the last batch shorter."""
        for start in range(0, len(self), size):
            yield self[start : start + size]
