"""A row of tokens as examples: windows of it, and the same windows shifted by one token."""

from typing import Any

import numpy as np

from ..errors import DoesNotFit
from ..examples import UNCOUNTED, Batch, Examples, Numbers, check_numbers


class Windows(Examples):
    """Every window of a row of tokens: X (block_size,), and Y one token later, int64.

    `tokens` (N,) has N - block_size overlapping windows, for drawing at random.

    >>> windows = Windows(np.array([3, 1, 4, 1, 5]), 3)
    >>> X, Y = windows[:]
    >>> X
    array([[3, 1, 4],
           [1, 4, 1]])
    >>> Y
    array([[1, 4, 1],
           [4, 1, 5]])

    Errors: DoesNotFit if there is not even one window; `name` names the text in the message.
    """

    def __init__(self, tokens: np.ndarray, block_size: int, *, name: str = "the text") -> None:
        if len(tokens) <= block_size:
            fitting = len(tokens) - 1
            smaller = f"set block_size={fitting} or less, or " if fitting > 0 else ""
            raise DoesNotFit(
                f"{name} has {len(tokens):,} token{'' if len(tokens) == 1 else 's'}, and a context"
                f" of block_size={block_size} needs at least {block_size + 1:,}; {smaller}give more"
                " text"
            )
        self.tokens, self.block_size = tokens, block_size
        self.predictions = block_size
        self.places = np.arange(block_size)

    def __len__(self) -> int:
        return len(self.tokens) - self.block_size

    def __getitem__(self, index: Numbers) -> Batch:
        X, Y = self.pick((self.tokens, self.places), self._numbers(index))
        return X.astype(np.int64), Y.astype(np.int64)

    def table(self) -> Batch | None:
        return self.tokens.astype(np.int64), self.places

    def table_size(self) -> int:
        return 8 * len(self.tokens)

    @staticmethod
    def pick(table: tuple[Any, ...], index: Any) -> tuple[Any, ...]:
        tokens, places = table
        at = index[:, None] + places  # (M, block_size)
        return tokens[at], tokens[at + 1]

    def _numbers(self, index: Numbers) -> np.ndarray:
        if isinstance(index, slice):
            return np.arange(*index.indices(len(self)))
        numbers = np.asarray(index)
        check_numbers(numbers, len(self))
        return numbers


class Tiles(Windows):
    """Adjacent windows in which each token but the first is a target once, for evaluation.

    The last one overlaps the one before; targets already covered are -1.

    >>> X, Y = Tiles(np.array([3, 1, 4, 1, 5, 9]), 3)[:]
    >>> Y
    array([[ 1,  4,  1],
           [-1,  5,  9]])
    """

    def __len__(self) -> int:
        return (len(self.tokens) - 2) // self.block_size + 1

    def __getitem__(self, index: Numbers) -> Batch:
        wanted = self._numbers(index) * self.block_size
        starts = np.minimum(wanted, len(self.tokens) - 1 - self.block_size)
        X, Y = self.pick((self.tokens, self.places), starts)
        again = self.places < (wanted - starts)[:, None]
        return X.astype(np.int64), np.where(again, UNCOUNTED, Y.astype(np.int64))

    def table(self) -> None:
        return None
