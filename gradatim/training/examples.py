"""Examples for training: tensors that hold all of them, or batches read from a file as drawn."""

from __future__ import annotations

import time

import numpy as np

from .._tensor.interchange import from_numpy
from .._tensor.randomness import randint
from .._tensor.tensor import Tensor
from ..core.random import default_generator
from ..data.names import Examples, Rows
from .pace import MOMENT

TABLE_LIMIT = 1 << 30  # bytes of examples that are held in memory; of more, only what is drawn
PIECE = 1 << 14  # rows made at a time


class TrainingExamples:
    """Batches drawn with replacement, by the default generator; the same ones either way.

    What fits is a table, which a compiled step draws from by itself. Of a file that table is made
    piece by piece, when it is first needed.
    """

    def __init__(self, rows: Examples, batch_size: int) -> None:
        self.rows, self.batch_size = rows, batch_size
        size = 8 * len(rows) * (rows.block_size + 1)
        self.has_table = size <= TABLE_LIMIT or batch_size == 0
        self._table: tuple[Tensor, Tensor] | None = None
        self._filling: _Filling | None = None
        if isinstance(rows, Rows):
            self._table = from_numpy(rows.X), from_numpy(rows.Y)

    def get_ready(self) -> bool:
        """Work on the table for a moment; whether batches can be drawn."""
        if not self.has_table or self._table is not None:
            return True
        self._filling = self._filling or _Filling(self.rows)
        if self._filling.go_on():
            self._table = from_numpy(self._filling.X), from_numpy(self._filling.Y)
            self._filling = None
        return self._table is not None

    def draw(self) -> tuple[Tensor, Tensor]:
        """X (B, block_size) and Y (B,) of the next batch, or all examples, out of the table."""
        assert self._table is not None, "get_ready first"
        X, Y = self._table
        if self.batch_size == 0:
            return X, Y
        index = randint(0, len(self.rows), (self.batch_size,))
        return X[index], Y[index]

    def read(self) -> tuple[Tensor, Tensor]:
        """The next batch, out of the file."""
        X, Y = self.rows[default_generator.randint(0, len(self.rows), self.batch_size)]
        return from_numpy(X), from_numpy(Y)


class _Filling:
    """A table that is being made."""

    def __init__(self, rows: Examples) -> None:
        self.X = np.empty((len(rows), rows.block_size), np.int64)
        self.Y = np.empty(len(rows), np.int64)
        self.done = 0
        self.pieces = rows.batches(PIECE)

    def go_on(self) -> bool:
        """Work for a moment; whether it is done."""
        end = time.perf_counter() + MOMENT
        while time.perf_counter() < end:
            piece = next(self.pieces, None)
            if piece is None:
                return True
            X, Y = piece
            self.X[self.done : self.done + len(Y)] = X
            self.Y[self.done : self.done + len(Y)] = Y
            self.done += len(Y)
        return False
