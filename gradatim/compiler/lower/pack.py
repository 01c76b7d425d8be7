"""Copying an operand of a product into strips, so that the kernel reads it from front to back.

for item in begin .. end:                  a block of k of one strip
    for k, 16 at a time:                   where k lies side by side: squares of 16 x 16
        for x in the strip, 16 at a time:      are transposed in registers
"""

from __future__ import annotations

from collections.abc import Sequence

from .emit import BYTES, I64, Function, Value, constant, constants, element, vector
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
        squares = pack.k_stride == 1 and pack.wide == self.whole and pack.k >= self.whole > 1
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
        """Squares of as many k as columns; the last may repeat some of the one before."""
        f, pack, n = self.f, self.pack, self.whole
        zero = constant(0, vector(n, self.base))
        with f.loop(start, stop, n) as loop:
            k = self._least(loop.index, pack.k - n) if pack.k % n else loop.index
            come = f.gep(self.base, source, k)
            go = f.gep(self.base, target, f.mul(k, stride))
            square = [
                f.load(zero.type, f.gep(self.base, come, i * pack.stride)) for i in range(there)
            ]
            for value in transpose(f, square + [zero] * (n - there)):
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


def transpose(f: Function, rows: list[Value]) -> list[Value]:
    """A square of vectors, transposed: one round of exchanges for each bit of the width.

    The first rounds interleave within 16 bytes, which processors do at once; the others exchange
    whole groups of 16 bytes. Interleaving leaves the rows of a group in another order.
    """
    n = len(rows)
    group = min(n, 16 // BYTES[element(rows[0].type)])
    distance = 1
    while distance < n:
        low, high = _places(n, group, distance)
        for i in range(n):
            if not i & distance:
                x, y = rows[i], rows[i + distance]
                rows[i], rows[i + distance] = f.shuffle(x, y, low), f.shuffle(x, y, high)
        distance *= 2
    return [rows[i - i % group + _reverse(i % group, group)] for i in range(n)]


def _places(n: int, group: int, distance: int) -> tuple[list[int], list[int]]:
    """What a round takes of two rows, first for the one, then for the other."""
    if distance >= group:
        even = [i for i in range(2 * n) if i // group % 2 == 0]
        return even, [i + group for i in even]
    low = [
        start + row * n + unit + i
        for start in range(0, n, group)
        for unit in range(0, group // 2, distance)
        for row in (0, 1)
        for i in range(distance)
    ]
    return low, [i + group // 2 for i in low]


def _reverse(i: int, n: int) -> int:
    """The bits of i < n in the opposite order."""
    bits = n.bit_length() - 1
    return int(f"{i:0{bits}b}"[::-1], 2) if bits else 0
