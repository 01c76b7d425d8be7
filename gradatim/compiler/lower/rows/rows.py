"""Row nests: elementwise chains, reductions, softmax and the like, and table lookups.

    for item in begin .. end:                     some rows (of a single row: some elements)
        for row in item:
            for each pass over the row:           a new pass begins where elements of the row
                for column in whole vectors:      need a reduction's result
                    elements, stores, reductions
                the rest of the row, masked

Short rows have no loop over columns: all their vectors are in registers, for several rows at once,
so that the horizontal reductions of one row overlap with the work of others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...ir.graph import Var
from ...ir.kinds import is_dear
from ...ir.nests import ELEMENT, ROW, WHOLE, Leaf, Node, RowNest, Store
from ...machine.target import Target
from ...schedule.grain import items, per_item
from ..arithmetic.folding import across, combine, combined
from ..nest.hoist import coordinates, prepare, write_elements
from ..nest.numbers import in_memory, load, store
from ..nest.scopes import Chunk, NestScope, RowScope
from ..text.emit import Function
from ..text.types import I64, Operand, Value, constant
from .columns import Columns, Groups, flat, shaped
from .passes import Passes
from .prefetch import prefetch_rows, prefetch_to_write
from .reductions import End, Ends

TOGETHER = 8  # rows that are interleaved, at most: a power of two
UNROLLED = 160  # vector operations of an unrolled body, at most: compiling them takes time
ROOM = 1 << 18  # bytes of a row that are worth keeping for a later pass


def lanes_of(nest_vars: Sequence[Var], target: Target) -> int:
    """The elements of a nest's vectors: as many as fill a vector with its narrowest floats."""
    floats = [v.itemsize for v in nest_vars if v.dtype.kind == "f"]
    widest = max((v.itemsize for v in nest_vars), default=4)
    return target.vector_bytes // max(4, min(floats) if floats else widest)


def write_rows(
    f: Function,
    nest: RowNest,
    scope: NestScope,
    target: Target,
    begin: Value,
    end: Value,
    *,
    by_rows: int = 0,
) -> None:
    """Write the items [begin, end) of a nest; with `by_rows`, the rows, a multiple of it."""
    _Rows(f, nest, scope, target).write(begin, end, by_rows=by_rows)


class RowsInBands:
    """A nest that runs band by band, as soon as the rows that it reads are complete."""

    def __init__(self, f: Function, nest: RowNest, scope: NestScope, target: Target) -> None:
        """Compute the loop invariants, here in the code."""
        self._rows = _Rows(f, nest, scope, target, in_bands=True)
        self._rows.prepare()

    def begin(self, item: Value) -> None:
        """Start an item, and its reductions over all of its rows."""
        self._item = item
        self._rows.sums.clear(item)

    def some(self, first: Value, count: int) -> None:
        """Compute the rows of one band."""
        self._rows.band(self._item, first, count)


