"""Reductions over all rows of a nest: of columns, of everything, and scattered into a table.

Reductions of few columns, or of everything, accumulate in registers from row to row; tables and the
columns of long rows accumulate in memory. Each item writes its partial result at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ir.graph import Var
from ...ir.nests import ELEMENT, ENDS, ROW, Node, RowNest, Store
from ..arithmetic.folding import across, combine, combined, identity, prepared
from ..nest.numbers import in_memory, kind_of, load, store
from ..nest.scopes import Chunk, NestScope, RowScope, safe_row
from ..text.emit import Function
from ..text.types import DOUBLE, I64, Operand, Value, constant, vector, width

STACK = 1 << 16  # bytes of a table that may be on the stack


@dataclass(frozen=True)
class End:
    """A reduction over all rows; `level`: it takes each element, or one number per row."""

    node: Node
    store: Store
    level: int


class Ends:
    """Writes the reductions over all rows of one nest."""

    def __init__(
        self,
        f: Function,
        nest: RowNest,
        scope: NestScope,
        lanes: int,
        *,
        short: bool,
        in_bands: bool = False,
    ) -> None:
        """`in_bands`: an item's rows come in bands, and columns accumulate in memory between."""
        self.f, self.nest, self.scope = f, nest, scope
        self.lanes, self.short, self.columns = lanes, short, nest.columns
        self.in_bands = in_bands
        self._tables: dict[Var, Value] = {}
        self._padded: dict[Var, int] = {}
        self.all = [
            End(n, s, self._grain(n))
            for n in nest.nodes
            for s in nest.stores
            if s.value is n.var and n.role in ENDS
        ]

    def _grain(self, n: Node) -> int:
        """Whether a reduction takes every element of a row, or one number from each."""
        if n.role == "scatter":
            return ELEMENT
        size = n.equation.inputs[0].size
        return ELEMENT if size == self.nest.rows * self.columns else ROW

    def for_sum(self, node: Node, part: Chunk) -> Value:
        """A node's argument for these elements; lanes outside the mask get the identity."""
        name, dtype = node.equation.name, node.equation.inputs[0].dtype
        value = prepared(self.f, name, dtype, part.value(node.arguments[0]))
        if part.mask is None:
            return value
        none = identity(name, dtype, value.type)
        if name == "reduce_sum" and dtype.kind == "f" and not self.f.module.has_masks:
            # Not 0.0: without AVX, LLVM drops the select of a quotient or 0, as if 0 / 0 were 0.
            # With AVX-512 the select of 0 is free, that of -0.0 is not: 8 % of a step of `bigram`.
            none = constant(-0.0, value.type)
        return self.f.select(part.mask, value, none)

    def identity(self, n: Node) -> Value:
        e = n.equation
        return identity(e.name, e.inputs[0].dtype, vector(self.lanes, kind_of(n.var.dtype)))

    def start(self, e: End) -> list[Value]:
        """The initial accumulators in registers; none if it accumulates in memory."""
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        if e.node.role == "scatter":
            return []
        if e.node.role == "column":
            if not self.short:
                return []
            if self.in_bands:
                return self._so_far(e)
            kind = vector(self.lanes, kind_of(e.node.var.dtype))
            return [identity(name, dtype, kind)] * -(-self.columns // self.lanes)
        if e.level == ELEMENT:
            return [identity(name, dtype, vector(self.lanes, kind_of(e.node.var.dtype)))]
        kind = DOUBLE if self._is_exact(e) else kind_of(e.node.var.dtype)
        return [identity(name, dtype, kind)]

    def _so_far(self, e: End) -> list[Value]:
        """The column accumulators that the bands before have left in memory."""
        f, out, table = self.f, e.node.var.dtype, self._tables[e.node.var]
        return [
            load(f, out, f.gep(in_memory(out), table, c), n, mask) for c, n, mask in self._parts()
        ]

    def _parts(self) -> list[tuple[int, int, Value | None]]:
        """First column, lanes and mask of each vector of a short row."""
        n = self.lanes
        left = [(c, self.columns - c) for c in range(0, self.columns, n)]
        return [(c, n, self.f.first_lanes(n, some) if some < n else None) for c, some in left]

    def _is_exact(self, e: End) -> bool:
        """Whether a sum of one number per row is made in float64: there may be very many rows."""
        equation = e.node.equation
        return equation.name == "reduce_sum" and equation.inputs[0].dtype.kind == "f"

    def accumulated(
        self, e: End, acc: list[Value], rows: Sequence[RowScope], chunks: Sequence[Sequence[Chunk]]
    ) -> list[Value]:
        """The accumulators after some rows, given some vectors of each row."""
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        if e.node.role == "total" and e.level < ELEMENT:
            return [self._with_rows(e, acc[0], rows)]
        if e.node.role == "scatter":
            for row, parts in zip(rows, chunks, strict=True):
                self._scatter(e, row, parts)
            return []
        values = [[self.for_sum(e.node, part) for part in parts] for parts in chunks]
        if e.node.role == "total":
            every = combined(self.f, name, dtype, [v for row in values for v in row])
            return [combine(self.f, name, dtype, acc[0], every)]
        columns = [combined(self.f, name, dtype, column) for column in zip(*values, strict=True)]
        if acc:
            return [combine(self.f, name, dtype, a, v) for a, v in zip(acc, columns, strict=True)]
        for part, value in zip(chunks[0], columns, strict=True):
            self._add_in_memory(e, part, value)
        return []

    def _with_rows(self, e: End, total: Value, rows: Sequence[RowScope]) -> Value:
        """The accumulator of one number per row, after these rows."""
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        for row in rows:
            value = prepared(self.f, name, dtype, row.value(e.node.arguments[0]))
            if self._is_exact(e):
                total = self.f.fadd(total, self.f.convert("fpext", value, DOUBLE))
            else:
                total = combine(self.f, name, dtype, total, value)
        return total

    def _add_in_memory(self, e: End, part: Chunk, value: Value) -> None:
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        out = e.node.var.dtype
        pointer = self.f.gep(in_memory(out), self._tables[e.node.var], part.column)
        before = load(self.f, out, pointer, self.lanes, part.mask)
        store(self.f, out, combine(self.f, name, dtype, before, value), pointer, part.mask)

    def _scatter(self, e: End, row: RowScope, parts: Sequence[Chunk]) -> None:
        """Add the elements of a row to its row of a table."""
        places, values = e.node.arguments
        out = e.node.var.dtype
        index = safe_row(row, e.node, places, e.node.var.shape[0])
        padded = e.node.var in self._padded
        begin = self.f.mul(index, self._padded.get(e.node.var, self.columns))
        for part in parts:
            place, mask = self.f.add(begin, part.column), None if padded else part.mask
            pointer = self.f.gep(in_memory(out), self._tables[e.node.var], place)
            value, n = part.value(values), self.lanes
            if self.columns == 1:
                value, n = self.f.extract(value, 0), 1
            before = load(self.f, out, pointer, n, mask)
            store(self.f, out, self.f.fadd(before, value), pointer, mask)

    def clear(self, item: Operand) -> None:
        """Initialize the accumulators in memory: tables, and columns of long rows."""
        self._tables, self._padded = {}, {}
        for e in self.all:
            in_registers = e.node.role == "column" and self.short and not self.in_bands
            if e.node.role == "total" or in_registers:
                continue
            size = e.node.var.size
            base, out = in_memory(e.node.var.dtype), e.node.var.dtype
            row = self._padded_row(e)
            if row:
                self._padded[e.node.var], size = row, e.node.var.shape[0] * row
                pointer = self.f.allocate(base, size)
            else:
                pointer = self._of_item(e, item)
            self._tables[e.node.var] = pointer
            zero = self.identity(e.node)
            whole = size // self.lanes * self.lanes
            if whole:
                with self.f.loop(0, whole, self.lanes) as loop:
                    store(self.f, out, zero, self.f.gep(base, pointer, loop.index), None)
            if size > whole:
                mask = self.f.first_lanes(self.lanes, size - whole)
                store(self.f, out, zero, self.f.gep(base, pointer, whole), mask)

    def _of_item(self, e: End, item: Operand) -> Value:
        """The address of an item's partial result."""
        base, pointer = in_memory(e.node.var.dtype), self.scope.pointers(e.store.into)
        return self.f.gep(base, pointer, self.f.mul(_i64(item), e.node.var.size))

    def _padded_row(self, e: End) -> int:
        """The padded row length of a small table that accumulates on the stack; 0 if it does not.

        Whole vectors avoid masked stores: these do not forward their data, so a load of the same or
        neighbouring elements soon after would wait until the store reaches the cache.
        """
        row = -(-self.columns // self.lanes) * self.lanes
        fits = e.node.var.shape[0] * row * e.node.var.itemsize <= STACK
        some = row // 2 <= self.columns < row
        return row if e.node.role == "scatter" and self.short and some and fits else 0

    def _put_padded(self, e: End, item: Operand) -> None:
        """Copy the rows of a padded table to the item's buffer."""
        f, base, out = self.f, in_memory(e.node.var.dtype), e.node.var.dtype
        table, into, row = (
            self._tables[e.node.var],
            self._of_item(e, item),
            self._padded[e.node.var],
        )
        with f.loop(0, e.node.var.shape[0]) as loop:
            here = f.gep(base, table, f.mul(loop.index, row))
            there = f.gep(base, into, f.mul(loop.index, self.columns))
            for c in range(0, self.columns, self.lanes):
                n = min(self.lanes, self.columns - c)
                mask = None if n == self.lanes else f.first_lanes(self.lanes, n)
                value = load(f, out, f.gep(base, here, c), self.lanes, None)
                store(f, out, value, f.gep(base, there, c), mask)

    def finish(self, e: End, item: Operand, acc: list[Value]) -> None:
        """Write an item's partial result."""
        if e.node.var in self._padded:
            self._put_padded(e, item)
            return
        out = e.node.var.dtype
        base, pointer = in_memory(out), self.scope.pointers(e.store.into)
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        if e.node.role == "total":
            value = acc[0]
            if width(value.type) > 1:
                value = across(self.f, name, dtype, value)
            if value.type == DOUBLE and base != DOUBLE:
                value = self.f.convert("fptrunc", value, base)
            store(self.f, out, value, self.f.gep(base, pointer, _i64(item)), None)
            return
        if not acc:
            return
        pointer = self.f.gep(base, pointer, self.f.mul(_i64(item), self.columns))
        for value, (c, _, mask) in zip(acc, self._parts(), strict=True):
            store(self.f, out, value, self.f.gep(base, pointer, c), mask)


def _i64(a: Operand) -> Value:
    return a if isinstance(a, Value) else constant(a, I64)
