"""A matrix product with what becomes of its elements: each tile is handed to the nest's nodes."""

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
    """The items [begin, end) of a product, with what becomes of each element.

    `first` is the number, among all rows of the nest, of the first row that is planned; `bands`
    what is done with its rows when they are complete.
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
    """How many vectors are worked on at once: more than one if there are long chains of operations.

    The processor looks ahead only so far: of a GELU with its slope, less than three vectors. With
    four side by side, each operation on all of them in turn, it takes a quarter less.
    """
    if not any(n.equation.name in FUNCTIONS and n.equation.name != "sqrt" for n in nest.nodes):
        return 1
    return 4 if target.vector_bytes == 64 else 2


def planned_pointer(f: Function, w: Writing, leaf: Leaf) -> Value:
    """Where an operand of a product begins."""
    return f.gep(in_memory(leaf.var.dtype), w.pointer(leaf.var), leaf.offset)
