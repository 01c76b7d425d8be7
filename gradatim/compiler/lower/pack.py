"""Copying an operand of a product into strips, so that the kernel reads it from front to back.

for item in begin .. end:                  a block of k of one strip
    for k, 16 at a time:                   where k lies side by side: squares of 16 x 16
        for x in the strip, 16 at a time:      are transposed in registers
"""

from __future__ import annotations

from collections.abc import Sequence

from .emit import I64, Function, Value, constant, constants, vector, width
from .product import LLVM, Pack, Plan


def write_pack(
    f: Function, plan: Plan, pack: Pack, source: Value, target: Value, begin: Value, end: Value
) -> None:
    """Write the nest that does the items [begin, end) of a pack: target = source, in strips."""
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
    """Where matrix number `batch` begins, in elements."""
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
        columns = self._least(f.sub(pack.extent, first), pack.width)
        self._block(
            f.gep(self.base, source, come), f.gep(self.base, target, go), start, stop, columns
        )

    def _least(self, a: Value, b: int) -> Value:
        return self.f.intrinsic("llvm.smin", I64, a, constant(b, I64))

    def _block(
        self, source: Value, target: Value, start: Value, stop: Value, columns: Value
    ) -> None:
        """All columns of a strip, whole vectors of them and perhaps a last one that is not."""
        f, pack = self.f, self.pack
        rest = pack.extent % pack.wide
        full = self.f.binary("udiv", columns, pack.wide) if pack.wide > 1 else columns
        across = f.mul(full, pack.wide)
        stride = f.add(across, pack.wide) if rest else across
        if rest and pack.extent > pack.width:
            partial = f.compare("slt", across, columns)
            stride = f.select(partial, stride, across)
        squares = pack.k_stride == 1 and pack.wide >= self.group <= pack.k
        write = self._squares if squares else self._lines
        if pack.extent >= pack.wide:
            with f.loop(0, across, pack.wide) as loop:
                come = f.gep(self.base, source, f.mul(loop.index, pack.stride))
                go = f.gep(self.base, target, loop.index)
                write(come, go, start, stop, pack.wide, stride)
        if rest:
            with f.when(f.compare("slt", across, columns)):
                come = f.gep(self.base, source, f.mul(across, pack.stride))
                write(come, f.gep(self.base, target, across), start, stop, rest, stride)

    def _lines(
        self, source: Value, target: Value, start: Value, stop: Value, there: int, stride: Value
    ) -> None:
        """k by k: neighbouring columns, read together or gathered."""
        f, pack = self.f, self.pack
        with f.loop(start, stop) as loop:
            place = f.gep(self.base, source, f.mul(loop.index, pack.k_stride))
            value = read(f, self.base, place, pack.stride, pack.wide, there)
            f.store(value, f.gep(self.base, target, f.mul(loop.index, stride)))

    def _squares(
        self, source: Value, target: Value, start: Value, stop: Value, there: int, stride: Value
    ) -> None:
        """16 bytes of k of each column; the last may repeat some of those before."""
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
    """`there` numbers at a stride, in a vector of n; `padded`: there are n, whatever they are."""
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
    """Vectors side by side in one."""
    while len(parts) > 1:
        both = range(2 * width(parts[0].type))
        parts = [f.shuffle(x, y, both) for x, y in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def transpose(f: Function, rows: list[Value]) -> list[Value]:
    """Vectors made of squares side by side, each square transposed: by rounds of interleaving.

    There are as many rows as a square has, a power of two; a round halves what is left to do.
    """
    group, n = len(rows), width(rows[0].type)
    low = [s + i // 2 + n * (i % 2) for s in range(0, n, group) for i in range(group)]
    high = [i + group // 2 for i in low]
    for _ in range(group.bit_length() - 1):
        pairs = zip(rows[: group // 2], rows[group // 2 :], strict=True)
        rows = [f.shuffle(x, y, half) for x, y in pairs for half in (low, high)]
    return rows
