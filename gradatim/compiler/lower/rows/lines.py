"""Operations along a line, one element after the other: running sums, recurrences, and sorting.

A line is all elements that differ only in their index along one dimension. Lines are independent,
so they are split into items; within a line there is nothing to parallelize.

Sorting is a stable merge sort of runs of 1, 2, 4, ... elements, on keys compared as unsigned
integers: floats are mapped to such keys, with nan largest and -0.0 equal to 0.0, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from ...ir.graph import Equation, Var, contiguous
from ...ir.nests import Leaf, LineNest
from ...schedule.grain import line_items
from ..nest.hoist import coordinates
from ..nest.numbers import in_memory, kind_of, load, range_at, store
from ..text.emit import Function
from ..text.types import BYTES, DOUBLE, FLOAT, I32, I64, Operand, Value, constant, element

_SIGN = -(1 << 63)


def is_line(e: Equation) -> bool:
    """Whether an equation works along lines."""
    return e.name in LINES


def scratch_size(nest: LineNest) -> int:
    """The 64-bit words of scratch memory that all items need."""
    length = nest.equation.inputs[0].shape[nest.dim]
    return 4 * length * line_items(nest)[0] if nest.equation.name in SORTS else 0


@dataclass(frozen=True)
class Line:
    """One line: its length, how its elements are read and written, and scratch memory."""

    f: Function
    length: int
    inputs: Sequence[Callable[[Operand], Value]]
    write: Callable[[Operand, Value], None]
    in_type: Any
    out_type: Any
    scratch: Value | None

    def read(self, i: Operand) -> Value:
        """An element of the first input."""
        return self.inputs[0](i)


def write_lines(
    f: Function,
    nest: LineNest,
    pointer: Callable[[Var], Value],
    scratch: Value | None,
    begin: Value,
    end: Value,
) -> None:
    """Write the code of the items [begin, end)."""
    e, dim = nest.equation, nest.dim
    x, out = e.inputs[0], e.output
    outer = (*x.shape[:dim], *x.shape[dim + 1 :])
    lines = prod(outer)
    count, each = line_items(nest)
    params = {k: v for k, v in e.params.items() if k != "dim"}
    target = Leaf(out, contiguous(out.shape))
    with f.loop(begin, end) as item:
        start = f.mul(item.index, each)
        stop = f.add(start, each)
        if count * each > lines:
            stop = f.select(f.compare("slt", stop, lines), stop, constant(lines, I64))
        room = scratch
        if scratch is not None:
            room = f.gep(I64, scratch, f.mul(item.index, 4 * x.shape[dim]))
        with f.loop(start, stop) as loop:
            at = coordinates(f, loop.index, outer)
            line = Line(
                f,
                x.shape[dim],
                [_reader(f, leaf, dim, at, pointer) for leaf in nest.inputs],
                _writer(f, target, dim, at, pointer(out)),
                x.dtype,
                out.dtype,
                room,
            )
            LINES[e.name](line, **params)


def _begin(f: Function, leaf: Leaf, dim: int, at: Sequence[Operand]) -> Operand:
    total: Operand = leaf.offset
    strides = (*leaf.strides[:dim], *leaf.strides[dim + 1 :])
    for i, stride in zip(at, strides, strict=True):
        if stride:
            total = f.add(total, f.mul(i, stride))
    return total


def _reader(
    f: Function, leaf: Leaf, dim: int, at: Sequence[Operand], pointer: Callable[[Var], Value]
) -> Callable[[Operand], Value]:
    dtype, step = leaf.var.dtype, leaf.strides[dim]
    if leaf.number is not None:
        return lambda _: constant(leaf.number, kind_of(dtype))
    begin = _begin(f, leaf, dim, at)

    def read(i: Operand) -> Value:
        place = f.add(begin, f.mul(i, step)) if step else begin
        if leaf.range is not None:
            return range_at(f, leaf, place if isinstance(place, Value) else constant(place, I64))
        return load(f, dtype, f.gep(in_memory(dtype), pointer(leaf.var), place), 1, None)

    return read


def _writer(
    f: Function, target: Leaf, dim: int, at: Sequence[Operand], pointer: Value
) -> Callable[[Operand, Value], None]:
    begin, step, dtype = _begin(f, target, dim, at), target.strides[dim], target.var.dtype

    def write(i: Operand, value: Value) -> None:
        place = f.add(begin, f.mul(i, step))
        store(f, dtype, value, f.gep(in_memory(dtype), pointer, place), None)

    return write


# -- running ---------------------------------------------------------------------------------


def _is_float(dtype: Any) -> bool:
    return bool(dtype.kind == "f")


def cumsum(line: Line) -> None:
    """x_0, x_0 + x_1, ..."""
    f, is_float = line.f, _is_float(line.in_type)
    nothing = constant(-0.0 if is_float else 0, kind_of(line.in_type))  # -0.0 + x is x, even for 0
    with f.loop(0, line.length, carried=[nothing]) as loop:
        total = f.binary("fadd" if is_float else "add", loop.values[0], line.read(loop.index))
        line.write(loop.index, total)
        loop.carry(total)


def recurrence(line: Line) -> None:
    """s_i = a_i s_(i-1) + b_i, starting at 0, each operation rounded."""
    f, kind = line.f, kind_of(line.in_type)
    times, plus = ("fmul", "fadd") if _is_float(line.in_type) else ("mul", "add")
    with f.loop(0, line.length, carried=[constant(0, kind)]) as loop:
        a, b = (read(loop.index) for read in line.inputs)
        state = f.binary(plus, f.binary(times, a, loop.values[0]), b)
        line.write(loop.index, state)
        loop.carry(state)


def running_index(line: Line, *, largest: bool) -> None:
    """The index of the largest so far: the last of equal ones; after a nan, of the last nan."""
    f, dtype = line.f, line.in_type
    order = "ge" if largest else "le"
    sign = "o" if _is_float(dtype) else "s" if dtype.kind == "i" else "u"
    with f.loop(0, line.length, carried=[line.read(0), constant(0, I64)]) as loop:
        best, at = loop.values
        x = line.read(loop.index)
        better = f.compare(sign + order, x, best)  # never true once the best is nan
        if _is_float(dtype):
            better = f.binary("or", better, f.compare("uno", x, x))
        at = f.select(better, loop.index, at)
        line.write(loop.index, at)
        loop.carry(f.select(better, x, best), at)


# -- sorting ---------------------------------------------------------------------------------


def argsort(line: Line, *, descending: bool) -> None:
    """The indices that sort the line."""
    _sorted(line, line.length, descending=descending)


def top(line: Line, *, k: int, largest: bool) -> None:
    """The indices of the k largest, or smallest."""
    _sorted(line, k, descending=largest)


def _sorted(line: Line, count: int, *, descending: bool) -> None:
    """The scratch is [keys, indices, keys, indices]: runs are merged from one half to the other."""
    f, n, room = line.f, line.length, line.scratch
    assert room is not None
    with f.loop(0, n) as loop:
        key = _key(f, line.read(loop.index), line.in_type)
        key = f.binary("xor", key, -1) if descending else key
        f.store(key, f.gep(I64, room, loop.index))
        f.store(loop.index, f.gep(I64, room, f.add(loop.index, n)))
    passes = (n - 1).bit_length()
    if passes:
        with f.loop(0, passes) as loop:
            _merge_all(f, room, n, loop.index)
    last = 2 * n * (passes % 2) + n
    with f.loop(0, count) as loop:
        line.write(loop.index, f.load(I64, f.gep(I64, room, f.add(loop.index, last))))


def _key(f: Function, x: Value, dtype: Any) -> Value:
    """An element as a 64-bit key, ordered as an unsigned integer."""
    base = element(x.type)
    if base in (FLOAT, DOUBLE):
        whole = I32 if base == FLOAT else I64
        bits = f.bitcast(f.fadd(x, 0.0), whole)
        top_bit = -(1 << (8 * BYTES[base] - 1))
        flip = f.select(f.compare("slt", bits, 0), constant(-1, whole), constant(top_bit, whole))
        key = f.binary("xor", bits, flip)
        key = f.select(f.compare("uno", x, x), constant(-1, whole), key)
        return f.convert("zext", key, I64)
    if dtype.kind == "i":
        return f.binary("xor", f.convert("sext", x, I64), _SIGN)
    return f.convert("zext", x, I64)


def _merge_all(f: Function, room: Value, n: int, number: Value) -> None:
    """Merge neighbouring runs of 2^number elements."""
    width = f.binary("shl", constant(1, I64), number)
    is_odd = f.compare("ne", f.binary("and", number, 1), 0)
    source = f.gep(I64, room, f.select(is_odd, constant(2 * n, I64), 0))
    target = f.gep(I64, room, f.select(is_odd, constant(0, I64), 2 * n))
    two = f.add(width, width)
    blocks = f.binary("udiv", f.add(f.sub(two, 1), n), two)
    with f.loop(0, blocks) as loop:
        low = f.mul(loop.index, two)
        middle = _smaller(f, f.add(low, width), n)
        high = _smaller(f, f.add(low, two), n)
        _merge(f, source, target, n, low, middle, high)


def _merge(
    f: Function, source: Value, target: Value, n: int, low: Value, middle: Value, high: Value
) -> None:
    with f.loop(low, high, carried=[low, middle]) as loop:
        i, j = loop.values
        left, right = _smaller(f, i, n - 1), _smaller(f, j, n - 1)
        a, b = (f.load(I64, f.gep(I64, source, k)) for k in (left, right))
        is_before = f.binary("or", f.compare("ule", a, b), f.compare("sge", j, high))
        is_left = f.binary("and", f.compare("slt", i, middle), is_before)
        place = f.add(f.select(is_left, left, right), n)
        f.store(f.select(is_left, a, b), f.gep(I64, target, loop.index))
        f.store(f.load(I64, f.gep(I64, source, place)), f.gep(I64, target, f.add(loop.index, n)))
        step = f.convert("zext", is_left, I64)
        loop.carry(f.add(i, step), f.add(j, f.sub(1, step)))


def _smaller(f: Function, a: Value, bound: int) -> Value:
    return f.select(f.compare("slt", a, bound), a, constant(bound, I64))


SORTS = ("argsort", "top")
LINES: dict[str, Callable[..., None]] = {
    "cumsum": cumsum,
    "recurrence": recurrence,
    "running_index": running_index,
    "argsort": argsort,
    "top": top,
}
__all__ = ["LINES", "SORTS", "is_line", "scratch_size", "write_lines"]
