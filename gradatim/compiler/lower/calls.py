"""From loop nests to functions, and the calls of them that make a program.

A nest becomes one function, a product up to three (its operands may be packed first). Nests that
are alike have one function, and so have those with the same text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import Any

import numpy as np

from ..ir import Var
from ..kinds import FUNCTIONS, is_division
from ..schedule.grain import items, line_items, owners
from ..schedule.nests import (
    DrawNest,
    Leaf,
    LineNest,
    Nest,
    Node,
    NumpyNest,
    ProductNest,
    RowNest,
    ScatterNest,
    Schedule,
)
from .alike import likeness
from .emit import I64, PTR, Function, Module, Value, width
from .hoist import coordinates, fetch, prepare, read_far, write_elements
from .lines import scratch_size, write_lines
from .matmul import Write, write_product
from .pack import write_pack
from .product import Plan, Product
from .random import DRAWS
from .refusals import Refusal, division_refused, index_refused
from .rows import lanes_of, write_rows
from .scatter import write_scatter
from .scopes import Chunk, NestScope, RowScope, in_memory, is_number_but_0
from .target import Target
from .tiles import plan

INT64 = np.dtype(np.int64)


@dataclass(frozen=True)
class State:
    """Memory of a random generator: its words, or the number kept for the next call."""

    generator: Any
    what: str  # "words" or "spare"

    def __hash__(self) -> int:
        return hash((id(self.generator), self.what))


Memory = Var | State


@dataclass(frozen=True, eq=False)
class Call:
    """One function, and the memory that it is given."""

    function: str
    memory: tuple[Memory, ...]
    reads: tuple[Var, ...]
    writes: tuple[Var, ...]
    items: int
    nest: Nest
    work: float = 0.0  # nanoseconds on one core, roughly


@dataclass
class Lowering:
    """A program's functions while they are written."""

    target: Target
    in_place: dict[Var, Var]
    outside: frozenset[Var]  # what lies in the caller's memory, which begins anywhere
    module: Module
    calls: list[Call | NumpyNest] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    written: dict[Any, str] = field(default_factory=dict)  # functions, by what is alike

    def place_of(self, v: Var) -> Var:
        """The variable whose memory another one lies in."""
        return self.in_place.get(v, v)


def lower(schedule: Schedule, target: Target) -> Lowering:
    """Write every nest's function."""
    lowering = Lowering(
        target,
        schedule.in_place,
        frozenset((*schedule.inputs, *schedule.outputs)),
        Module(target.attributes, has_fma=target.has_fma, has_rounding=target.has_rounding),
    )
    for nest in schedule.nests:
        WRITERS[type(nest)](lowering, nest)
    return lowering


class _Writing:
    """One function being written: memory is named as it is met.

    `like` is what it depends on besides; if a function of such a nest is there, it is taken.
    """

    def __init__(self, lowering: Lowering, order: Sequence[Memory], like: Any = None) -> None:
        self.lowering = lowering
        self.memory: dict[Memory, Value] = {}
        for m in order:
            m = lowering.place_of(m) if isinstance(m, Var) else m
            self.memory.setdefault(m, Value(f"%p{len(self.memory)}", PTR))
        self.like = None if like is None else (like, tuple(self.pointer(m).name for m in order))
        self.is_new = self.like is None or self.like not in lowering.written
        parameters = ["ptr %status", *(v.text for v in self.memory.values())]
        parameters += ["i64 %begin", "i64 %end"]
        self.f = Function(lowering.module, "NEST", parameters, "void")
        self.begin, self.end = Value("%begin", I64), Value("%end", I64)
        self.status = Value("%status", PTR)

    def pointer(self, m: Memory) -> Value:
        return self.memory[self.lowering.place_of(m) if isinstance(m, Var) else m]

    def scope(self, nodes: Sequence[Any], refused: Sequence[tuple[Any, Refusal]]) -> NestScope:
        numbers = {}
        for node, refusal in refused:
            self.lowering.refusals.append(refusal)
            numbers[node] = len(self.lowering.refusals)
        by_var = {n.var: n for n in nodes}
        return NestScope(self.f, by_var, self.pointer, self.status, numbers)

    def finish(
        self, reads: Sequence[Var], writes: Sequence[Var], count: int, nest: Nest, work: float
    ) -> None:
        name = self._written() if self.is_new else self.lowering.written[self.like]
        call = Call(name, tuple(self.memory), tuple(reads), tuple(writes), count, nest, work)
        self.lowering.calls.append(call)

    def _written(self) -> str:
        module = self.lowering.module
        self.f.end()
        text = module.functions.pop("NEST")
        name = "nest_" + hashlib.sha256(text.encode()).hexdigest()[:12]
        module.functions[name] = text.replace("@NEST(", f"@{name}(", 1)
        if self.like is not None:
            self.lowering.written[self.like] = name
        return name