class _Rows:
    def __init__(
        self,
        f: Function,
        nest: RowNest,
        scope: NestScope,
        target: Target,
        *,
        in_bands: bool = False,
    ) -> None:
        every = [n.var for n in nest.nodes]
        every += [a.var for n in nest.nodes for a in n.arguments if isinstance(a, Leaf)]
        self.f, self.nest, self.scope, self.lanes = f, nest, scope, lanes_of(every, target)
        self.columns = nest.columns
        self.registers = target.registers
        self.flat = len(nest.dims) == 1 and all(n.role != "row" for n in nest.nodes)
        self.passes = Passes(nest, scope)
        self.vectors = -(-nest.columns // self.lanes)
        self.short = self._is_short()
        self.together = self._together()
        self.sums = Ends(f, nest, scope, self.lanes, short=self.short, in_bands=in_bands)
        self.ends = self.sums.all
        ended = {e.node.var for e in self.ends}
        self.stores = [s for s in nest.stores if s.value not in ended]

    def _is_short(self) -> bool:
        """Whether all vectors of a row are in registers at once."""
        most = self.registers // 4
        if self.flat or self.vectors > most:
            return False
        sums = any(n.role in ("row", "column") for n in self.nest.nodes)
        elements = sum(self.scope.level(n.var) == ELEMENT for n in self.nest.nodes)
        return self.vectors <= most // 2 or (sums and self.vectors * elements <= UNROLLED)

    def _together(self) -> int:
        """How many rows are interleaved.

        The horizontal reduction of a row, and what follows from it, is one dependency chain. The
        processor starts the next rows meanwhile, but its out-of-order window spans only a few
        hundred instructions. Rows with more of them, or with so few that loop overhead counts, are
        interleaved in the code; most where a row is one vector and registers are free.
        """
        if not self.short or all(n.role != "row" for n in self.nest.nodes):
            return 1
        dear = any(
            n.role == "map" and is_dear(n.equation.primitive) and self.scope.level(n.var) == ELEMENT
            for n in self.nest.nodes
        )
        if self.registers // 12 < self.vectors <= self.registers // 8 and not dear:
            return 1
        if self.vectors == 1 and self.registers == 32:
            return TOGETHER
        return TOGETHER // (2 if self.vectors <= self.registers // 8 else 4)

    # -- items -----------------------------------------------------------------------------

    def prepare(self) -> None:
        """Compute loop invariants, and allocate memory for what later passes need again."""
        prepare(self.scope, self.nest.nodes, self.lanes, WHOLE)
        again = [] if self.short else self.passes.dear_again()
        self.room = self._room(again)

    def band(self, item: Value, first: Value, count: int) -> None:
        """Some rows of an item that was started."""
        accs = [self.sums.start(e) for e in self.ends]
        together = math.gcd(self.together, count)
        accs = self._each(first, self.f.add(first, count), accs, together)
        for e, acc in zip(self.ends, accs, strict=True):
            self.sums.finish(e, item, acc)

    def write(self, begin: Value, end: Value, *, by_rows: int) -> None:
        """The items [begin, end); or, with `by_rows`, a multiple of that many rows."""
        self.prepare()
        if by_rows:
            self.together = min(self.together, 1 << by_rows.bit_length() - 1)
            self._item(0, begin, end, by_rows)
            return
        size = self.columns if self.flat else self.nest.rows
        if items(self.nest) == 1:
            self._item(0, 0, size)
            return
        count = per_item(self.nest)
        with self.f.loop(begin, end) as loop:
            start = self.f.mul(loop.index, count)
            stop = self.f.add(start, count)
            if size % count:
                stop = self.f.select(self.f.compare("slt", stop, size), stop, constant(size, I64))
            self._item(loop.index, start, stop)

    def _item(self, item: Operand, start: Operand, stop: Operand, by_rows: int = 0) -> None:
        self.sums.clear(item)
        accs = [self.sums.start(e) for e in self.ends]
        if self.flat:
            row = RowScope(self.scope, ())
            accs = self._pass(row, 0, start, stop, accs)
            self._store_rows(row)
        else:
            prefetch_rows(self.f, self.nest, self.scope, start, stop)
            multiple = by_rows or math.gcd(self.nest.rows, per_item(self.nest))
            accs = self._rows(start, stop, accs, multiple)
        for e, acc in zip(self.ends, accs, strict=True):
            self.sums.finish(e, item, acc)

    def _rows(self, start: Operand, stop: Operand, accs: Groups, multiple: int) -> Groups:
        """Interleaved rows, then the remaining ones one by one; `multiple` divides their number."""
        n = self.together
        if isinstance(start, int) and isinstance(stop, int):
            middle: Operand = start + (stop - start) // n * n
        elif multiple % n == 0:
            middle = stop
        else:
            middle = self.f.add(start, self.f.binary("and", self.f.sub(stop, start), -n))
        accs = self._each(start, middle, accs, n)
        return accs if middle == stop else self._each(middle, stop, accs, 1)

    def _each(self, start: Operand, stop: Operand, accs: Groups, together: int) -> Groups:
        if isinstance(start, int) and isinstance(stop, int) and start >= stop:
            return accs
        if isinstance(start, int) and start == 0 and stop == 1:
            return self._some_rows([constant(0, I64)], accs)
        with self.f.loop(start, stop, together, flat(accs)) as loop:
            rows = [self.f.add(loop.index, i) for i in range(together)]
            loop.carry(*flat(self._some_rows(rows, shaped(loop.values, accs))))
        return shaped(loop.results, accs)

    def _some_rows(self, numbers: list[Value], accs: Groups) -> Groups:
        dims = self.nest.dims[:-1]
        rows = [RowScope(self.scope, coordinates(self.f, n, dims)) for n in numbers]
        chunks = [self._chunks(row) if self.short else [] for row in rows]
        for number in range(self.passes.last + 1):
            if self.short:
                accs = self._short_pass(rows, chunks, number, accs)
            else:
                accs = self._pass(rows[0], number, 0, self.columns, accs)
        for row in rows:
            self._store_rows(row)
        return [
            acc if e.level == ELEMENT else self.sums.accumulated(e, acc, rows, chunks)
            for e, acc in zip(self.ends, accs, strict=True)
        ]

    # -- short rows: everything in registers -------------------------------------------------

    def _chunks(self, row: RowScope) -> list[Chunk]:
        parts = []
        for c in range(0, self.columns, self.lanes):
            n = min(self.lanes, self.columns - c)
            mask = None if n == self.lanes else self.f.first_lanes(self.lanes, n)
            parts.append(Chunk(row, c, self.lanes, mask))
        return parts

    def _short_pass(
        self, rows: list[RowScope], chunks: list[list[Chunk]], number: int, accs: Groups
    ) -> Groups:
        for node in self.passes.sums(number):
            name, dtype = node.equation.name, node.equation.inputs[0].dtype
            for row, parts in zip(rows, chunks, strict=True):
                values = [self.sums.for_sum(node, part) for part in parts]
                total = combined(self.f, name, dtype, values)
                row.kept[node.var] = across(self.f, name, dtype, total)
        for parts in chunks:
            for part in parts:
                self._store_elements(part, number)
        return [
            self.sums.accumulated(e, acc, rows, chunks) if self._is_due(e, number) else acc
            for e, acc in zip(self.ends, accs, strict=True)
        ]

    def _is_due(self, e: End, number: int) -> bool:
        """Whether a reduction over rows takes the elements of this pass."""
        return e.level == ELEMENT and self.passes.adds(e.node) == number

    # -- long rows: a loop over the columns for each pass --------------------------------------

    def _pass(
        self, row: RowScope, number: int, start: Operand, stop: Operand, accs: Groups
    ) -> Groups:
        """One pass over the columns [start, stop) of a row."""
        prepare(row, self.nest.nodes, self.lanes, ROW, self.passes.of, number)
        sums = self.passes.sums(number)
        mine = [i for i, e in enumerate(self.ends) if self._is_due(e, number)]
        if not self._has_work(number, sums, mine):
            return accs

        def body(column: Operand, mask: Value | None, groups: Groups) -> Groups:
            part = Chunk(row, column, self.lanes, mask)
            if self.flat:
                prefetch_to_write(self.nest, part)
            self._read_again(part, number)
            added = zip(sums, groups, strict=False)
            new = [[self._added(n, acc, part)] for n, (acc,) in added]
            self._keep(part, number)
            self._store_elements(part, number)
            rest = zip(mine, groups[len(sums) :], strict=True)
            return new + [
                self.sums.accumulated(self.ends[i], acc, [row], [[part]]) for i, acc in rest
            ]

        first = [[self.sums.identity(n)] for n in sums] + [accs[i] for i in mine]
        nodes = [*sums, *(self.ends[i].node for i in mine)]
        totals = self._columns(nodes).walk(start, stop, body, first, nodes)
        for n, (total,) in zip(sums, totals, strict=False):
            row.kept[n.var] = across(self.f, n.equation.name, n.equation.inputs[0].dtype, total)
        for i, acc in zip(mine, totals[len(sums) :], strict=True):
            accs[i] = acc
        return list(accs)

    def _columns(self, nodes: Sequence[Node]) -> Columns:
        at_once = 4 if nodes or len(self.nest.nodes) <= 8 else 2
        whole = self.columns % self.lanes == 0 and per_item(self.nest) % self.lanes == 0
        return Columns(self.f, self.lanes, at_once, whole)

    def _added(self, n: Node, acc: Value, part: Chunk) -> Value:
        value = self.sums.for_sum(n, part)
        return combine(self.f, n.equation.name, n.equation.inputs[0].dtype, acc, value)

    def _has_work(self, number: int, sums: Sequence[Node], mine: Sequence[int]) -> bool:
        stored = any(self._is_wide(s) and self.passes.there(s.value) == number for s in self.stores)
        kept = any(self.passes.of[v] == number for v in self.room)
        return bool(sums or mine or stored or kept)

    # -- what is kept of a long row --------------------------------------------------------

    def _room(self, again: Sequence[Var]) -> dict[Var, Value]:
        """Memory for the elements of a row that are expensive and needed again in a later pass."""
        size = -(-self.columns // self.lanes) * self.lanes
        fitting = [v for v in again if size * v.itemsize <= ROOM]
        return {v: self.f.allocate(in_memory(v.dtype), size) for v in fitting}

    def _keep(self, part: Chunk, number: int) -> None:
        for v, pointer in self.room.items():
            if self.passes.of[v] == number:
                place = self.f.gep(in_memory(v.dtype), pointer, part.column)
                store(self.f, v.dtype, part.value(v), place, None)

    def _read_again(self, part: Chunk, number: int) -> None:
        for v, pointer in self.room.items():
            if self.passes.of[v] < number:
                place = self.f.gep(in_memory(v.dtype), pointer, part.column)
                part.kept[v] = load(self.f, v.dtype, place, self.lanes, None)

    # -- stores ----------------------------------------------------------------------------

    def _is_wide(self, s: Store) -> bool:
        """Whether a store writes every element of a row, rather than one number per row."""
        return bool(s.strides[-1]) or (self.columns == 1 and self.scope.level(s.value) == ELEMENT)

    def _store_elements(self, part: Chunk, number: int) -> None:
        def is_due(s: Store) -> bool:
            return self._is_wide(s) and self.passes.there(s.value) == number

        write_elements(part, [s for s in self.stores if is_due(s)])

    def _store_rows(self, row: RowScope) -> None:
        for s in self.stores:
            if not self._is_wide(s):
                place = row.offset(s.strides[:-1], s.offset)
                base = in_memory(s.value.dtype)
                pointer = self.f.gep(base, self.scope.pointers(s.into), place)
                store(self.f, s.value.dtype, row.value(s.value), pointer, None)
