"""Examples for a network, accessed by number, whatever they are examples of."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

UNCOUNTED = -1  # a target that is ignored, such as those after the end of a short text

Batch = tuple[np.ndarray, ...]
Numbers = np.ndarray | slice


class Examples(ABC):
    """Examples in a fixed order: example i is row i of several arrays, such as X and Y.

    `predictions` is the maximum number of targets of an example, each with its own loss.
    """

    predictions = 1

    @abstractmethod
    def __len__(self) -> int:
        """The number of examples."""

    @abstractmethod
    def __getitem__(self, index: Numbers) -> Batch:
        """The arrays, such as X (M, ...) and Y (M, ...), of the examples with these numbers."""

    def batches(self, size: int) -> Iterator[Batch]:
        """All examples in order, `size` at a time; the last batch may be shorter."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def some(self, count: int) -> np.ndarray:
        """The numbers of `count` examples spread evenly over all, or of all if there are fewer.

        The first ones could be easier than the rest: the built-in names are sorted by frequency.

        >>> from gradatim.data.names import Rows, Vocabulary
        >>> Rows(["ava", "eva"], 2, Vocabulary(".aev")).some(4)
        array([0, 2, 4, 6])
        """
        count = min(count, len(self))
        return np.arange(count) * len(self) // max(count, 1)

    def counted(self, batch: Batch) -> np.ndarray:
        """The number of targets of each example that are not ignored, (M,)."""
        Y = batch[-1]
        if self.predictions == 1:
            return np.ones(len(Y), np.int64)
        counts: np.ndarray = np.count_nonzero(Y != UNCOUNTED, axis=1)
        return counts

    def table(self) -> Batch | None:
        """Arrays from which `pick` reads examples, if they are in memory; else None."""
        return None

    def table_size(self) -> int:
        """The size of the table in bytes."""
        one = self[0:1]
        return len(self) * sum(part.nbytes for part in one)

    @staticmethod
    def pick(table: tuple[Any, ...], index: Any) -> tuple[Any, ...]:
        """The examples with these numbers from a table, both of arrays or both of tensors."""
        return tuple(part[index] for part in table)


def check_numbers(numbers: np.ndarray, count: int) -> None:
    """Raise IndexError unless these are valid numbers for `count` examples."""
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
        raise IndexError(f"examples have the numbers 0 to {count - 1}; got {numbers}")
