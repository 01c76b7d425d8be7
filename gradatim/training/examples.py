"""Batches of training examples: from a table in memory, or read from a file as they are drawn."""

from __future__ import annotations

import time

import numpy as np

from .._tensor.interchange import from_numpy
from .._tensor.randomness import randint
from .._tensor.tensor import Tensor
from ..core.pace import MOMENT
from ..core.random import default_generator
from ..data.examples import Batch, Examples

TABLE_LIMIT = 1 << 30  # bytes of examples kept in memory; larger data is read as it is drawn
PIECE = 1 << 14  # examples converted at a time


class TrainingExamples:
    """Batches drawn with replacement by the default generator; both sources draw the same ones.

    Data that fits in memory becomes a table, from which a compiled step draws directly. For a file
    the table is filled piece by piece when first needed. A batch size of 0 takes all examples.
    """

    def __init__(self, examples: Examples, batch_size: int) -> None:
        self.examples, self.batch_size = examples, batch_size
        self.has_table = batch_size == 0 or examples.table_size() <= TABLE_LIMIT
        self._table: tuple[Tensor, ...] | None = None
        self._filling: _Filling | None = None
        table = examples.table() if self.has_table else None
        if table is not None:
            self._table = _tensors(table if batch_size else examples[:])

    def get_ready(self) -> bool:
        """Fill more of the table; whether batches can be drawn."""
        if not self.has_table or self._table is not None:
            return True
        self._filling = self._filling or _Filling(self.examples)
        if self._filling.go_on():
            self._table = _tensors(self._filling.arrays)
            self._filling = None
        return self._table is not None

    def draw(self) -> tuple[Tensor, ...]:
        """X (B, ...) and Y (B, ...) of the next batch, or all examples, from the table."""
        assert self._table is not None, "get_ready first"
        if self.batch_size == 0:
            return self._table
        index = randint(0, len(self.examples), (self.batch_size,))
        return self.examples.pick(self._table, index)

    def read(self) -> tuple[Tensor, ...]:
        """The next batch, read from the file."""
        count = len(self.examples)
        return _tensors(self.examples[default_generator.randint(0, count, self.batch_size)])


class _Filling:
    """A table that is being filled."""

    def __init__(self, examples: Examples) -> None:
        one = examples[0:1]
        self.arrays = tuple(np.empty((len(examples), *a.shape[1:]), a.dtype) for a in one)
        self.done = 0
        self.pieces = examples.batches(PIECE)

    def go_on(self) -> bool:
        """Fill for a moment; whether the table is complete."""
        end = time.perf_counter() + MOMENT
        while time.perf_counter() < end:
            piece = next(self.pieces, None)
            if piece is None:
                return True
            size = len(piece[0])
            for whole, part in zip(self.arrays, piece, strict=True):
                whole[self.done : self.done + size] = part
            self.done += size
        return False


def _tensors(arrays: Batch) -> tuple[Tensor, ...]:
    return tuple(map(from_numpy, arrays))
