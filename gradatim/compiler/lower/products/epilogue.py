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
from ..text.emit import Function, Operand, Value, width
from .afterwards import Afterwards
from .bands import BandWriter
from .finish import Write
from .matmul import write_product
from .product import Plan


def write_planned(
    w: Writing,
    scope: NestScope,
    nest: ProductNest,
    planned: Plan,
    a: Value,
    b: Value,
    scratch: Value | None,
    begin: Value,
    end: Value,
    first: Operand = 0,
    bands: BandWriter | None = None,
    after: Afterwards | None = None,
) -> None:
    """Write the items [begin, end) of a product, with the nest's nodes as its epilogue.

    `first` is the number, among all rows of the nest, of the plan's row 0; `bands` runs row nests
    on completed bands of rows.
    """
    f = w.f
    abreast = _abreast(nest, w.lowering.target)
    for n in range(1 if planned.turned else abreast.bit_length()):
        prepare(scope, nest.nodes, planned.lanes << n, 0)
    rows = planned.result_rows

    place_of = w.lowering.place_of
    read = {place_of(n.var) for m in nest.nodes for n in m.arguments if isinstance(n, Leaf)}
    over = [s for s in nest.stores if place_of(s.into) in read]
    elsewhere = [s for s in nest.stores if s not in over]

    def number(batch: Value, row: Value) -> Value:
        return f.add(first, f.add(f.mul(batch, rows), row))

    def in_row(batch: Value, row: Value) -> RowScope:
        return RowScope(scope, coordinates(f, number(batch, row), nest.dims[:-1]))

    def epilogue(
        batch: Value, row: Value, column: Value, acc: Value, mask: Value | None
    ) -> list[Write]:
        part = Chunk(in_row(batch, row), column, width(acc.type), mask)
        part.kept[nest.equation.output] = acc
        for s in nest.stores:
            part.value(s.value)
        write_elements(part, elsewhere)
        return [partial(write_elements, part, over)] if over else []

    far = read_far(nest.nodes)

    def ahead(batch: Value, row: Value, column: Value) -> None:
        fetch(in_row(batch, row), column, far)
        if bands is not None:
            bands.ahead(number(batch, row), column)

    heavy = sum(3 if n.equation.name in FUNCTIONS else 1 for n in nest.nodes) > 3
    write_product(
        f, planned, a, b, scratch, begin, end, epilogue,
        heavy=heavy, abreast=abreast, bands=bands,
        ahead=ahead if far or (bands and bands.far) else None, after=after,
    )  # fmt: skip


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
