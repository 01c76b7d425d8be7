"""Block nests: the functions of their parts, called in turn for a few rows of a matrix at a time.

    for matrix in the item:
        copy those factors whose columns are strided, so that they are contiguous
        for rows in blocks, from the last to the first:
            part, part, part ...

A part is the function of an ordinary nest; only its range differs: `begin` is the number of its
first row among all rows of all matrices. Intermediates that stay near lie in a scratch buffer that
holds one block only; parts are given the address at which the whole variable would begin.

Where a mask hides columns, each part exists for a quarter, a half, three quarters and all of the
columns; a scan of the mask's rows selects the smallest that suffices. Sums over the rows of a
matrix are initialized by its last block, with all columns; the other blocks accumulate into them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ....ops.elementwise import add
from ...ir.graph import Var, apply
from ...ir.nests import BlockNest, Hiding, Leaf, Node, ProductNest, RowNest, reads, writes
from ...schedule.blocks import FEW, has_sums, is_sum
from ...schedule.grain import STEP, Cut, cut_of, up_to
from ...schedule.memory import Use, plan_memory
from ..nest.hoist import coordinates
from ..nest.numbers import in_memory
from ..nest.writing import Lowering, Writing
from ..products.epilogue import write_planned
from ..products.matmul import Operands
from ..products.pack import offset, quotient, write_pack
from ..products.product import Pack, Product
from ..products.tiles import plan
from ..rows.rows import TOGETHER, write_rows
from ..text.types import I8, I64, Operand, Value, constant, constants, vector
from .alike import likeness
from .block_prefetch import planned

BYTE = np.dtype(np.uint8)
Part = RowNest | ProductNest


def write_blocks(lowering: Lowering, nest: BlockNest) -> None:
    """Write the functions of a nest's parts, and the function that calls them."""
    cut = cut_of(nest)
    parts = _Parts(lowering, nest, cut)
    of_kind = {
        (rows, columns, adds): [parts.function(p, rows, columns, adds) for p in nest.parts]
        for rows, columns, adds in _kinds(nest, cut)
    }
    scratch = Var((cut.items * parts.room,), BYTE)
    outer_reads, outer_writes = dict.fromkeys(reads(nest)), [*writes(nest), scratch]
    w = Writing(lowering, [*outer_reads, *outer_writes])
    _Caller(w, nest, cut, parts, of_kind, scratch).write()
    functions = [*parts.turning, *(f for fs in of_kind.values() for f in fs)]
    names = dict.fromkeys(f.name for f in functions)
    w.finish([*outer_reads], outer_writes, cut.items, nest, _work(nest), [*names], parts.room)


def _kinds(nest: BlockNest, cut: Cut) -> Iterator[tuple[int, int, bool]]:
    """(rows, columns, accumulates) of all kinds of blocks.

    With several blocks the last one runs first, with all columns: a causal mask hides fewest there,
    and it initializes the sums.
    """
    every = cut.blocks > 1 or has_sums(nest)
    yield from ((cut.last, columns, False) for columns in cut.columns[-1 if every else 0 :])
    if cut.blocks > 1:
        yield from ((cut.rows, columns, True) for columns in cut.columns)


def _work(nest: BlockNest) -> float:
    """Estimated nanoseconds."""
    products = [p.equation.inputs for p in nest.parts if isinstance(p, ProductNest)]
    rows = [p for p in nest.parts if isinstance(p, RowNest)]
    flops = sum(2 * prod(x.shape) * y.shape[-1] for x, y in products)
    return flops / 100 + sum(prod(p.dims) * 0.05 * (len(p.nodes) + 2) for p in rows)


# -- the parts ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Function:
    """A function, and the memory it takes."""

    name: str
    memory: tuple[Var, ...]


