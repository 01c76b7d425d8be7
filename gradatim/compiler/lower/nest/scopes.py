"""Values in a nest: of the whole nest, of a row, of a chunk of neighbouring elements of a row.

Each scope computes a value on first use and keeps it. Values that do not change along the row are
delegated to the row's scope, and constant ones to the nest's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...ir.graph import Var
from ...ir.kinds import is_division
from ...ir.nests import ELEMENT, ROW, WHOLE, Argument, Leaf, Node
from ..arithmetic.elementwise import ELEMENTWISE
from ..text.emit import Function
from ..text.types import I64, Operand, Value, constant, constants, vector, width
from .bounds import is_inside
from .fused import rounded_once
from .numbers import from_memory, in_memory, in_range, kind_of, load, range_at
from .refusals import FROM_THE_END, is_number_but_0, write_refusal


@dataclass
class NestScope:
    """Values that are constant in the whole nest, and the memory of its variables."""

    f: Function
    nodes: dict[Var, Node]
    pointers: Callable[[Var], Value]
    status: Value
    numbers: dict[Node, int]  # the status with which a node refuses
    kept: dict[Any, Value] = field(default_factory=dict)
    levels: dict[Any, int] = field(default_factory=dict)
    mask = None  # of the elements that exist: only a chunk has one

    @property
    def nest(self) -> NestScope:
        """The nest's scope."""
        return self

    def level(self, a: Argument) -> int:
        """How often a value changes: ELEMENT, ROW or WHOLE."""
        if isinstance(a, Leaf):
            return a.level
        if a not in self.levels:
            node = self.nodes.get(a)
            if node is None:
                self.levels[a] = ELEMENT  # the result of the nest's product
            elif node.role == "row":
                self.levels[a] = ROW
            else:
                levels = [self.level(x) for x in node.arguments]
                if node.role == "load":
                    table = node.arguments[0]
                    assert isinstance(table, Leaf)
                    levels[0] = ELEMENT if table.strides[-1] else ROW if any(table.strides) else 0
                self.levels[a] = max(levels, default=WHOLE)
        return self.levels[a]

    def value(self, a: Argument) -> Value:
        """A value of the whole nest, as a scalar."""
        if a not in self.kept:
            self.kept[a] = compute(self, self.f, a, 1)
        return self.kept[a]

    def operand(self, a: Argument) -> Value:
        """An argument in this scope."""
        return self.value(a)

    def place(self, leaf: Leaf) -> tuple[Operand, Value | None]:
        """The offset of a leaf's element, and the mask of lanes that may be read."""
        return leaf.offset, None


@dataclass
class RowScope:
    """Values of one row; `coordinates` are its indices in the outer dimensions."""

    nest: NestScope
    coordinates: Sequence[Operand]
    kept: dict[Any, Value] = field(default_factory=dict)
    mask = None

    @property
    def f(self) -> Function:
        """The function being written."""
        return self.nest.f

    def offset(self, strides: Sequence[int], start: int) -> Operand:
        """The offset of this row in something with these strides.

        `start` is added in a register of its own: functions that differ only in it can be merged.
        """
        total: Operand = 0
        for i, stride in zip(self.coordinates, strides, strict=True):
            if stride:
                total = self.f.add(total, self.f.mul(i, stride))
        return self.f.register(total, start) if start else total

    def place(self, leaf: Leaf) -> tuple[Operand, Value | None]:
        """The offset of a leaf's element in this row."""
        return self.offset(leaf.strides[:-1], leaf.offset), None

    def begin(self, leaf: Leaf) -> Operand:
        """The offset of the row's first element."""
        if ("begin", leaf) not in self.kept:
            first = self.offset(leaf.strides[:-1], leaf.offset)
            self.kept["begin", leaf] = first if isinstance(first, Value) else constant(first, I64)
        return self.kept["begin", leaf]

    def value(self, a: Argument) -> Value:
        """A value of this row or of the nest, as a scalar."""
        if self.nest.level(a) == WHOLE:
            return self.nest.value(a)
        if a not in self.kept:
            self.kept[a] = compute(self, self.f, a, 1)
        return self.kept[a]

    def operand(self, a: Argument) -> Value:
        """An argument in this scope."""
        return self.value(a)


