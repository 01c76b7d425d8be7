"""Writing matrix products: register tiles, each handed to an epilogue.

    for item in begin .. end:                        a panel of tiles, or a few small matrices
        for rows of tiles, for tiles of a row:       A's rows stay in L1
            for k:  acc[r][v] += a[r, k] b[k, v]     e.g. 6 x 4 vectors, in registers
            epilogue(batch, row, column, acc[r][v])  bias, activation, store: the caller's code

All decisions are made beforehand (`tiles.plan`): shapes and strides are constants in the code, and
only the tile shapes that occur (whole, right edge, bottom edge, corner) are written out. Long sums
are blocked along k: all tiles of a panel process one block before any starts the next, and keep
partial sums in a scratch buffer. Then tiles go column by column, and the first tile of a strip of B
copies it for those below (`stream.py`). A `turned` product is computed transposed, and read back by
columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

from ..text.emit import Function
from ..text.types import I64, Operand, Value, as_value, constant, vector
from .finish import Consumer, Finish
from .pack import offset, quotient
from .product import LLVM, Plan, Side
from .stream import Stream
from .sums import Grid, Sums, Tile


@dataclass(frozen=True)
class Operands:
    """Where a product's operands begin, in their packed forms where `plan.packs` has them."""

    a: Value
    b: Value
    scratch: Value | None  # `plan.scratch` elements


def write_product(
    f: Function, plan: Plan, memory: Operands, begin: Value, end: Value, to: Consumer
) -> None:
    """Write the loops that compute the items [begin, end) of a planned product."""
    if plan.items:
        _Writer(f, plan, memory, to).items(begin, end)


Span = tuple[Value, Value]  # panels from .. to along one side of a matrix


@dataclass(frozen=True)
class _Band:
    """Tiles of one height (or width), one after the other: numbers `start` to `stop` - 1."""

    start: Operand
    stop: Operand
    size: int  # rows; or columns, rounded up to whole vectors
    there: int  # rows or columns that exist
    only_if: Value | None = None


@dataclass(frozen=True)
class _Block:
    """A block of k: its range, the scratch for partial sums, the addresses of the next block."""

    start: Value
    stop: Value
    store: Value
    coming: tuple[Value, Value] | None


