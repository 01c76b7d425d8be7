"""The micro-kernel: the sums of one tile of a matrix product, in one of two ways.

    outer   acc[r][v] += a[r, k] b[k, v]: a broadcast number of A times a vector of B, for each k
    dot     acc[r][c] += a[r, k ..] b[k .., c]: vectors along k, reduced over lanes at the end

If there are few accumulators each is split into several parts, to shorten the dependency chains of
additions; the order of additions depends on the shapes only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ....core.placement import LINE
from ..rows.columns import flat
from ..text.emit import Function
from ..text.types import I64, Operand, Value, as_value, constant, vector, width
from .pack import read
from .product import LLVM, STRETCH, Plan
from .stream import Stream, prefetch

Grid = list[list[Value]]  # rows of vectors
STRAIGHT = 96  # up to so many multiply-adds of vectors a tile is fully unrolled


@dataclass(frozen=True)
class Tile:
    """One tile: its size and its place."""

    height: int
    vectors: int
    columns: int  # that exist: the last vector may have fewer than its lanes
    batch: Value
    i: Value  # index of its row of tiles
    j: Value  # index of its column of tiles
    a: Value  # the address of its first row
    b: Value  # the address of its first column
    store: Value | None = None  # its place in the scratch buffer
    next_a: Value | None = None  # the part of A's next rows that this tile prefetches
    stream: Stream | None = None  # prefetches of the next block of k


@dataclass(frozen=True)
class _Rows:
    """The rows of B that a tile reads, addressed as if they began at k = 0."""

    place: Value
    stride: int
    padded: bool = False  # whether all lanes of the last vector may be read
    copy: Value | None = None  # where they are copied to, contiguously


class Sums:
    """Writes the sums of tiles of one planned product."""

    def __init__(self, f: Function, plan: Plan) -> None:
        self.f, self.plan = f, plan
        self.dtype, self.k = plan.product.dtype, plan.product.k
        self.base = LLVM[self.dtype.name]
        self.kind = vector(plan.wide, self.base)

    def write(self, tile: Tile) -> Grid:
        """The complete sums of a tile."""
        return self._dot(tile) if self.plan.dot else self.outer(tile, 0, self.k)

    def plus(self, x: Value, y: Value) -> Value:
        """x + y; for booleans `or`."""
        op = {"f": "fadd", "b": "or"}.get(self.dtype.kind, "add")
        return self.f.binary(op, x, y)

    def _multiply_add(self, x: Value, y: Value, z: Value) -> Value:
        f = self.f
        if self.dtype.kind == "f":  # fused if the machine has fma, otherwise rounded twice
            return f.intrinsic("llvm.fmuladd", x.type, x, y, z)
        if self.dtype.kind == "b":
            return f.binary("or", f.binary("and", x, y), z)
        return f.add(f.mul(x, y), z)

    # -- outer products --------------------------------------------------------------------

    def outer(self, tile: Tile, start: Operand, stop: Operand) -> Grid:
        """The part of the sums with k in [start, stop)."""
        size = tile.height * tile.vectors
        parts = 1 if size >= 8 or self.k < 8 else 2 if size >= 4 else 4
        acc = [[constant(0, self.kind)] * size for _ in range(parts)]
        if size * self.k <= STRAIGHT and not self.plan.deep:
            acc = self._steps(tile, constant(0, I64), self.k, acc)
        else:
            acc = self._loop(tile, start, stop, acc)
        return _chunks(self._together(acc), tile.vectors)

    def _loop(self, tile: Tile, start: Operand, stop: Operand, acc: Grid) -> Grid:
        """Unrolled by the number of parts; the remaining k one by one."""
        f, size, parts = self.f, len(acc[0]), len(acc)
        if tile.stream is not None and parts == 1:
            return [self._streamed(tile, tile.stream, as_value(start, I64), stop, acc[0])]
        rest = self.k % parts
        last = self._whole(start, stop, parts) if rest else stop
        with f.loop(start, last, parts, flat(acc)) as loop:
            if tile.next_a is not None:
                place = f.gep(self.base, tile.next_a, f.mul(loop.index, self.plan.share))
                f.prefetch(place, near=False)
            acc = self._steps(tile, loop.index, parts, _chunks(loop.values, size))
            loop.carry(*flat(acc))
        acc = _chunks(loop.results, size)
        if rest and isinstance(last, int):
            return self._steps(tile, constant(last, I64), rest, acc)
        if rest:
            with f.loop(last, stop, 1, acc[0]) as tail:
                tail.carry(*self._step(tile, self._rows(tile), tail.index, 0, tail.values))
            acc[0] = tail.results
        return acc

    def _streamed(
        self, tile: Tile, stream: Stream, start: Value, stop: Operand, acc: list[Value]
    ) -> list[Value]:
        """The sums of a block of k; B is read in place, or from the copy of a strip."""
        f, rows = self.f, self._rows(tile)
        if stream.strip is None or stream.copies is None:
            return self._in_stretches(tile, stream, rows, start, stop, acc)
        width = tile.vectors * self.plan.wide
        place = f.gep(self.base, stream.strip, f.mul(f.sub(0, start), width))
        writing, reading = replace(rows, copy=place), _Rows(place, width, padded=True)
        return f.branch(
            stream.copies,
            lambda: self._in_stretches(tile, stream, writing, start, stop, acc),
            lambda: self._in_stretches(tile, stream, reading, start, stop, acc),
        )

    def _in_stretches(
        self,
        tile: Tile,
        stream: Stream,
        rows: _Rows,
        start: Value,
        stop: Operand,
        acc: list[Value],
    ) -> list[Value]:
        """The loop over k, interrupted every STRETCH steps to prefetch lines of the next block.

        Prefetches are spread evenly, as they share the line fill buffers with the kernel's loads.
        """
        f = self.f
        with f.loop(start, stop, STRETCH, acc) as stretch:
            k = stretch.index
            turn = f.binary("udiv", f.sub(k, start), STRETCH)
            prefetch(f, self.base, self.plan, stream, turn)
            end = f.intrinsic("llvm.smin", I64, f.add(k, STRETCH), as_value(stop, I64))
            with f.loop(k, end, 1, stretch.values) as loop:
                loop.carry(*self._step(tile, rows, loop.index, 0, loop.values))
            stretch.carry(*loop.results)
        return stretch.results

    def _whole(self, start: Operand, stop: Operand, n: int) -> Operand:
        """Where the last whole step of n between start and stop ends."""
        f = self.f
        if isinstance(start, int) and isinstance(stop, int):
            return stop - (stop - start) % n
        return f.sub(stop, f.binary("urem", f.sub(stop, start), n))

    def _steps(self, tile: Tile, k: Value, count: int, acc: Grid) -> Grid:
        acc, rows = list(acc), self._rows(tile)
        for u in range(count):
            acc[u % len(acc)] = self._step(tile, rows, k, u, acc[u % len(acc)])
        return acc

    def _rows(self, tile: Tile) -> _Rows:
        b = self.plan.b
        return _Rows(tile.b, b.k(tile.vectors * self.plan.wide), b.packed)

    def _step(self, tile: Tile, rows: _Rows, k: Value, ahead: int, acc: list[Value]) -> list[Value]:
        """One step of the outer products, at k + ahead."""
        f, a, b, wide = self.f, self.plan.a, self.plan.b, self.plan.wide
        row = f.gep(self.base, rows.place, f.mul(k, rows.stride))
        vectors = [
            read(
                f,
                self.base,
                f.gep(self.base, row, ahead * rows.stride + v * wide * b.step),
                b.step,
                wide,
                tile.columns - v * wide,
                padded=rows.padded,
            )
            for v in range(tile.vectors)
        ]
        if rows.copy is not None:
            place = f.gep(self.base, rows.copy, f.mul(k, tile.vectors * wide))
            for v, x in enumerate(vectors):
                f.store(x, f.gep(self.base, place, v * wide))
        column = f.gep(self.base, tile.a, f.mul(k, a.stride))
        out = []
        for r in range(tile.height):
            place = f.gep(self.base, column, ahead * a.stride + r * a.step)
            one = f.splat(f.load(self.base, place), wide)
            for v, x in enumerate(vectors):
                out.append(self._multiply_add(one, x, acc[r * tile.vectors + v]))
        return out

    def _together(self, parts: Grid) -> list[Value]:
        """The parts of the sums, added pairwise."""
        while len(parts) > 1:
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [[self.plus(x, y) for x, y in zip(p, q, strict=True)] for p, q in pairs]
        return parts[0]

    # -- lanes along k ---------------------------------------------------------------------

    def _dot(self, tile: Tile) -> Grid:
        """Dot products of each row with each column; their totals in the order of the result."""
        f, n, wide = self.f, self.plan.whole, self.plan.wide
        columns = min(tile.columns, wide)
        zero = constant(0, vector(n, self.base))
        size = tile.height * columns
        parts = 1 if size >= 8 else 2 if size >= 4 else 4
        acc = [[zero] * size for _ in range(parts)]
        whole = self.k // (n * parts) * n * parts
        if whole:
            with f.loop(0, whole, n * parts, flat(acc)) as loop:
                acc = [
                    self._dot_step(tile, loop.index, p * n, n, part)
                    for p, part in enumerate(_chunks(loop.values, size))
                ]
                loop.carry(*flat(acc))
            acc = _chunks(loop.results, size)
        for p, k in enumerate(range(whole, self.k, n)):
            acc[p] = self._dot_step(tile, constant(0, I64), k, min(n, self.k - k), acc[p])
        rows = _chunks(self._together(acc), columns)
        total = self._totals(flat([row + [zero] * (wide - columns) for row in rows]))
        return [[self._part(total, r * wide)] for r in range(tile.height)]

    def _part(self, total: Value, start: int) -> Value:
        """One row of the result, out of all totals."""
        f, wide = self.f, self.plan.wide
        if width(total.type) == wide:
            return total
        if wide == 1:
            return f.extract(total, start)
        return f.shuffle(total, None, range(start, start + wide))

    def _dot_step(
        self, tile: Tile, k: Value, ahead: int, count: int, acc: list[Value]
    ) -> list[Value]:
        """`count` neighbouring k of every row times the same of every column."""
        f, plan = self.f, self.plan

        def side(pointer: Value, step: int, lines: int) -> list[Value]:
            first = f.gep(self.base, pointer, k)
            places = [f.gep(self.base, first, i * step + ahead) for i in range(lines)]
            return [read(f, self.base, place, 1, plan.whole, count) for place in places]

        columns = side(tile.b, plan.b.step, min(tile.columns, plan.wide))
        if plan.lead:
            self._prefetch_b(tile, f.add(k, ahead), len(columns))
        pairs = [(x, y) for x in side(tile.a, plan.a.step, tile.height) for y in columns]
        return [self._multiply_add(x, y, z) for (x, y), z in zip(pairs, acc, strict=True)]

    def _prefetch_b(self, tile: Tile, k: Value, columns: int) -> None:
        """Prefetch as many lines of B as a step reads, `lead` elements ahead."""
        f, plan = self.f, self.plan
        first = f.gep(self.base, tile.b, f.add(f.mul(k, columns), plan.lead))
        line = LINE // self.dtype.itemsize
        for start in range(0, columns * plan.whole, line):
            f.prefetch(f.gep(self.base, first, start))

    def _totals(self, sums: list[Value]) -> Value:
        """The lanes of each vector summed, the sums in one vector: by halving, pairwise."""
        f, n = self.f, self.plan.whole
        missing = (1 << (len(sums) - 1).bit_length()) - len(sums)
        sums = sums + [constant(0, sums[0].type)] * missing
        part = n  # number of neighbouring lanes that hold partial sums of one total
        while len(sums) > 1:
            low = [i for i in range(2 * n) if i % part < part // 2]
            high = [i + part // 2 for i in low]
            pairs = zip(sums[::2], sums[1::2], strict=True)
            sums = [f.fadd(f.shuffle(x, y, low), f.shuffle(x, y, high)) for x, y in pairs]
            part //= 2
        (x,) = sums
        while part > 1 and width(x.type) > 2:
            low = [i for i in range(width(x.type)) if i % part < part // 2]
            x = f.fadd(f.shuffle(x, None, low), f.shuffle(x, None, [i + part // 2 for i in low]))
            part //= 2
        return x if part == 1 else f.fadd(f.extract(x, 0), f.extract(x, 1))


def _chunks(values: list[Value], n: int) -> Grid:
    return [list(values[i : i + n]) for i in range(0, len(values), n)]