class _Parts:
    """The functions of a nest's parts, and the scratch memory they need."""

    def __init__(self, lowering: Lowering, nest: BlockNest, cut: Cut) -> None:
        self.lowering, self.nest = lowering, nest
        self.rows = max(cut.rows, cut.last)
        self.places: dict[Var, int] = {}  # byte offsets in the scratch buffer
        self.room = self._place_near()
        self.turned: dict[Part, Leaf] = {}
        self.turning: list[_Function] = []
        for part in nest.parts:
            if isinstance(part, ProductNest) and _is_far(part) and nest.rows >= FEW:
                self._turn(part)

    def _place_near(self) -> int:
        near = {v: n for v, n in self.nest.near.items() if v not in self.nest.stored}
        blocks = {v: Var((self.rows, n), v.dtype) for v, n in near.items()}

        def of_block(variables: Sequence[Var]) -> tuple[Var, ...]:
            return tuple(blocks[v] for v in variables if v in blocks)

        uses = [Use(of_block(reads(p)), of_block(writes(p))) for p in self.nest.parts]
        arena = plan_memory(uses, ())
        self.places.update({v: arena.offsets[block] for v, block in blocks.items()})
        return arena.size

    def _more(self, v: Var) -> Var:
        """Append a whole variable to the scratch buffer."""
        self.places[v] = self.room
        self.room += up_to(v.nbytes, 64)
        return v

    def _writing(self, memory: Sequence[Var], like: object) -> Writing:
        return Writing(self.lowering, memory, ("part", self.nest.rows, like))

    def _origin(self, w: Writing, leaf: Leaf, matrix: Value, batch: Sequence[int]) -> Value:
        """The address of a factor's matrix."""
        f, base = w.f, in_memory(leaf.var.dtype)
        place = f.register(offset(f, matrix, batch, leaf.strides[:-2]), leaf.offset)
        return f.gep(base, w.pointer(leaf.var), place)

    # -- copied factors --------------------------------------------------------------------

    def _turn(self, part: ProductNest) -> None:
        """Write a function that copies a factor so that its rows are contiguous."""
        leaf, x = part.b, part.equation.inputs[1]
        *batch, k, n = x.shape
        whole = self.lowering.target.lanes(x.dtype)
        wide = min(whole, 1 << (n - 1).bit_length())
        width, strides = up_to(n, wide), leaf.strides[-2:]
        pack = Pack("b", (), (), n, strides[1], k, strides[0], width, wide, up_to(k, 16), x.dtype)
        copied = self._more(Var((k * width,), x.dtype))
        product = Product((), 1, n, k, x.dtype, (k, 1), strides, near=True)
        w = self._writing([leaf.var, copied], (pack, tuple(batch), leaf.strides, leaf.offset))
        if w.is_new:
            matrix, _ = quotient(w.f, w.begin, self.nest.rows)
            source = self._origin(w, leaf, matrix, batch)
            items = constant(0, I64), constant(pack.items, I64)
            planned = plan(product, self.lowering.target)
            write_pack(w.f, planned, pack, source, w.pointer(copied), *items)
        self.turned[part] = Leaf(copied, (*(0,) * len(batch), width, 1))
        self.turning.append(_Function(w.name(), (leaf.var, copied)))

    # -- one part --------------------------------------------------------------------------

    def function(self, part: Part, rows: int, columns: int, adds: bool) -> _Function:
        """The function of a part for these sizes; with `adds` it accumulates into its sums."""
        if isinstance(part, RowNest):
            return self._row_part(part, rows, columns)
        return self._product_part(part, rows, columns, adds)

    def _row_part(self, part: RowNest, rows: int, columns: int) -> _Function:
        """The row count matters only by its remainder: functions of equal remainder are shared."""
        if part.columns == self.nest.columns:
            part = replace(part, dims=(*part.dims[:-1], columns))
        memory = (*reads(part), *writes(part))
        rows = min(rows, TOGETHER + rows % TOGETHER)
        w = self._writing(memory, (likeness(part), rows))
        if w.is_new:
            scope = w.scope(part.nodes, [])
            write_rows(w.f, part, scope, self.lowering.target, w.begin, w.end, by_rows=rows)
        return _Function(w.name(), tuple(dict.fromkeys(memory)))

    def _product_part(self, part: ProductNest, rows: int, columns: int, adds: bool) -> _Function:
        m, n, k = self._sizes(part, rows, columns)
        b, sums = self.turned.get(part, part.b), is_sum(part, self.nest.near)
        part = _added(part) if sums and adds else part
        dtype, strides = part.equation.output.dtype, (part.a.strides[-2:], b.strides[-2:])
        product = Product((), m, n, k, dtype, *strides, near=True)
        planned = plan(product, self.lowering.target)
        deep = [self._more(Var((planned.scratch,), dtype))] if planned.scratch else []
        touched = [part.a.var, b.var, *reads(part)[2:], *writes(part), *deep]
        w = self._writing(touched, (likeness(part), planned, b.strides, sums))
        if w.is_new:
            a_begin, b_begin, first = self._product_origins(w, part, b, sums=sums)
            memory = Operands(a_begin, b_begin, w.pointer(deep[0]) if deep else None)
            span = constant(0, I64), constant(planned.items, I64)
            write_planned(w, w.scope(part.nodes, []), part, planned, memory, span, first=first)
        return _Function(w.name(), tuple(dict.fromkeys(touched)))

    def _sizes(self, part: ProductNest, rows: int, columns: int) -> tuple[int, int, int]:
        """m, n and k of a product part, given the block's rows and columns."""
        (*_, m, k), n = part.equation.inputs[0].shape, part.equation.inputs[1].shape[-1]
        near = self.nest.near
        if is_sum(part, near):
            m = min(m, columns) if part.a.var in near else m
            n = min(n, columns) if part.b.var in near else n
            return m, n, rows
        if part.a.var in near:
            return rows, n, min(k, columns)
        return rows, min(n, columns), k

    def _product_origins(
        self, w: Writing, part: ProductNest, b: Leaf, *, sums: bool
    ) -> tuple[Value, Value, Value]:
        """Addresses of the block's rows in both factors, and the number of the first result row."""
        f, (*batch, m, _) = w.f, part.equation.inputs[0].shape
        base = in_memory(part.equation.output.dtype)
        matrix, row = quotient(f, w.begin, self.nest.rows)
        a_begin, b_begin = (self._origin(w, leaf, matrix, batch) for leaf in (part.a, b))
        if not sums:
            return f.gep(base, a_begin, f.mul(row, part.a.strides[-2])), b_begin, w.begin
        a_begin = f.gep(base, a_begin, f.mul(row, part.a.strides[-1]))
        b_begin = f.gep(base, b_begin, f.mul(row, b.strides[-2]))
        return a_begin, b_begin, f.mul(matrix, m)