def _rows(lowering: Lowering, nest: RowNest) -> None:
    leaves = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf) and a.in_memory]
    reads, writes = [a.var for a in leaves], [s.into for s in nest.stores]
    refused = _refused(nest.nodes)
    # What is refused has a number of its own in each nest, so such nests are not shared.
    w = _Writing(lowering, [*reads, *writes], None if refused else likeness(nest))
    if w.is_new:
        write_rows(w.f, nest, w.scope(nest.nodes, refused), lowering.target, w.begin, w.end)
    size = prod(nest.dims)
    work = size * (0.05 * len(nest.nodes) + 0.05 * (len(reads) + len(writes)))
    w.finish(reads, writes, items(nest), nest, work)


def _refused(nodes: Sequence[Node]) -> list[tuple[Node, Refusal]]:
    """What the nodes of a nest may have to refuse."""
    found = []
    for n in nodes:
        if n.role == "load":
            table = n.arguments[0]
            assert isinstance(table, Leaf)
            assert table.chosen is not None
            found.append((n, index_refused(n.equation, table.chosen[1])))
        elif n.role == "scatter":
            found.append((n, index_refused(n.equation, n.var.shape[0])))
        elif is_division(n.equation) and not is_number_but_0(n.arguments[1]):
            found.append((n, division_refused(n.equation)))
    return found


def _product(lowering: Lowering, nest: ProductNest) -> None:
    x, y = nest.equation.inputs
    lanes = lowering.target.lanes(x.dtype)
    (*batch, m, k), n = x.shape, y.shape[-1]
    aligned = lowering.place_of(nest.b.var) not in lowering.outside and not nest.b.offset % lanes
    strides = nest.a.strides, nest.b.strides
    planned = plan(Product(tuple(batch), m, n, k, x.dtype, *strides, aligned), lanes)
    factors = {"a": nest.a, "b": nest.b}
    for pack in planned.packs:
        factors[pack.operand] = _packed(lowering, nest, planned, pack, factors[pack.operand])
    a, b = factors["a"], factors["b"]
    scratch = Var((planned.scratch,), x.dtype)
    leaves = [n for m in nest.nodes for n in m.arguments if isinstance(n, Leaf) and n.in_memory]
    reads = [a.var, b.var, *(n.var for n in leaves)]
    writes = [s.into for s in nest.stores]
    if planned.scratch:
        writes.append(scratch)
    refused = _refused(nest.nodes)
    like = None if refused else (likeness(nest), planned)
    w = _Writing(lowering, [*reads, *writes], like)
    if w.is_new:
        base = planned_pointer(w.f, w, a), planned_pointer(w.f, w, b)
        scope = w.scope(nest.nodes, refused)
        _write_planned(
            w, scope, nest, planned, *base, w.pointer(scratch) if planned.scratch else None
        )
    flops = 2 * prod(x.shape) * y.shape[-1]
    w.finish(reads, writes, planned.items, nest, flops / 100)