@dataclass
class Chunk:
    """Values of `n` neighbouring elements of a row, starting at `column`."""

    row: RowScope
    column: Operand
    n: int
    mask: Value | None = None
    kept: dict[Any, Value] = field(default_factory=dict)

    @property
    def f(self) -> Function:
        """The function being written."""
        return self.row.nest.f

    @property
    def nest(self) -> NestScope:
        """The nest's scope."""
        return self.row.nest

    def value(self, a: Argument) -> Value:
        """A value at these elements, as a vector."""
        if a not in self.kept:
            if self.nest.level(a) < ELEMENT:
                self.kept[a] = self._repeated(a)
            else:
                self.kept[a] = compute(self, self.f, a, self.n)
        return self.kept[a]

    def operand(self, a: Argument) -> Value:
        """An argument in this scope."""
        return self.value(a)

    def _repeated(self, a: Argument) -> Value:
        if isinstance(a, Leaf) and a.number is not None:
            return constant(a.number, vector(self.n, kind_of(a.var.dtype)))
        scope: Any = self.row if self.nest.level(a) == ROW else self.nest
        key = ("splat", a, self.n)
        if key not in scope.kept:
            scope.kept[key] = self.f.splat(scope.value(a), self.n)
        return scope.kept[key]

    def place(self, leaf: Leaf) -> tuple[Operand, Value | None]:
        """The offset of a leaf's first element in this chunk."""
        along = self.f.mul(self.column, leaf.strides[-1]) if leaf.strides[-1] else 0
        return self.f.add(self.row.begin(leaf), along), self.mask


Scope = NestScope | RowScope | Chunk


def compute(scope: Scope, f: Function, a: Argument, n: int) -> Value:
    """Write the code of a value that this scope does not have yet."""
    if isinstance(a, Leaf):
        return read(scope, f, a, n)
    nodes = scope.nest.nodes
    node = nodes[a]
    if node.role == "load":
        return _load(scope, f, node, n)
    once = rounded_once(scope, f, nodes, node)
    if once is not None:
        return once
    values = [scope.operand(x) for x in node.arguments]
    equation = node.equation
    if is_division(equation) and not is_number_but_0(node.arguments[1]):
        _refuse_zeros(scope, f, node, values[1])
    if equation.name == "copy":
        return values[0]
    params = {"to" if k == "dtype" else k: v for k, v in equation.params.items()}
    return ELEMENTWISE[equation.name](f, *values, dtype=equation.inputs[0].dtype, **params)


def _refuse_zeros(scope: Scope, f: Function, node: Node, divisor: Value) -> None:
    nest = scope.nest
    zero = f.compare("eq", divisor, 0)
    mask = scope.mask
    if mask is not None and width(zero.type) > 1:
        zero = f.binary("and", zero, mask)
    write_refusal(f, nest.status, nest.numbers[node], zero)


def read(scope: Scope, f: Function, leaf: Leaf, n: int) -> Value:
    """Write the code that reads a leaf."""
    dtype = leaf.var.dtype
    if leaf.number is not None:
        return constant(leaf.number, vector(n, kind_of(dtype)))
    offset, mask = scope.place(leaf)
    along = leaf.strides[-1] if n > 1 else 1
    if leaf.range is not None:
        return in_range(f, leaf, offset, along, n)
    base = in_memory(dtype)
    pointer = scope.nest.pointers(leaf.var)
    if along == 1:
        return load(f, dtype, f.gep(base, pointer, offset), n, mask)
    if along == 0:
        return f.splat(load(f, dtype, f.gep(base, pointer, offset), 1, None), n)
    first = f.gep(base, pointer, offset)
    steps = constants([i * along for i in range(n)], I64)
    return from_memory(f, f.gather(base, first, steps, mask), dtype)


