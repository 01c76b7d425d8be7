"""A matrix product fused with the nodes applied to its elements, which become its epilogue."""

from __future__ import annotations

from functools import partial

from ...ir.kinds import FUNCTIONS
from ...ir.nests import Leaf, ProductNest
from ...machine.target import Target
from ..nest.hoist import coordinates, fetch, prepare, read_far, write_elements
from ..nest.numbers import in_memory
from ..nest.scopes import Chunk, NestScope, RowScope
from ..nest.writing import Writing
from ..text.emit import Function
from ..text.types import Operand, Value, width
from .afterwards import Afterwards
from .bands import BandWriter
from .finish import Consumer, Write
from .matmul import Operands, write_product
from .product import Plan


def write_planned(
    w: Writing,
    scope: NestScope,
    nest: ProductNest,
    planned: Plan,
    memory: Operands,
    span: tuple[Value, Value],
    *,
    first: Operand = 0,
    bands: BandWriter | None = None,
    after: Afterwards | None = None,
) -> None:
    """Write the items [begin, end) of a product, with the nest's nodes as its epilogue.

    `first` is the number, among all rows of the nest, of the plan's row 0; `bands` runs row nests
    on completed bands of rows.
    """
    abreast = _abreast(nest, w.lowering.target)
    for n in range(1 if planned.turned else abreast.bit_length()):
        prepare(scope, nest.nodes, planned.lanes << n, 0)
    end = _Epilogue(w, scope, nest, planned.result_rows, first, bands)
    to = Consumer(
        end.consume,
        heavy=sum(3 if n.equation.name in FUNCTIONS else 1 for n in nest.nodes) > 3,
        abreast=abreast,
        ahead=end.prefetch if end.far or (bands and bands.far) else None,
        bands=bands,
        after=after,
    )
    write_product(w.f, planned, memory, *span, to)


class _Epilogue:
    """The nest's nodes on some results of the product, and the prefetches for them."""

    def __init__(
        self,
        w: Writing,
        scope: NestScope,
        nest: ProductNest,
        rows: int,
        first: Operand,
        bands: BandWriter | None,
    ) -> None:
        self.f, self.scope, self.nest, self.bands = w.f, scope, nest, bands
        self.rows, self.first, self.far = rows, first, read_far(nest.nodes)
        place_of = w.lowering.place_of
        read = {place_of(n.var) for m in nest.nodes for n in m.arguments if isinstance(n, Leaf)}
        self.over = [s for s in nest.stores if place_of(s.into) in read]
        self.elsewhere = [s for s in nest.stores if s not in self.over]

    def consume(
        self, batch: Value, row: Value, column: Value, acc: Value, mask: Value | None
    ) -> list[Write]:
        """`Consumer.epilogue`: compute the nodes and store; stores over operands come later."""
        part = Chunk(self._in_row(batch, row), column, width(acc.type), mask)
        part.kept[self.nest.equation.output] = acc
        for s in self.nest.stores:
            part.value(s.value)
        write_elements(part, self.elsewhere)
        return [partial(write_elements, part, self.over)] if self.over else []

    def prefetch(self, batch: Value, row: Value, column: Value) -> None:
        """`Consumer.ahead`."""
        fetch(self._in_row(batch, row), column, self.far)
        if self.bands is not None:
            self.bands.ahead(self._number(batch, row), column)

    def _number(self, batch: Value, row: Value) -> Value:
        """The number of a row among all rows of the nest."""
        return self.f.add(self.first, self.f.add(self.f.mul(batch, self.rows), row))

    def _in_row(self, batch: Value, row: Value) -> RowScope:
        place = coordinates(self.f, self._number(batch, row), self.nest.dims[:-1])
        return RowScope(self.scope, place)


def _abreast(nest: ProductNest, target: Target) -> int:
    """How many vectors the epilogue processes together: several if it has long dependency chains.

    The out-of-order window covers less than three vectors of a GELU with its derivative. With four
    interleaved, each operation on all of them in turn, it takes a quarter less time.
    """
    if not any(n.equation.name in FUNCTIONS and n.equation.name != "sqrt" for n in nest.nodes):
        return 1
    return 4 if target.registers == 32 else 2


def planned_pointer(f: Function, w: Writing, leaf: Leaf) -> Value:
    """The address of a product's operand."""
    return f.gep(in_memory(leaf.var.dtype), w.pointer(leaf.var), leaf.offset)