def _write_planned(
    w: _Writing,
    scope: NestScope,
    nest: ProductNest,
    planned: Plan,
    a: Value,
    b: Value,
    scratch: Value | None,
) -> None:
    """The product with what becomes of each element."""
    f = w.f
    x = nest.equation.inputs[0]
    prepare(scope, nest.nodes, lanes_of([x], w.lowering.target), 0)
    rows = x.shape[-2]

    place_of = w.lowering.place_of
    read = {place_of(n.var) for m in nest.nodes for n in m.arguments if isinstance(n, Leaf)}
    over = [s for s in nest.stores if place_of(s.into) in read]
    elsewhere = [s for s in nest.stores if s not in over]

    def epilogue(
        batch: Value, row: Value, column: Value, acc: Value, mask: Value | None
    ) -> list[Write]:
        number = f.add(f.mul(batch, rows), row)
        in_row = RowScope(scope, coordinates(f, number, nest.dims[:-1]))
        part = Chunk(in_row, column, width(acc.type), mask)
        part.kept[nest.equation.output] = acc
        for s in nest.stores:
            part.value(s.value)
        write_elements(part, elsewhere)
        return [partial(write_elements, part, over)] if over else []

    far = read_far(nest.nodes)

    def ahead(batch: Value, row: Value, column: Value) -> None:
        number = f.add(f.mul(batch, rows), row)
        fetch(RowScope(scope, coordinates(f, number, nest.dims[:-1])), column, far)

    heavy = sum(3 if n.equation.name in FUNCTIONS else 1 for n in nest.nodes) > 3
    write_product(
        f, planned, a, b, scratch, w.begin, w.end, epilogue,
        heavy=heavy, ahead=ahead if far else None,
    )  # fmt: skip


def planned_pointer(f: Function, w: _Writing, leaf: Leaf) -> Value:
    """Where an operand of a product begins."""
    return f.gep(in_memory(leaf.var.dtype), w.pointer(leaf.var), leaf.offset)


def _packed(lowering: Lowering, nest: ProductNest, planned: Plan, pack: Any, leaf: Leaf) -> Leaf:
    packed = Var((pack.size,), leaf.var.dtype)
    w = _Writing(lowering, [leaf.var, packed], (planned, pack, leaf.offset))
    if w.is_new:
        source = planned_pointer(w.f, w, leaf)
        write_pack(w.f, planned, pack, source, w.pointer(packed), w.begin, w.end)
    w.finish([leaf.var], [packed], pack.items, nest, pack.size * 0.2)
    return Leaf(packed, ())


def _scatter(lowering: Lowering, nest: ScatterNest) -> None:
    leaves = [a for a in (nest.places, nest.values) if a.in_memory]
    reads = [*(a.var for a in leaves), nest.into]
    w = _Writing(lowering, [*reads])
    scope = w.scope([], [(nest, index_refused(nest.equation, nest.bound))])
    write_scatter(w.f, nest, scope, lowering.target, w.begin, w.end)
    w.finish(reads, [nest.into], owners(nest), nest, prod(nest.dims) * 0.3)


def _draw(lowering: Lowering, nest: DrawNest) -> None:
    e = nest.equation
    generator = e.params["generator"]
    words, spare = State(generator, "words"), State(generator, "spare")
    inputs = [leaf.var for leaf in nest.inputs]
    w = _Writing(lowering, [*inputs, e.output, words, spare])
    params = {k: v for k, v in e.params.items() if k != "generator"}
    DRAWS[e.name](
        w.f, w.pointer(e.output), w.pointer(words), w.pointer(spare),
        tuple(w.pointer(v) for v in inputs), e.output.type,
        tuple(v.type for v in inputs), **params,
    )  # fmt: skip
    w.finish(inputs, [e.output], 1, nest, e.output.size * 3.0)


def _lines(lowering: Lowering, nest: LineNest) -> None:
    e = nest.equation
    inputs = [leaf.var for leaf in nest.inputs if leaf.in_memory]
    scratch = Var((scratch_size(nest),), INT64)
    outputs = [e.output, scratch] if scratch.size else [e.output]
    w = _Writing(lowering, [*inputs, *outputs])
    room = w.pointer(scratch) if scratch.size else None
    write_lines(w.f, nest, w.pointer, room, w.begin, w.end)
    length = e.inputs[0].shape[nest.dim]
    passes = 2 * length.bit_length() if scratch.size else 1
    w.finish(inputs, outputs, line_items(nest)[0], nest, e.inputs[0].size * passes * 1.5)


def _numpy(lowering: Lowering, nest: NumpyNest) -> None:
    lowering.calls.append(nest)


WRITERS: dict[type, Callable[[Lowering, Any], None]] = {
    RowNest: _rows,
    ProductNest: _product,
    ScatterNest: _scatter,
    DrawNest: _draw,
    LineNest: _lines,
    NumpyNest: _numpy,
}
