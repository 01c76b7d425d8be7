"""Packing: copying an operand of a product into strips that the micro-kernel reads sequentially.

for item in begin .. end:                  a block of k of one strip
    for k, 16 at a time:                   where k is contiguous: squares of 16 x 16
        for x in the strip, 16 at a time:      are transposed in registers
"""

from __future__ import annotations

from collections.abc import Sequence

from ..text.emit import Function
from ..text.types import I64, Value, constant, constants, vector, width
from .product import LLVM, Pack, Plan


def write_pack(
    f: Function, plan: Plan, pack: Pack, source: Value, target: Value, begin: Value, end: Value
) -> None:
    """Write the nest that computes the items [begin, end) of a pack: target = source, in strips."""
    if pack.items:
        writer = _Packer(f, pack, plan.whole)
        with f.loop(begin, end) as loop:
            writer.item(source, target, loop.index)


def quotient(f: Function, index: Value, n: int) -> tuple[Value, Value]:
    """index // n and index % n."""
    if n == 1:
        return index, constant(0, I64)
    whole = f.binary("udiv", index, n)
    return whole, f.sub(index, f.mul(whole, n))


def offset(f: Function, batch: Value, sizes: Sequence[int], strides: Sequence[int]) -> Value:
    """The offset of matrix number `batch`, in elements."""
    total = constant(0, I64)
    for d in reversed(range(len(sizes))):
        index = batch
        if d:
            batch, index = quotient(f, batch, sizes[d])
        total = f.add(total, f.mul(index, strides[d]))
    return total


class _Packer:
    def __init__(self, f: Function, pack: Pack, whole: int) -> None:
        self.f, self.pack, self.whole = f, pack, whole
        self.base = LLVM[pack.dtype.name]
        self.group = 16 // pack.dtype.itemsize

    def item(self, source: Value, target: Value, item: Value) -> None:
        """One block of k of one strip."""
        f, pack = self.f, self.pack
        left, block = quotient(f, item, pack.blocks)
        batch, strip = quotient(f, left, pack.strips)
        first = f.mul(strip, pack.width)
        come = f.add(offset(f, batch, pack.batch, pack.batch_strides), f.mul(first, pack.stride))
        go = f.add(f.mul(batch, pack.matrix), f.mul(first, pack.k))
        start = f.mul(block, pack.depth)
        stop = self._least(f.add(start, pack.depth), pack.k)
        place = f.gep(self.base, source, come), f.gep(self.base, target, go), start, stop
        rest = pack.extent % pack.width
        if not rest or pack.strips == 1:
            self._strip(*place, rest or pack.width)
            return
        for predicate, columns in (("ne", pack.width), ("eq", rest)):
            with f.when(f.compare(predicate, strip, pack.strips - 1)):
                self._strip(*place, columns)

    def _least(self, a: Value, b: int) -> Value:
        return self.f.intrinsic("llvm.smin", I64, a, constant(b, I64))

    def _strip(self, source: Value, target: Value, start: Value, stop: Value, columns: int) -> None:
        """A block of k of a strip of `columns`: whole vectors, the last one perhaps partial."""
        f, pack = self.f, self.pack
        stride = -(-columns // pack.wide) * pack.wide
        if pack.k_stride != 1 or pack.wide < self.group or pack.k < self.group:
            self._lines(source, target, start, stop, columns, stride)
            return
        whole = columns // pack.wide * pack.wide
        if whole:
            with f.loop(0, whole, pack.wide) as loop:
                come = f.gep(self.base, source, f.mul(loop.index, pack.stride))
                go = f.gep(self.base, target, loop.index)
                self._squares(come, go, start, stop, pack.wide, stride)
        if columns > whole:
            come = f.gep(self.base, source, whole * pack.stride)
            go = f.gep(self.base, target, whole)
            self._squares(come, go, start, stop, columns - whole, stride)

    def _lines(
        self, source: Value, target: Value, start: Value, stop: Value, columns: int, stride: int
    ) -> None:
        """One k at a time: all columns of the strip, by vector loads or gathers."""
        f, pack = self.f, self.pack
        with f.loop(start, stop) as loop:
            come = f.gep(self.base, source, f.mul(loop.index, pack.k_stride))
            go = f.gep(self.base, target, f.mul(loop.index, stride))
            for c in range(0, columns, pack.wide):
                there = min(pack.wide, columns - c)
                place = f.gep(self.base, come, c * pack.stride)
                value = read(f, self.base, place, pack.stride, pack.wide, there)
                f.store(value, f.gep(self.base, go, c))

    def _squares(
        self, source: Value, target: Value, start: Value, stop: Value, there: int, stride: int
    ) -> None:
        """16 bytes of k of each column at a time; the last group may overlap the one before."""
        f, pack, group = self.f, self.pack, self.group
        few = vector(group, self.base)
        with f.loop(start, stop, group) as loop:
            k = self._least(loop.index, pack.k - group) if pack.k % group else loop.index
            come = f.gep(self.base, source, k)
            go = f.gep(self.base, target, f.mul(k, stride))
            columns = [f.load(few, f.gep(self.base, come, i * pack.stride)) for i in range(there)]
            columns += [constant(0, few)] * (pack.wide - there)
            rows = [join(f, columns[i::group]) for i in range(group)]
            for value in transpose(f, rows):
                f.store(value, go)
                go = f.gep(self.base, go, stride)


def read(
    f: Function, base: str, place: Value, stride: int, n: int, there: int, *, padded: bool = False
) -> Value:
    """`there` numbers at a stride in a vector of n; `padded`: n may be read, whatever they are."""
    if n == 1:
        return f.load(base, place)
    if stride == 0:
        return f.splat(f.load(base, place), n)
    mask = f.first_lanes(n, there) if there < n and not padded else None
    kind = vector(n, base)
    if stride != 1:
        places = constants([stride * min(i, there - 1) for i in range(n)], I64)
        return f.gather(base, place, places, mask)
    return f.load(kind, place) if mask is None else f.masked_load(kind, place, mask)


def join(f: Function, parts: list[Value]) -> Value:
    """Vectors concatenated into one."""
    while len(parts) > 1:
        both = range(2 * width(parts[0].type))
        parts = [f.shuffle(x, y, both) for x, y in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def transpose(f: Function, rows: list[Value]) -> list[Value]:
    """Vectors that hold squares side by side, each square transposed by rounds of interleaving.

    There are as many rows as a square has, a power of two; each round halves the remaining problem.
    """
    group, n = len(rows), width(rows[0].type)
    low = [s + i // 2 + n * (i % 2) for s in range(0, n, group) for i in range(group)]
    high = [i + group // 2 for i in low]
    for _ in range(group.bit_length() - 1):
        pairs = zip(rows[: group // 2], rows[group // 2 :], strict=True)
        rows = [f.shuffle(x, y, half) for x, y in pairs for half in (low, high)]
    return rows
