"""The examples of words: the characters before, and the next one."""

from collections.abc import Sequence

import numpy as np

from ..examples import Examples, Numbers
from .blocks import contexts
from .vocabulary import Vocabulary


class Rows(Examples):
    """All examples of some words: `X` (N, block_size) and `Y` (N,), int64.

    `rows[index]` is (X, Y) of the examples at `index`, an array (M,) or a slice.

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

    def __getitem__(self, index: Numbers) -> tuple[np.ndarray, np.ndarray]:
        return self.X[index], self.Y[index]

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        return self.X, self.Y