def _load(scope: Scope, f: Function, node: Node, n: int) -> Value:
    """Elements of a table at indices computed in the nest."""
    table, places = node.arguments
    assert isinstance(table, Leaf)
    nest = scope.nest
    if not table.in_memory:
        return _load_known(scope, f, node, n)
    dtype, base = table.var.dtype, in_memory(table.var.dtype)
    stride, bound = table_step(node)
    if n > 1 and nest.level(places) < ELEMENT:
        owner: Any = scope.row if isinstance(scope, Chunk) else scope
        begin = row_of_table(owner, node)
        along = table.strides[-1]
        offset = f.add(begin, f.mul(scope.column, along))  # type: ignore[union-attr]
        first = f.gep(base, scope.nest.pointers(table.var), offset)
        mask = scope.mask
        if along == 1:
            return load(f, dtype, first, n, mask)
        steps = constants([i * along for i in range(n)], I64)
        return from_memory(f, f.gather(base, first, steps, mask), dtype)
    start, mask = scope.place(table)
    safe = _safe(scope, node, places, bound, mask)
    offset = f.binary("mul", safe, stride) if n > 1 else f.mul(safe, stride)
    if n == 1:
        return load(
            f, dtype, f.gep(base, scope.nest.pointers(table.var), f.add(offset, start)), 1, None
        )
    first = f.gep(base, scope.nest.pointers(table.var), start)
    if table.strides[-1]:
        steps = constants([i * table.strides[-1] for i in range(n)], I64)
        offset = f.binary("add", offset, steps)
    return from_memory(f, f.gather(base, first, offset, mask), dtype)


def row_of_table(scope: RowScope | NestScope, node: Node) -> Value:
    """The offset of the table row that a row of the nest reads."""
    table, places = node.arguments
    assert isinstance(table, Leaf)
    if ("begin", node) not in scope.kept:
        stride, bound = table_step(node)
        start, _ = scope.place(table)
        safe = safe_row(scope, node, places, bound)
        scope.kept["begin", node] = scope.f.add(scope.f.mul(safe, stride), start)
    return scope.kept["begin", node]


def safe_row(scope: RowScope | NestScope, node: Node, places: Argument, bound: int) -> Value:
    """A row's index, checked once for all tables of this size."""
    key = ("safe", places, bound, node.equation.name in FROM_THE_END)
    if key not in scope.kept:
        nest = scope.nest
        index = scope.operand(places)
        if is_inside(places, nest.nodes, bound):
            scope.kept[key] = scope.f.convert("sext", index, I64)
        else:
            scope.kept[key] = inside(scope.f, nest, node, index, bound, None)
    return scope.kept[key]


def _safe(scope: Scope, node: Node, places: Argument, bound: int, mask: Value | None) -> Value:
    """The checked index of each element."""
    if isinstance(scope, Chunk):
        return inside(scope.f, scope.nest, node, scope.operand(places), bound, mask)
    return safe_row(scope, node, places, bound)


def _load_known(scope: Scope, f: Function, node: Node, n: int) -> Value:
    """Elements of a table that is not in memory: a constant or a range."""
    table, places = node.arguments
    assert isinstance(table, Leaf)
    start, mask = scope.place(table)
    stride, bound = table_step(node)
    place = _safe(scope, node, places, bound, mask)
    if table.number is not None:
        return constant(table.number, vector(n, kind_of(table.var.dtype)))
    first = start if isinstance(start, Value) else constant(start, I64)
    place = f.binary("add", f.binary("mul", place, stride), f.splat(first, n))
    if n > 1 and table.strides[-1]:
        steps = constants([i * table.strides[-1] for i in range(n)], I64)
        place = f.binary("add", place, steps)
    return range_at(f, table, place)


def table_step(node: Node) -> tuple[int, int]:
    """The stride between neighbouring places of a table, and their number."""
    table = node.arguments[0]
    assert isinstance(table, Leaf)
    assert table.chosen is not None
    return table.chosen


def inside(
    f: Function,
    nest: NestScope,
    node: Any,
    index: Value,
    bound: int,
    mask: Value | None,
    negative: bool | None = None,
) -> Value:
    """A valid index: one out of bounds is recorded in the status and becomes 0."""
    if not index.type.endswith(I64) and I64 not in index.type:
        index = f.convert("sext", index, I64)
    if negative is None:
        negative = node.equation.name in FROM_THE_END
    original = index
    if negative:
        index = f.select(f.compare("slt", index, 0), f.binary("add", index, bound), index)
    wrong = f.compare("uge", index, bound)
    if mask is not None:
        wrong = f.binary("and", wrong, mask)
    safe = f.select(wrong, constant(0, index.type), index)
    write_refusal(f, nest.status, nest.numbers[node], wrong, original)
    return safe
