"""The examples of words: numbered, and drawn by number; in memory they are two arrays."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from .blocks import contexts
from .vocabulary import Vocabulary


class Examples(ABC):
    """The examples of some words, in their order: of the embedded names, frequent ones first."""

    block_size: int

    @abstractmethod
    def __len__(self) -> int:
        """How many examples there are: one for each character and each end of a word."""

    @abstractmethod
    def __getitem__(self, index: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        """X (M, block_size) and Y (M,) of the examples with these numbers, (M,) or a slice."""

    @abstractmethod
    def batches(self, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All examples in order, `size` at a time, the last batch shorter."""

    def some(self, count: int) -> np.ndarray:
        """The numbers of `count` examples spread evenly over all of them; of all, if fewer.

        The first ones would be frequent words only, and easier than the rest.

        >>> Rows(["ava", "eva"], 2, Vocabulary(".aev")).some(4)
        array([0, 2, 4, 6])
        """
        count = min(count, len(self))
        return np.arange(count) * len(self) // max(count, 1)


class Rows(Examples):
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
        for start in range(0, len(self), size):
            yield self[start : start + size]
