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

from ..ir import Var
from ..kinds import is_dear
from ..schedule.grain import items, per_item
from ..schedule.nests import ELEMENT, ROW, WHOLE, Leaf, Node, RowNest, Store
from .ahead import ask_ahead
from .emit import I64, Function, Operand, Value, constant
from .ends import Ends
from .folding import across, combine, identity
from .hoist import coordinates, prepare, write_elements
from .scopes import (
    Chunk,
    NestScope,
    RowScope,
    in_memory,
    load,
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


def write_rows(
    f: Function,
    nest: RowNest,
    scope: NestScope,
    target: Target,
    begin: Value,
    end: Value,
    *,
    by_rows: bool = False,
) -> None:
    """The code for the items [begin, end) of a nest; `by_rows`: for so many rows of it."""
    every = [n.var for n in nest.nodes]
    every += [a.var for n in nest.nodes for a in n.arguments if isinstance(a, Leaf)]
    _Rows(f, nest, scope, lanes_of(every, target)).write(begin, end, by_rows=by_rows)


class _Rows:
    def __init__(self, f: Function, nest: RowNest, scope: NestScope, lanes: int) -> None:
        self.f, self.nest, self.scope, self.lanes = f, nest, scope, lanes
        self.columns, self.flat = nest.columns, len(nest.dims) == 1
        self.has_rows = any(n.role == "row" for n in nest.nodes)
        self.flat = self.flat and not self.has_rows
        self.short = not self.flat and self.columns <= SHORT * lanes
        self.sums = Ends(f, nest, scope, lanes, short=self.short)
        self.ends = self.sums.all
        ended = {e.node.var for e in self.ends}
        self.stores = [s for s in nest.stores if s.value not in ended]
        self.passes = _passes(nest, scope)
        self.last = max(self.passes.values(), default=0)

    # -- items -----------------------------------------------------------------------------

    def write(self, begin: Value, end: Value, *, by_rows: bool) -> None:
        prepare(self.scope, self.nest.nodes, self.lanes, WHOLE)
        self.scratch = {} if self.short else self._scratch()
        if by_rows:
            self._item(0, begin, end)
            return
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
        self.sums.clear(item)
        accs = [self.sums.start(e) for e in self.ends]
        if self.flat:
            row = RowScope(self.scope, ())
            flat = self._pass(row, 0, start, stop, accs)
            self._store_rows(row)
        else:
            ask_ahead(self.f, self.nest, self.scope, start, stop)
            at_once = self._together() if self.short else 1
            flat = self._some_at_once(start, stop, accs, at_once)
        for e, acc in zip(self.ends, flat, strict=True):
            self.sums.finish(e, item, acc)

    def _together(self) -> int:
        return TOGETHER if self.has_rows and -(-self.columns // self.lanes) <= 2 else 1

    def _some_at_once(
        self, start: Operand, stop: Operand, accs: list[list[Value]], n: int
    ) -> list[list[Value]]:
        f = self.f
        if n == 1:
            return self._each_row(start, stop, accs, 1)
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
            acc if e.level == ELEMENT else self.sums.accumulated(e, acc, row, [])
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
                self.sums.accumulated(e, acc, row, parts)
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
        values = [self.sums.for_sum(node, part) for part in parts]
        while len(values) > 1:
            pairs = list(zip(values[::2], values[1::2], strict=False))
            odd = values[len(pairs) * 2 :]
            values = [combine(self.f, name, dtype, a, b) for a, b in pairs] + odd
        return across(self.f, name, dtype, values[0])

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
        first = [[self.sums.identity(n)] for n in sums] + [accs[i] for i in mine]
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
                        self.sums.for_sum(n, part),
                    )
                ]
                for n, (acc,) in zip(sums, state, strict=False)
            ]
            for v in self._saved(number):
                place = self.f.gep(in_memory(v.dtype), self.scratch[v], part.column)
                store(self.f, v.dtype, part.value(v), place, None)
            self._store_elements(part, (number,))
            rest = [
                self.sums.accumulated(self.ends[i], acc, row, [part])
                for i, acc in zip(mine, state[len(sums) :], strict=True)
            ]
            return new + rest

        joined = self._columns(
            row, start, stop, body, first, [*sums, *(self.ends[i].node for i in mine)]
        )
        for n, (total,) in zip(sums, joined, strict=False):
            row.kept[n.var] = across(self.f, n.equation.name, n.equation.inputs[0].dtype, total)
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
        def is_due(s: Store) -> bool:
            return self._is_wide(s) and self._available(s.value) in numbers

        write_elements(part, [s for s in self.stores if is_due(s)])

    def _store_rows(self, row: RowScope) -> None:
        for s in self.stores:
            if not self._is_wide(s):
                place = row.offset(s.strides[:-1], s.offset)
                base = in_memory(s.value.dtype)
                pointer = self.f.gep(base, self.scope.pointers(s.into), place)
                store(self.f, s.value.dtype, row.value(s.value), pointer, None)


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


def _shaped(flat: Sequence[Value], like: Sequence[Sequence[Value]]) -> list[list[Value]]:
    found, at = [], 0
    for acc in like:
        found.append(list(flat[at : at + len(acc)]))
        at += len(acc)
    return found
