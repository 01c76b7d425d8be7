"""Finished tiles: their sums are handed to the epilogue, one row at a time.

They stay in registers, unless the epilogue's code is long or the tile is transposed: then they go
through a small buffer, and the epilogue is written once, inside a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..text.emit import Function
from ..text.types import I64, Value, constant, vector
from .afterwards import Afterwards
from .pack import join
from .product import LLVM, Plan
from .sums import Grid, Tile

Write = Callable[[], object]


class Bands(Protocol):
    """Called around rows of tiles: a band of them has all columns of its rows."""

    def begin(self, item: Value) -> None:
        """Before an item."""

    def enter(self, row: Value) -> None:
        """Before the tiles of the band that begins at this row."""

    def leave(self, row: Value, count: int) -> None:
        """After `count` rows, starting at this one, are complete."""


@dataclass(frozen=True)
class Consumer:
    """What becomes of a product's results while they are in registers.

    `epilogue(batch, row, column, acc, mask)` consumes `plan.lanes` neighbouring results of one row
    (`mask`: which of them exist; None: all), or up to `abreast` times as many, by a power of two.
    It is called for every row of a tile; or, if `heavy`, once within a loop over them. It does not
    store over operands, but returns functions that do.

    `ahead(batch, row, column)` prefetches for the epilogue, before the last sums of a tile; `after`
    prefetches for the nest that follows. Matrices that share B may be merged into one: in any case
    `batch * plan.result_rows + row` counts the rows of the whole result. `bands` need a plan made
    for them, and get rows counted this way.
    """

    epilogue: Callable[[Value, Value, Value, Value, Value | None], list[Write]]
    heavy: bool = False
    abreast: int = 1
    ahead: Callable[[Value, Value, Value], None] | None = (
        None  # prefetches for (batch, row, column)
    )
    bands: Bands | None = None
    after: Afterwards | None = None  # prefetches for the nest that follows


class Finish:
    """Hands the tiles of one product to its epilogue."""

    def __init__(self, f: Function, plan: Plan, to: Consumer) -> None:
        self.f, self.plan, self.epilogue, self.abreast = f, plan, to.epilogue, to.abreast
        self.ahead = None if plan.turned else to.ahead  # before the last sums of a tile
        # The buffer of a tile that goes through memory.
        self.room = f.allocate(self.base, plan.tile) if plan.turned or to.heavy else None

    @property
    def base(self) -> str:
        """The LLVM type of the elements."""
        return LLVM[self.plan.product.dtype.name]

    def announce(self, tile: Tile) -> None:
        """Call `ahead` for each vector of the results that this tile will produce."""
        if self.ahead is None:
            return
        f, wide = self.f, self.plan.wide
        first = f.mul(tile.j, self.plan.vectors * wide)
        with f.loop(0, tile.height) as loop:
            row = f.add(f.mul(tile.i, self.plan.rows), loop.index)
            for v in range(tile.vectors):
                self.ahead(tile.batch, row, f.add(first, v * wide))

    def finish(self, tile: Tile, acc: Grid) -> None:
        """Hand the sums of a tile to the epilogue."""
        if self.room is None:
            self._in_registers(tile, acc)
            return
        for r, row in enumerate(acc):
            for v, x in enumerate(row):
                f, n = self.f, (r * tile.vectors + v) * self.plan.wide
                f.store(x, f.gep(self.base, self.room, n))
        if self.plan.turned:
            self._columns(tile, self.room)
        else:
            self._rows(tile, self.room)

    def _in_registers(self, tile: Tile, acc: Grid) -> None:
        """Hand on row by row; stores over operands are delayed until the next rows are read.

        A masked store blocks later loads of the lanes it masks out (no store forwarding). Where the
        last vector of a row extends into the next rows, each of them would stall: 6.2 instead of
        3.9 microseconds for a matrix of 200 x 30.
        """
        reach = -(-self.plan.wide // self.plan.product.n)
        waiting: list[list[Write]] = []
        for r, row in enumerate(acc):
            waiting.append(self._row(tile, constant(r, I64), row))
            if len(waiting) > reach:
                _call_all(waiting.pop(0))
        for writes in waiting:
            _call_all(writes)

    def _row(self, tile: Tile, r: Value, row: list[Value]) -> list[Write]:
        """Hand one row of a tile to the epilogue; returns its delayed stores."""
        f, wide = self.f, self.plan.wide
        number = f.add(f.mul(tile.i, self.plan.rows), r)
        first = f.mul(tile.j, self.plan.vectors * wide)
        left: list[Write] = []
        for start, parts in _groups(row, self.abreast):
            n, there = len(parts) * wide, tile.columns - start * wide
            mask = f.first_lanes(n, there) if there < n else None
            column = f.add(first, start * wide)
            left += self.epilogue(tile.batch, number, column, join(f, parts), mask)
        return left

    def _rows(self, tile: Tile, place: Value) -> None:
        """Hand a tile on from the buffer, in a loop over its rows."""
        f, wide = self.f, self.plan.wide
        kind = vector(wide, self.base)
        with f.loop(0, tile.height) as loop:
            start = f.gep(self.base, place, f.mul(loop.index, tile.vectors * wide))
            places = [f.gep(self.base, start, v * wide) for v in range(tile.vectors)]
            _call_all(self._row(tile, loop.index, [f.load(kind, p) for p in places]))

    def _columns(self, tile: Tile, place: Value) -> None:
        """Hand a transposed tile on from the buffer: its columns are rows of the result."""
        f, lanes, n = self.f, self.plan.lanes, self.plan.product.m
        first = f.mul(tile.j, self.plan.vectors * self.plan.wide)
        mask = f.first_lanes(lanes, n) if n < lanes else None
        with f.loop(0, tile.columns) as loop:
            column = f.gep(self.base, place, loop.index)
            stride = tile.vectors * self.plan.wide
            parts = [f.load(self.base, f.gep(self.base, column, c * stride)) for c in range(n)]
            x = parts[0] if lanes == 1 else constant(0, vector(lanes, self.base))
            for c, part in enumerate(parts if lanes > 1 else []):
                x = f.insert(x, part, c)
            row = f.add(first, loop.index)
            _call_all(self.epilogue(tile.batch, row, constant(0, I64), x, mask))


def _groups(row: list[Value], most: int) -> Iterator[tuple[int, list[Value]]]:
    """Neighbouring vectors in groups of a power of two, each with the index of its first."""
    start = 0
    while start < len(row):
        n = min(most, 1 << (len(row) - start).bit_length() - 1)
        yield start, row[start : start + n]
        start += n


def _call_all(writes: list[Write]) -> None:
    for write in writes:
        write()
