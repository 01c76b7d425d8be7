"""Row nests: elementwise chains, reductions, softmax and its like, tables read by numbers.

    for item in begin .. end:                     some rows (of a single row: some elements)
        for row in item:
            for each pass over the row:           a new pass begins where a reduction's result
                for column in whole vectors:      is needed by elements of the same row
                    elements, stores, sums
                the rest of the row, masked

Short rows are not looped over: all their vectors are in registers at once, several rows together,
so that the sums across one vector overlap with the work of others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..ir import Var
from ..kinds import is_dear
from ..schedule.grain import items, per_item
from ..schedule.nests import ELEMENT, ENDS, ROW, WHOLE, Leaf, Node, RowNest, Store
from .emit import DOUBLE, I64, Function, Operand, Value, constant, vector, width
from .folding import across, combine, identity, prepared
from .scopes import (
    BOOL,
    Chunk,
    NestScope,
    RowScope,
    in_memory,
    inside,
    kind_of,
    load,
    row_of_table,
    store,
)
from .target import Target

SHORT = 4  # vectors in a row that stays in registers
TOGETHER = 4  # rows that are worked on at once


def lanes_of(nest_vars: Sequence[Var], target: Target) -> int:
    """How many elements a vector of a nest holds: whole vectors of its narrowest floats."""
    floats = [v.itemsize for v in nest_vars if v.dtype.kind == "f"]
    widest = max((v.itemsize for v in nest_vars), default=4)
    return target.vector_bytes // max(4, min(floats) if floats else widest)


@dataclass(frozen=True)
class _End:
    """A sum over all rows while it is being made."""

    node: Node
    store: Store
    level: int


def write_rows(
    f: Function,
    nest: RowNest,
    scope: NestScope,
    target: Target,
    begin: Value,
    end: Value,
) -> None:
    """The code for the items [begin, end) of a nest."""
    every = [n.var for n in nest.nodes]
    every += [a.var for n in nest.nodes for a in n.arguments if isinstance(a, Leaf)]
    _Rows(f, nest, scope, lanes_of(every, target)).write(begin, end)


class _Rows:
    def __init__(self, f: Function, nest: RowNest, scope: NestScope, lanes: int) -> None:
        self.f, self.nest, self.scope, self.lanes = f, nest, scope, lanes
        self.columns, self.flat = nest.columns, len(nest.dims) == 1
        self.has_rows = any(n.role == "row" for n in nest.nodes)
        self.flat = self.flat and not self.has_rows
        self.short = not self.flat and self.columns <= SHORT * lanes
        self.ends = [
            _End(n, s, self._grain(n))
            for n in nest.nodes
            for s in nest.stores
            if s.value is n.var and n.role in ENDS
        ]
        ended = {e.node.var for e in self.ends}
        self.stores = [s for s in nest.stores if s.value not in ended]
        self.passes = _passes(nest, scope)
        self.last = max(self.passes.values(), default=0)

    def _grain(self, n: Node) -> int:
        """Whether a sum over rows takes every element of a row, or one number from each."""
        if n.role == "scatter":
            return ELEMENT
        size = n.equation.inputs[0].size
        return ELEMENT if size == self.nest.rows * self.columns else ROW

    # -- items -----------------------------------------------------------------------------

    def write(self, begin: Value, end: Value) -> None:
        prepare(self.scope, self.nest.nodes, self.lanes, WHOLE)
        self.scratch = {} if self.short else self._scratch()
        if items(self.nest) == 1:
            size = self.columns if self.flat else self.nest.rows
            self._item(0, 0, size)
            return
        size = self.columns if self.flat else self.nest.rows
        count = per_item(self.nest)
        with self.f.loop(begin, end) as loop:
            start = self.f.mul(loop.index, count)
            stop = self.f.add(start, count)
            if size % count:
                stop = self.f.select(self.f.compare("slt", stop, size), stop, constant(size, I64))
            self._item(loop.index, start, stop)

    def _item(self, item: Operand, start: Operand, stop: Operand) -> None:
        self._clear_columns(item)
        accs = [self._start(e) for e in self.ends]
        if self.flat:
            row = RowScope(self.scope, ())
            flat = self._pass(row, 0, start, stop, accs)
            self._store_rows(row)
        elif self.short and self._together() > 1:
            flat = self._rows_together(start, stop, accs)
        else:
            flat = self._each_row(start, stop, accs, 1)
        for e, acc in zip(self.ends, flat, strict=True):
            self._finish(e, item, acc)

    def _together(self) -> int:
        return TOGETHER if self.has_rows and -(-self.columns // self.lanes) <= 2 else 1

    def _rows_together(self, start: Operand, stop: Operand, accs: list[list[Value]]) -> list:
        f, n = self.f, self._together()
        if isinstance(start, int) and isinstance(stop, int):
            middle: Operand = start + (stop - start) // n * n
        else:
            count = f.binary("and", f.sub(stop, start), -n)
            middle = f.add(start, count)
        accs = self._each_row(start, middle, accs, n)
        if isinstance(middle, int) and middle == stop:
            return accs
        return self._each_row(middle, stop, accs, 1)

    def _each_row(
        self, start: Operand, stop: Operand, accs: list[list[Value]], together: int
    ) -> list[list[Value]]:
        if isinstance(start, int) and isinstance(stop, int) and start >= stop:
            return accs
        if isinstance(start, int) and start == 0 and stop == 1:
            return self._some_rows([constant(0, I64)], accs)
        flat = [a for acc in accs for a in acc]
        with self.f.loop(start, stop, together, flat) as loop:
            rows = [self.f.add(loop.index, i) for i in range(together)]
            new = self._some_rows(rows, _shaped(loop.values, accs))
            loop.carry(*[a for acc in new for a in acc])
        return _shaped(loop.results, accs)

    def _some_rows(self, rows: list[Value], accs: list[list[Value]]) -> list[list[Value]]:
        scopes = [RowScope(self.scope, coordinates(self.f, r, self.nest.dims[:-1])) for r in rows]
        if self.short:
            return self._short_rows(scopes, accs)
        (row,) = scopes
        for number in range(self.last + 1):
            accs = self._pass(row, number, 0, self.columns, accs)
        self._store_rows(row)
        return [
            acc if e.level == ELEMENT else self._accumulated(e, acc, row, [])
            for e, acc in zip(self.ends, accs, strict=True)
        ]

    # -- short rows: everything in registers -------------------------------------------------

    def _short_rows(self, rows: list[RowScope], accs: list[list[Value]]) -> list[list[Value]]:
        chunks = [self._chunks(row) for row in rows]
        for node in self.nest.nodes:
            for row, parts in zip(rows, chunks, strict=True):
                if node.role == "row":
                    row.kept[node.var] = self._short_sum(node, parts)
                elif node.role in ("map", "load"):
                    self._compute(node, row, parts)
        for row, parts in zip(rows, chunks, strict=True):
            for part in parts:
                self._store_elements(part, range(self.last + 1))
            self._store_rows(row)
            accs = [
                self._accumulated(e, acc, row, parts)
                for e, acc in zip(self.ends, accs, strict=True)
            ]
        return accs

    def _chunks(self, row: RowScope) -> list[Chunk]:
        parts = []
        for c in range(0, self.columns, self.lanes):
            n = min(self.lanes, self.columns - c)
            mask = None if n == self.lanes else self.f.first_lanes(self.lanes, n)
            parts.append(Chunk(row, c, self.lanes, mask))
        return parts

    def _compute(self, node: Node, row: RowScope, parts: list[Chunk]) -> None:
        level = self.scope.level(node.var)
        if level == ELEMENT:
            for part in parts:
                part.value(node.var)
        elif level == ROW:
            row.value(node.var)

    def _short_sum(self, node: Node, parts: list[Chunk]) -> Value:
        name, dtype = node.equation.name, node.equation.inputs[0].dtype
        values = [self._for_sum(node, part) for part in parts]
        while len(values) > 1:
            pairs = list(zip(values[::2], values[1::2], strict=False))
            odd = values[len(pairs) * 2 :]
            values = [combine(self.f, name, dtype, a, b) for a, b in pairs] + odd
        return across(self.f, name, dtype, values[0])

    def _for_sum(self, node: Node, part: Chunk) -> Value:
        """A node's argument at some elements, where there are any; elsewhere what adds nothing."""
        name, dtype = node.equation.name, node.equation.inputs[0].dtype
        value = prepared(self.f, name, dtype, part.value(node.arguments[0]))
        if part.mask is None:
            return value
        return self.f.select(part.mask, value, identity(name, dtype, value.type))

    # -- long rows: passes -----------------------------------------------------------------

    def _pass(
        self, row: RowScope, number: int, start: Operand, stop: Operand, accs: list[list[Value]]
    ) -> list[list[Value]]:
        """One pass over the columns [start, stop) of a row."""
        prepare(row, self.nest.nodes, self.lanes, ROW, self.passes, number)
        sums = [n for n in self.nest.nodes if n.role == "row" and self._pass_of(n) == number]
        mine = [
            i
            for i, e in enumerate(self.ends)
            if e.level == ELEMENT and self._pass_of(e.node) == number
        ]
        first = [[self._identity(n)] for n in sums] + [accs[i] for i in mine]
        if not self._has_work(number, sums, mine):
            return accs

        def body(part: Chunk, state: list[list[Value]]) -> list[list[Value]]:
            for v in self._loaded(number):
                base = in_memory(v.dtype)
                place = self.f.gep(base, self.scratch[v], part.column)
                part.kept[v] = load(self.f, v.dtype, place, self.lanes, None)
            new = [
                [
                    combine(
                        self.f,
                        n.equation.name,
                        n.equation.inputs[0].dtype,
                        acc,
                        self._for_sum(n, part),
                    )
                ]
                for n, (acc,) in zip(sums, state, strict=False)
            ]
            for v in self._saved(number):
                place = self.f.gep(in_memory(v.dtype), self.scratch[v], part.column)
                store(self.f, v.dtype, part.value(v), place, None)
            self._store_elements(part, (number,))
            rest = [
                self._accumulated(self.ends[i], acc, row, [part])
                for i, acc in zip(mine, state[len(sums) :], strict=True)
            ]
            return new + rest

        joined = self._columns(
            row, start, stop, body, first, [*sums, *(self.ends[i].node for i in mine)]
        )
        for n, (acc,) in zip(sums, joined, strict=False):
            row.kept[n.var] = across(self.f, n.equation.name, n.equation.inputs[0].dtype, acc)
        for i, acc in zip(mine, joined[len(sums) :], strict=True):
            accs[i] = acc
        return list(accs)

    def _columns(
        self,
        row: RowScope,
        start: Operand,
        stop: Operand,
        body: Callable[[Chunk, list[list[Value]]], list[list[Value]]],
        state: list[list[Value]],
        nodes: Sequence[Node],
    ) -> list[list[Value]]:
        """Whole vectors, several at once with sums of their own, then the rest."""
        f, lanes = self.f, self.lanes
        at_once = 4 if nodes or len(self.nest.nodes) <= 8 else 2
        known = isinstance(start, int) and isinstance(stop, int)
        if known:
            size = int(stop) - int(start)  # type: ignore[arg-type]
            at_once = next((n for n in (4, 2) if n <= min(at_once, size // lanes)), 1)
            middle: Operand = int(start) + size // (lanes * at_once) * lanes * at_once  # type: ignore[arg-type]
            whole: Operand = int(start) + size // lanes * lanes  # type: ignore[arg-type]
        else:
            size_ = f.sub(stop, start)
            rounds = f.binary("udiv", size_, lanes * at_once)
            middle = f.add(start, f.mul(rounds, lanes * at_once))
            whole = f.add(start, f.mul(f.binary("udiv", size_, lanes), lanes))
        fresh = [
            [[self._neutral(n, a) for a in acc] for n, acc in zip(nodes, state, strict=True)]
            for _ in range(at_once - 1)
        ]
        copies = [state, *fresh]
        if not known or int(start) < int(middle):  # type: ignore[arg-type]
            flat = [a for copy in copies for acc in copy for a in acc]
            with f.loop(start, middle, lanes * at_once, flat) as loop:
                new, at = [], 0
                for k in range(at_once):
                    count = sum(len(acc) for acc in state)
                    mine = _shaped(loop.values[at : at + count], state)
                    at += count
                    new.append(body(Chunk(row, f.add(loop.index, k * lanes), lanes), mine))
                loop.carry(*[a for copy in new for acc in copy for a in acc])
            copies, at = [], 0
            for _ in range(at_once):
                count = sum(len(acc) for acc in state)
                copies.append(_shaped(loop.results[at : at + count], state))
                at += count
        state = self._joined(copies, nodes)
        if not known or int(middle) < int(whole):  # type: ignore[arg-type]
            flat = [a for acc in state for a in acc]
            with f.loop(middle, whole, lanes, flat) as loop:
                new_state = body(Chunk(row, loop.index, lanes), _shaped(loop.values, state))
                loop.carry(*[a for acc in new_state for a in acc])
            state = _shaped(loop.results, state)
        if known:
            rest = int(stop) - int(whole)  # type: ignore[arg-type]
            if rest:
                state = body(
                    Chunk(row, constant(whole, I64), lanes, f.first_lanes(lanes, rest)), state
                )
            return state
        if self.columns % lanes == 0 and per_item(self.nest) % lanes == 0:
            return state
        rest_ = f.sub(stop, whole)
        flat = [a for acc in state for a in acc]
        before = state

        def tail() -> list[Value]:
            assert isinstance(whole, Value)
            done = body(Chunk(row, whole, lanes, f.first_lanes(lanes, rest_)), before)
            return [a for acc in done for a in acc]

        if flat:
            return _shaped(f.branch(f.compare("sgt", rest_, 0), tail, lambda: flat), state)
        with f.when(f.compare("sgt", rest_, 0)):
            tail()
        return state

    def _joined(self, copies: list[list[list[Value]]], nodes: Sequence[Node]) -> list[list[Value]]:
        while len(copies) > 1:
            half = len(copies) // 2
            copies = [
                [
                    [self._both(n, x, y) for x, y in zip(p, q, strict=True)]
                    for n, p, q in zip(nodes, a, b, strict=True)
                ]
                for a, b in zip(copies[:half], copies[half:], strict=True)
            ]
        return copies[0]

    def _both(self, n: Node, a: Value, b: Value) -> Value:
        return combine(self.f, n.equation.name, n.equation.inputs[0].dtype, a, b)

    def _neutral(self, n: Node, like: Value) -> Value:
        return identity(n.equation.name, n.equation.inputs[0].dtype, like.type)

    def _identity(self, n: Node) -> Value:
        e = n.equation
        return identity(e.name, e.inputs[0].dtype, vector(self.lanes, kind_of(_folded(n))))

    def _has_work(self, number: int, sums: Sequence[Node], mine: Sequence[int]) -> bool:
        stored = any(self._is_wide(s) and self._available(s.value) == number for s in self.stores)
        return bool(sums or mine or stored or self._saved(number))

    def _scratch(self) -> dict[Var, Value]:
        """Room for the elements of a row that are dear and needed again in a later pass."""
        room: dict[Var, Value] = {}
        size = -(-self.columns // self.lanes) * self.lanes
        for n in self.nest.nodes:
            if self._is_dear(n) and self._used_later(n.var):
                base = in_memory(n.var.dtype)
                if size * n.var.itemsize <= 1 << 18:
                    room[n.var] = self.f.allocate(base, size)
        return room

    def _is_dear(self, n: Node) -> bool:
        dear = n.role == "load" or is_dear(n.equation.primitive)
        return dear and self.scope.level(n.var) == ELEMENT

    def _used_later(self, v: Var) -> bool:
        """Whether a later pass asks for a value, through cheap ones maybe."""
        here = self.passes[v]
        if any(s.value is v and self._available(s.value) > here for s in self.stores):
            return True
        for n in self.nest.nodes:
            if v in n.arguments and n.role != "row":
                if self.passes.get(n.var, 0) > here or self._used_later_cheaply(n, here):
                    return True
            elif v in n.arguments and self._pass_of(n) > here:
                return True
        return False

    def _used_later_cheaply(self, n: Node, here: int) -> bool:
        return (
            n.role == "map"
            and not self._is_dear(n)
            and n.var in self.passes
            and any(
                n.var in m.arguments and self.passes.get(m.var, self._pass_of(m)) > here
                for m in self.nest.nodes
            )
        )

    def _saved(self, number: int) -> list[Var]:
        return [v for v in self.scratch if self.passes[v] == number]

    def _loaded(self, number: int) -> list[Var]:
        return [v for v in self.scratch if self.passes[v] < number]

    def _available(self, v: Var) -> int:
        return self.passes.get(v, 0)

    def _pass_of(self, n: Node) -> int:
        """In which pass a reduction adds up."""
        return max((self.passes.get(a, 0) for a in n.arguments if isinstance(a, Var)), default=0)

    # -- stores ----------------------------------------------------------------------------

    def _is_wide(self, s: Store) -> bool:
        """Whether a store writes every element of a row, not one for the row."""
        return bool(s.strides[-1]) or (self.columns == 1 and self.scope.level(s.value) == ELEMENT)

    def _store_elements(self, part: Chunk, numbers: Sequence[int]) -> None:
        for s in self.stores:
            if not self._is_wide(s) or self._available(s.value) not in numbers:
                continue
            write_element(self.f, part, s, part.value(s.value))

    def _store_rows(self, row: RowScope) -> None:
        for s in self.stores:
            if not self._is_wide(s):
                place = row.offset(s.strides[:-1], s.offset)
                base = in_memory(s.value.dtype)
                pointer = self.f.gep(base, self.scope.pointers(s.into), place)
                store(self.f, s.value.dtype, row.value(s.value), pointer, None)

    # -- sums over rows --------------------------------------------------------------------

    def _start(self, e: _End) -> list[Value]:
        """What a sum over rows begins with, in registers: nothing if it is made in memory."""
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        if e.node.role == "scatter":
            return []
        if e.node.role == "column":
            if not self.short:
                return []
            kind = vector(self.lanes, kind_of(_folded(e.node)))
            return [identity(name, dtype, kind)] * -(-self.columns // self.lanes)
        if e.level == ELEMENT:
            return [identity(name, dtype, vector(self.lanes, kind_of(_folded(e.node))))]
        kind = DOUBLE if self._is_exact(e) else kind_of(_folded(e.node))
        return [identity(name, dtype, kind)]

    def _is_exact(self, e: _End) -> bool:
        """Whether a sum of one number per row is made in float64: there may be very many rows."""
        equation = e.node.equation
        return equation.name == "reduce_sum" and equation.inputs[0].dtype.kind == "f"

    def _accumulated(
        self, e: _End, acc: list[Value], row: RowScope, parts: list[Chunk]
    ) -> list[Value]:
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        if e.node.role == "total" and e.level < ELEMENT:
            value = prepared(self.f, name, dtype, row.value(e.node.arguments[0]))
            if self._is_exact(e):
                value = self.f.convert("fpext", value, DOUBLE)
                return [self.f.fadd(acc[0], value)]
            return [combine(self.f, name, dtype, acc[0], value)]
        if e.node.role == "scatter":
            self._scatter(e, row, parts)
            return []
        values = [self._for_sum(e.node, part) for part in parts]
        if e.node.role == "total":
            (total,) = acc
            for value in values:
                total = combine(self.f, name, dtype, total, value)
            return [total]
        if acc:
            return [combine(self.f, name, dtype, a, v) for a, v in zip(acc, values, strict=True)]
        for part, value in zip(parts, values, strict=True):
            self._add_in_memory(e, part, value)
        return []

    def _add_in_memory(self, e: _End, part: Chunk, value: Value) -> None:
        name, dtype = e.node.equation.name, e.node.equation.inputs[0].dtype
        out = e.node.var.dtype
        pointer = self.f.gep(in_memory(out), self._column_sums[e.node.var], part.column)
        before = load(self.f, out, pointer, self.lanes, part.mask)
        store(self.f, out, combine(self.f, name, dtype, before, value), pointer, part.mask)

    def _scatter(self, e: _End, row: RowScope, parts: list[Chunk]) -> None:
        """Add the elements of a row at its place in a table."""
        places, values = e.node.arguments
        out = e.node.var.dtype
        index = inside(
            self.f, self.scope, e.node, row.value(places), e.node.var.shape[0], None, negative=True
        )
        begin = self.f.mul(index, self.columns)
        for part in parts:
            place = self.f.add(begin, part.column)
            pointer = self.f.gep(in_memory(out), self._column_sums[e.node.var], place)
            before = load(self.f, out, pointer, self.lanes, part.mask)
            store(self.f, out, self.f.fadd(before, part.value(values)), pointer, part.mask)

    def _clear_columns(self, item: Operand) -> None:
        """Tables, and column sums of long rows, are made in the buffer itself."""
        self._column_sums: dict[Var, Value] = {}
        for e in self.ends:
            if e.node.role == "total" or (e.node.role == "column" and self.short):
                continue
            size = e.node.var.size
            base, out = in_memory(e.node.var.dtype), e.node.var.dtype
            pointer = self.scope.pointers(e.store.into)
            pointer = self.f.gep(base, pointer, self.f.mul(_i64(item), size))
            self._column_sums[e.node.var] = pointer
            zero = self._identity(e.node)
            whole = size // self.lanes * self.lanes
            if whole:
                with self.f.loop(0, whole, self.lanes) as loop:
                    store(self.f, out, zero, self.f.gep(base, pointer, loop.index), None)
            if size > whole:
                mask = self.f.first_lanes(self.lanes, size - whole)
                store(self.f, out, zero, self.f.gep(base, pointer, whole), mask)

    def _finish(self, e: _End, item: Operand, acc: list[Value]) -> None:
        """Write what an item added up."""
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
        for i, value in enumerate(acc):
            c = i * self.lanes
            n = min(self.lanes, self.columns - c)
            mask = None if n == self.lanes else self.f.first_lanes(self.lanes, n)
            store(self.f, out, value, self.f.gep(base, pointer, c), mask)


def write_element(f: Function, part: Chunk, s: Store, value: Value) -> None:
    """Write neighbouring elements of a row where a store says."""
    begin = part.row.offset(s.strides[:-1], s.offset)
    along = s.strides[-1] or 1
    place = f.add(begin, f.mul(part.column, along))
    dtype = s.value.dtype
    pointer = f.gep(in_memory(dtype), part.nest.pointers(s.into), place)
    if along == 1:
        store(f, dtype, value, pointer, part.mask)
        return
    if dtype == BOOL:
        value = f.convert("zext", value, "i8")
    from .emit import constants

    steps = constants([i * along for i in range(part.n)], I64)
    f.scatter(value, pointer, steps, part.mask)


def prepare(
    scope: NestScope | RowScope,
    nodes: Sequence[Node],
    lanes: int,
    level: int,
    passes: dict[Var, int] | None = None,
    number: int = 0,
) -> None:
    """Compute what does not change before a loop begins, and repeat it over a vector."""
    nest = scope if isinstance(scope, NestScope) else scope.nest
    row = scope if isinstance(scope, RowScope) else RowScope(nest, ())
    probe = Chunk(row, 0, lanes)
    for n in nodes:
        for i, a in enumerate(n.arguments):
            if isinstance(a, Leaf) and a.number is not None:
                continue
            if n.role == "load" and i == 0:
                continue
            if nest.level(a) == level and (passes is None or _ready(a, passes, number)):
                if scope.value(a) and n.role != "load":
                    probe.value(a)
            elif isinstance(scope, RowScope) and nest.level(a) == ELEMENT and isinstance(a, Leaf):
                scope.begin(a)
        if n.role in ENDS:
            continue
        if n.role == "load" and isinstance(scope, RowScope) and passes is not None:
            table, places = n.arguments
            wide = nest.level(n.var) == ELEMENT and nest.level(places) < ELEMENT
            if wide and isinstance(table, Leaf) and table.in_memory:
                if _ready(places, passes, number):
                    row_of_table(scope, n)
        if nest.level(n.var) == level and (passes is None or _ready(n.var, passes, number)):
            if n.role != "row":
                scope.value(n.var)
            probe.value(n.var)


def _ready(a: Leaf | Var, passes: dict[Var, int], number: int) -> bool:
    return isinstance(a, Leaf) or passes.get(a, 0) <= number


def _passes(nest: RowNest, scope: NestScope) -> dict[Var, int]:
    """In which pass over a row each value is there: after a reduction, in the next one."""
    found: dict[Var, int] = {}
    for n in nest.nodes:
        latest = max((found.get(a, 0) for a in n.arguments if isinstance(a, Var)), default=0)
        if n.role in ("map", "load"):
            found[n.var] = latest
        elif n.role == "row":
            found[n.var] = latest + 1
    return found


def coordinates(f: Function, row: Value, dims: Sequence[int]) -> list[Operand]:
    """The places in the outer dimensions of the row with this number."""
    found: list[Operand] = []
    rest = row
    for n in reversed(dims[1:]):
        found.append(f.binary("urem", rest, n))
        rest = f.binary("udiv", rest, n)
    if dims:
        found.append(rest)
    return found[::-1]


def _shaped(flat: Sequence[Value], like: Sequence[Sequence[Value]]) -> list[list[Value]]:
    found, at = [], 0
    for acc in like:
        found.append(list(flat[at : at + len(acc)]))
        at += len(acc)
    return found


def _folded(n: Node) -> object:
    return n.equation.output.dtype


def _i64(a: Operand) -> Value:
    return a if isinstance(a, Value) else constant(a, I64)