def _is_far(part: ProductNest) -> bool:
    """Whether the rows of the second factor are not contiguous."""
    return part.b.strides[-1] not in (0, 1)


def _added(part: ProductNest) -> ProductNest:
    """The product, added to what its output holds."""
    (store,) = part.stores
    equation = apply(add, (store.value, store.value), {}, part.equation.line)
    there = Leaf(store.into, store.strides, store.offset)
    node = Node(equation, "map", (store.value, there))
    return replace(part, nodes=(node,), stores=(replace(store, value=node.var),))


# -- the function that calls them --------------------------------------------------------------


class _Caller:
    def __init__(
        self,
        w: Writing,
        nest: BlockNest,
        cut: Cut,
        parts: _Parts,
        of_kind: dict[tuple[int, int, bool], list[_Function]],
        scratch: Var,
    ) -> None:
        self.w, self.f, self.nest, self.cut = w, w.f, nest, cut
        self.parts, self.of_kind, self.scratch = parts, of_kind, scratch
        self.prefetching = planned(nest, cut)

    def write(self) -> None:
        """All items; the item `begin` has its own part of the scratch buffer."""
        f, cut, nest = self.f, self.cut, self.nest
        place = f.mul(self.w.begin, self.parts.room)
        self.near = f.gep(I8, self.w.pointer(self.scratch), place)
        first = f.mul(self.w.begin, cut.matrices)
        last = f.mul(self.w.end, cut.matrices)
        if nest.matrices % cut.matrices:
            last = f.intrinsic("llvm.smin", I64, last, constant(nest.matrices, I64))
        with f.loop(first, last) as matrices:
            row = f.mul(matrices.index, nest.rows)
            for function in self.parts.turning:
                self._call(function, row, nest.rows)
            at = cut.rows * (cut.blocks - 1)
            self._some_columns(f.add(row, at), cut.last, False)
            if cut.blocks > 1:
                with f.loop(0, cut.blocks - 1) as blocks:
                    back = f.sub(cut.blocks - 2, blocks.index)
                    self._some_columns(f.add(row, f.mul(back, cut.rows)), cut.rows, True)

    def _some_columns(self, row: Value, rows: int, adds: bool) -> None:
        """One block, with the fewest columns that cover what the mask leaves visible."""
        f = self.f
        kinds = [key for key in _kinds(self.nest, self.cut) if key[0] == rows and key[2] == adds]
        if len(kinds) == 1:
            self._block(self.of_kind[kinds[0]], row, rows)
            return
        wanted = self._seen(row, rows)
        for i, kind in enumerate(kinds):
            with f.when(f.compare("eq", wanted, i)):
                self._block(self.of_kind[kind], row, rows)

    def _block(self, functions: Sequence[_Function], row: Value, rows: int) -> None:
        for i, function in enumerate(functions):
            self.prefetching.prefetch(self.f, self.w.pointer, row, i, len(functions))
            self._call(function, row, rows)

    def _call(self, function: _Function, row: Value, rows: int) -> None:
        arguments = [self._pointer(v, row) for v in self._parameters(function)]
        self.f.call(function.name, "void", self.w.status, *arguments, row, self.f.add(row, rows))

    def _parameters(self, function: _Function) -> list[Var]:
        """A function's parameters: variables that share memory are one."""
        return list(dict.fromkeys(self.w.lowering.place_of(v) for v in function.memory))

    def _pointer(self, v: Var, row: Value) -> Value:
        """A variable's address; of a near one, the address at which its row 0 would lie."""
        if v not in self.parts.places:
            return self.w.pointer(v)
        f, place = self.f, self.parts.places[v]
        width = self.nest.near.get(v, 0)
        return f.gep(I8, self.near, f.sub(place, f.mul(row, width * v.itemsize)))

    # -- masks -----------------------------------------------------------------------------

    def _seen(self, row: Value, rows: int) -> Value:
        """The index of the smallest of `cut.columns` that covers all visible columns."""
        f, hiding, cut = self.f, self.nest.hiding, self.cut
        assert hiding is not None
        ranges = list(zip(cut.columns[:-1], cut.columns[1:], strict=True))
        kind = vector(STEP, I8)
        with f.loop(row, f.add(row, rows), 1, [constant(0, kind)] * len(ranges)) as loop:
            start = self._mask_row(hiding, loop.index)
            loop.carry(
                *(
                    self._seen_in(hiding, start, r, v)
                    for r, v in zip(ranges, loop.values, strict=True)
                )
            )
        wanted: Value = constant(0, I64)
        for i, seen in enumerate(loop.results, 1):
            any_ = f.compare("ne", f.intrinsic("llvm.vector.reduce.or", I8, seen, kinds=[kind]), 0)
            wanted = f.select(any_, constant(i, I64), wanted)
        return wanted

    def _mask_row(self, hiding: Hiding, row: Value) -> Value:
        f, mask = self.f, hiding.mask
        place: Operand = mask.offset
        for i, stride in zip(coordinates(f, row, hiding.dims[:-1]), mask.strides, strict=False):
            if stride:
                place = f.add(place, f.mul(i, stride))
        return f.gep(I8, self.w.pointer(mask.var), place)

    def _seen_in(self, hiding: Hiding, row: Value, ends: tuple[int, int], seen: Value) -> Value:
        """`seen`, or-ed with which columns between `ends` this row leaves visible."""
        f, kind = self.f, vector(STEP, I8)
        for c in range(*ends, STEP):
            back = max(0, c + STEP - ends[1])  # the last step may overlap the one before: masked
            value = f.load(kind, f.gep(I8, row, c - back))
            value = f.binary("xor", value, constant(int(hiding.value), kind))
            if back:
                value = f.binary("and", value, constants([-(i >= back) for i in range(STEP)], I8))
            seen = f.binary("or", seen, value)
        return seen