class _Writer:
    def __init__(self, f: Function, plan: Plan, memory: Operands, to: Consumer) -> None:
        self.f, self.plan, self.bands, self.after = f, plan, to.bands, to.after
        self.a, self.b = (memory.b, memory.a) if plan.turned else (memory.a, memory.b)
        self.scratch, self.base = memory.scratch, LLVM[plan.product.dtype.name]
        self.sums, self.end = Sums(f, plan), Finish(f, plan, to)

    # -- where the tiles are ---------------------------------------------------------------

    def items(self, begin: Value, end: Value) -> None:
        """Loops over all items: each a panel of tiles of one matrix, or some small matrices.

        Items that continue each other are one panel, so a single worker has no seams.
        """
        f, plan = self.f, self.plan
        if plan.joined is not None:
            spans = [(constant(0, I64), constant(1, I64))] * 2
            spans[plan.joined] = begin, end
            self._area(constant(0, I64), *spans)
            return
        with f.loop(begin, end) as loop:
            if self.bands is not None:
                self.bands.begin(loop.index)
            if plan.group == 1:
                self._panel(begin, loop.index, end)
            else:
                first = f.mul(loop.index, plan.group)
                last = self._least(f.add(first, plan.group), plan.product.batches)
                with f.loop(first, last) as matrices:
                    self._panel(begin, matrices.index, last)

    def _place(self, number: Value) -> tuple[Value, Value, Value]:
        """The matrix, row and column of a panel that is numbered through all matrices."""
        left, across = quotient(self.f, number, self.plan.panels[1])
        if self.plan.product.batches == 1:
            return constant(0, I64), left, across
        batch, down = quotient(self.f, left, self.plan.panels[0])
        return batch, down, across

    def _least(self, a: Value, b: Operand) -> Value:
        return self.f.intrinsic("llvm.smin", I64, a, as_value(b, I64))

    def _panel(self, begin: Value, number: Value, end: Value) -> None:
        """The tiles of one item that belong to one matrix.

        Partial sums lie in the scratch memory of the item `begin`, which no other worker uses: the
        next item reuses it while it is still in cache.
        """
        f, plan, p = self.f, self.plan, self.plan.product
        batch, down, across = self._place(number)
        spans = (down, f.add(down, 1)), (across, f.add(across, 1))
        if not plan.deep:
            self._area(batch, *spans)
            return
        rows, columns = self._sides(*spans)
        a, b = self._matrix(self.a, plan.a, batch), self._matrix(self.b, plan.b, batch)
        assert self.scratch is not None
        store = f.gep(self.base, self.scratch, f.mul(begin, plan.room))
        with f.loop(0, p.k, plan.depth) as loop:
            stop = self._least(f.add(loop.index, plan.depth), p.k)
            coming = self._coming(number, end, loop.index, stop) if plan.streams else None
            block = _Block(loop.index, stop, store, coming)
            for tile in self._tiles(rows, columns, batch, a, b, block):
                if self.after is not None and tile.stream is not None:
                    self.after.prefetch(number, loop.index, tile.stream.number)
                if self.end.ahead is not None:
                    with f.when(self._is_last(block)):
                        self.end.announce(tile)
                self._block(tile, self.sums.outer(tile, loop.index, stop), block)

    def _area(self, batch: Value, down: Span, across: Span) -> None:
        """The tiles of some panels of one matrix, each computed at once."""
        plan = self.plan
        a, b = self._matrix(self.a, plan.a, batch), self._matrix(self.b, plan.b, batch)
        for tile in self._tiles(*self._sides(down, across), batch, a, b):
            self.end.announce(tile)
            self.end.finish(tile, self.sums.write(tile))

    def _is_last(self, block: _Block) -> Value:
        return self.f.compare("eq", block.stop, self.plan.product.k)

    def _coming(self, number: Value, end: Value, start: Value, stop: Value) -> tuple[Value, Value]:
        """Addresses of the next block of A and of B: in this panel, or in the next one."""
        f, plan = self.f, self.plan
        following = self._least(f.add(number, 1), f.sub(end, 1))
        over = f.compare("eq", stop, plan.product.k)
        here, there = self._corners(number), self._corners(following)
        k = f.add(start, plan.depth)
        a, b = (
            f.select(over, next_, f.gep(self.base, this, f.mul(k, operand.stride)))
            for this, next_, operand in zip(here, there, (plan.a, plan.b), strict=True)
        )
        return a, b

    def _corners(self, number: Value) -> tuple[Value, Value]:
        """Addresses of a panel's first row of A and of its first column of B."""
        f, plan = self.f, self.plan
        batch, down, across = self._place(number)
        a, b = self._matrix(self.a, plan.a, batch), self._matrix(self.b, plan.b, batch)
        row, column = (
            f.mul(self._start(down, 0), plan.a.block),
            f.mul(self._start(across, 1), plan.b.block),
        )
        return f.gep(self.base, a, row), f.gep(self.base, b, column)

    def _start(self, panel: Value, side: int) -> Value:
        """The first tile of a panel; sizes of panels differ by at most one tile."""
        f, p, plan = self.f, self.plan.product, self.plan
        tiles = -(-p.n // (plan.vectors * plan.wide)) if side else -(-p.m // plan.rows)
        return f.binary("udiv", f.mul(panel, tiles), plan.panels[side])

    def _sides(self, down: Span, across: Span) -> tuple[list[_Band], list[_Band]]:
        """The rows and the columns of tiles of some panels."""
        plan, p = self.plan, self.plan.product
        rows = self._bands(down, 0, p.m, plan.rows, 1)
        return rows, self._bands(across, 1, p.n, plan.vectors * plan.wide, plan.wide)

    def _bands(self, span: Span, side: int, extent: int, size: int, step: int) -> list[_Band]:
        """The whole tiles of panels along one side of the result, and the edge if they have one.

        Panels differ by at most one tile. So half of the panels are half of the rows, whatever the
        tile size: a worker gets the same rows in nest after nest.
        """
        f, plan = self.f, self.plan
        whole, rest = divmod(extent, size)
        edge = -(-rest // step) * step
        if plan.panels[side] == 1:
            bands = [_Band(0, whole, size, size), _Band(whole, whole + 1, edge, rest)]
        else:
            start, stop = self._start(span[0], side), self._start(span[1], side)
            stop = self._least(stop, whole) if rest else stop
            last = f.compare("eq", span[1], plan.panels[side]) if rest else None
            bands = [
                _Band(start, stop, size, size),
                _Band(whole, whole + 1, edge, rest, last),
            ]
        return [band for band, some in zip(bands, (whole, rest), strict=True) if some]

    def _matrix(self, pointer: Value, side: Side, batch: Value) -> Value:
        """The address of one matrix of the batch."""
        place = offset(self.f, batch, self.plan.product.batch, side.batch)
        return self.f.gep(self.base, pointer, place)

    def _tiles(
        self,
        rows: list[_Band],
        columns: list[_Band],
        batch: Value,
        a: Value,
        b: Value,
        block: _Block | None = None,
    ) -> Iterator[Tile]:
        """Write the loops around the tiles; the caller writes the body, once per tile shape."""
        f, plan = self.f, self.plan
        for row, i, column, j in self._walk(rows, columns, batch, block):
            first = f.gep(self.base, a, f.mul(i, plan.a.block))
            strip = f.gep(self.base, b, f.mul(j, plan.b.block))
            down, across = f.sub(i, rows[0].start), f.sub(j, columns[0].start)
            tile = Tile(
                row.size, column.size // plan.wide, column.there, batch, i, j, first, strip,
                next_a=self._next_rows(first, across),
            )  # fmt: skip
            yield tile if block is None else self._in_block(tile, block, down, across)

    def _walk(
        self, rows: list[_Band], columns: list[_Band], batch: Value, block: _Block | None
    ) -> Iterator[tuple[_Band, Value, _Band, Value]]:
        """Row by row of tiles; or column by column, where strips of B are copied."""
        if self.plan.copies:
            for column in columns:
                with self._band(column) as j:
                    for row in rows:
                        with self._band(row) as i:
                            yield row, i, column, j
            return
        for row in rows:
            with self._band(row) as i, self._in_band(row, batch, i, block):
                for column in columns:
                    with self._band(column) as j:
                        yield row, i, column, j

    def _in_block(self, tile: Tile, block: _Block, down: Value, across: Value) -> Tile:
        """A tile of a block of k, with its place in the scratch buffer and its prefetches."""
        f, plan = self.f, self.plan
        high, wide = plan.panel
        if plan.copies:
            number = f.add(f.mul(across, high), down)
        else:
            number = f.add(f.mul(down, wide), across)
        stream = None
        if block.coming is not None:
            stream = Stream(block.coming, number)
            if plan.copies:
                room = f.gep(self.base, block.store, high * wide * plan.tile)
                stream = Stream(block.coming, number, room, f.compare("eq", down, 0))
        place = f.gep(self.base, block.store, f.mul(number, plan.tile))
        return replace(tile, store=place, stream=stream)

    @contextmanager
    def _in_band(self, row: _Band, batch: Value, i: Value, block: _Block | None) -> Iterator[None]:
        """Call `bands` before the tiles of a band, and after them if its sums are complete."""
        f, plan = self.f, self.plan
        if self.bands is None:
            yield
            return
        number = f.add(f.mul(batch, plan.product.m), f.mul(i, plan.rows))
        self.bands.enter(number)
        yield
        with nullcontext() if block is None else f.when(self._is_last(block)):
            self.bands.leave(number, row.there)

    def _next_rows(self, first: Value, number: Value) -> Value | None:
        """The address of the part of A's next rows that this tile prefetches."""
        f, plan = self.f, self.plan
        if not plan.share:
            return None
        following = f.gep(self.base, first, plan.a.block)
        return f.gep(self.base, following, f.mul(number, plan.product.k * plan.share))

    @contextmanager
    def _band(self, band: _Band) -> Iterator[Value]:
        """A loop over the tiles of a band; none if there is only one."""
        f = self.f
        with nullcontext() if band.only_if is None else f.when(band.only_if):
            if isinstance(band.start, int) and band.stop == band.start + 1:
                yield constant(band.start, I64)
            else:
                with f.loop(band.start, band.stop) as loop:
                    yield loop.index

    def _block(self, tile: Tile, acc: Grid, block: _Block) -> None:
        """Add a block's sums to those of the blocks before; store them, or finish the tile."""
        f, wide = self.f, self.plan.wide
        kind = vector(wide, self.base)
        later = f.splat(f.compare("ne", block.start, 0), wide)
        assert tile.store is not None
        numbers = range(tile.height * tile.vectors)
        places = iter([f.gep(self.base, tile.store, n * wide) for n in numbers])
        zero = constant(0, kind)
        pairs = [[(x, next(places)) for x in row] for row in acc]
        total = [
            [self.sums.plus(f.select(later, f.load(kind, p), zero), x) for x, p in row]
            for row in pairs
        ]
        with f.when(f.compare("slt", block.stop, self.plan.product.k)):
            for row, there in zip(total, pairs, strict=True):
                for x, (_, place) in zip(row, there, strict=True):
                    f.store(x, place)
        with f.when(self._is_last(block)):
            self.end.finish(tile, total)
