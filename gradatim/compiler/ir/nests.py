"""Loop nests as data, made by the schedule and read by the lowering.

A row nest loops over R rows of C columns. A value in it exists once per element (r, c), once per
row r, or once for the whole nest, depending on its arguments. The nodes of a nest stand in order;
an argument is another node's variable, or a leaf: loaded from memory, a constant or a range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from .graph import Equation, Var, described
from .strided import Shape, Strided

ELEMENT, ROW, WHOLE = 2, 1, 0  # how often a value changes
ENDS = ("column", "total", "scatter")  # roles whose result is complete at the end of a nest only


@dataclass(frozen=True)
class Leaf:
    """A value that is read: element (r, c) lies at `offset + r . strides[:-1] + c strides[-1]`.

    `number` is the value of a constant. `range` is the (start, step) of a range, whose element at
    index i is start + i step; neither takes memory. `chosen`, for a table indexed by integers, is
    the stride of the indexed dimension and its size.
    """

    var: Var
    strides: Shape
    offset: int = 0
    number: Any = None
    range: tuple[Any, Any] | None = None
    chosen: tuple[int, int] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether it is loaded from memory."""
        return self.number is None and self.range is None

    @property
    def level(self) -> int:
        """How often it changes: along a row, from row to row, or never."""
        if self.number is not None:
            return WHOLE
        return ELEMENT if self.strides[-1] else ROW if any(self.strides) else WHOLE


Argument = Var | Leaf


@dataclass(frozen=True, eq=False)
class Node:
    """One equation in a nest.

    role  "map"      elementwise
          "scatter"  values added at indices of a table of zeros; arguments: indices, values
          "row"      a reduction along the row; its result can be used in the same row
          "column"   a reduction over all rows; "total": over everything. Complete at the end only
          "load"     arguments: a table, and the indices into it
    """

    equation: Equation
    role: str
    arguments: tuple[Argument, ...]

    @property
    def var(self) -> Var:
        """The result."""
        return self.equation.output


@dataclass(frozen=True, eq=False)
class Store:
    """Where a node's value is written: a buffer, with strides over the nest's dimensions."""

    value: Var
    into: Var
    strides: Shape
    offset: int = 0


@dataclass(frozen=True, eq=False)
class RowNest:
    """Rows of `dims[-1]` elements, for all indices of the outer dimensions."""

    dims: Shape
    nodes: tuple[Node, ...]
    stores: tuple[Store, ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return prod(self.dims[:-1])

    @property
    def columns(self) -> int:
        """How many elements in a row."""
        return self.dims[-1]


@dataclass(frozen=True, eq=False)
class ProductNest:
    """A matrix product with an epilogue: `nodes` are applied to each element of the result."""

    equation: Equation
    a: Leaf  # strides: those of the batch dimensions, then (m, k)
    b: Leaf  # likewise (k, n)
    dims: Shape  # batch and rows merged, then columns
    nodes: tuple[Node, ...]
    stores: tuple[Store, ...]


@dataclass(frozen=True, eq=False)
class Hiding:
    """Masked columns that may be skipped: those where `mask` is `value` in every row at hand."""

    mask: Leaf
    dims: Shape  # of the nest that reads the mask
    value: bool


@dataclass(frozen=True, eq=False)
class BlockNest:
    """Nests run one after the other on a few rows of a matrix at a time.

    Variables in `near` pass from one part to the next through scratch memory: only the rows at hand
    exist, unless the variable is also `stored` because it is read later. A part makes rows of
    `matrices` times `rows`, or, if it sums over these rows, one matrix for each of `matrices`.
    """

    parts: tuple[RowNest | ProductNest, ...]
    matrices: int
    rows: int
    near: dict[Var, int]  # elements in a row
    stored: frozenset[Var]
    hiding: Hiding | None = None

    @property
    def columns(self) -> int:
        """How many columns a row has at most."""
        return max(self.near.values())


@dataclass(frozen=True, eq=False)
class BandNest:
    """A product, and row nests that consume its result as soon as a band of rows is complete.

    Of variables in `near` only the current band exists: all their readers are in this nest.
    """

    product: ProductNest
    then: tuple[RowNest, ...]
    near: frozenset[Var]

    @property
    def parts(self) -> tuple[RowNest | ProductNest, ...]:
        """The product and the nests, in the order in which they run."""
        return (self.product, *self.then)


@dataclass(frozen=True, eq=False)
class ScatterNest:
    """Values written to, or added at, indices of a buffer that is already filled.

    target[places(r, c)] (+)= values(r, c), in the order of the rows.
    """

    into: Var
    dims: Shape
    places: Leaf
    values: Leaf
    target_strides: Shape
    stride: int  # of the indexed dimension
    bound: int
    negative: bool  # whether indices may count from the end
    accumulate: bool
    equation: Equation


@dataclass(frozen=True, eq=False)
class DrawNest:
    """Numbers from a random generator."""

    equation: Equation
    inputs: tuple[Leaf, ...]


@dataclass(frozen=True, eq=False)
class LineNest:
    """Lines of elements along a dimension, each processed sequentially.

    The inputs' strides are those of their dimensions.
    """

    equation: Equation
    inputs: tuple[Leaf, ...]
    dim: int


@dataclass(frozen=True, eq=False)
class NumpyNest:
    """An equation without a native rule: NumPy runs it between stretches of machine code."""

    equation: Equation
    inputs: tuple[tuple[Var, Strided] | Any, ...]
    reason: str


Nest = RowNest | ProductNest | BlockNest | BandNest | ScatterNest | DrawNest | LineNest | NumpyNest


@dataclass(frozen=True, eq=False)
class Schedule:
    """Nests in the order in which they run, and the variable of each graph input and output."""

    nests: tuple[Nest, ...]
    inputs: tuple[Var, ...]
    outputs: tuple[Var, ...]
    in_place: dict[Var, Var] = field(default_factory=dict)  # result -> variable it overwrites


def leaves(nest: Nest) -> Sequence[Leaf]:
    """Every leaf that a nest reads from outside itself."""
    if isinstance(nest, NumpyNest):
        return ()
    if isinstance(nest, DrawNest | LineNest):
        return nest.inputs
    if isinstance(nest, ScatterNest):
        return (nest.places, nest.values)
    if isinstance(nest, BlockNest):
        inner = [leaf for part in nest.parts for leaf in leaves(part)]
        inner += [nest.hiding.mask] if nest.hiding else []
        return [leaf for leaf in inner if leaf.var not in nest.near.keys() - nest.stored]
    if isinstance(nest, BandNest):
        internal = {s.into for part in nest.parts for s in part.stores}
        inner = [leaf for part in nest.parts for leaf in leaves(part)]
        return [leaf for leaf in inner if leaf.var not in internal]
    inner = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf)]
    return [nest.a, nest.b, *inner] if isinstance(nest, ProductNest) else inner


def reads(nest: Nest) -> list[Var]:
    """The variables that a nest reads from memory."""
    if isinstance(nest, NumpyNest):
        return [i[0] for i in nest.inputs if isinstance(i, tuple)]
    variables = [leaf.var for leaf in leaves(nest) if leaf.in_memory]
    return [*variables, nest.into] if isinstance(nest, ScatterNest) else variables


def writes(nest: Nest) -> list[Var]:
    """The variables that a nest writes to memory."""
    if isinstance(nest, RowNest | ProductNest):
        return [s.into for s in nest.stores]
    if isinstance(nest, BlockNest):
        variables = [v for part in nest.parts for v in writes(part)]
        return [v for v in dict.fromkeys(variables) if v not in nest.near.keys() - nest.stored]
    if isinstance(nest, BandNest):
        variables = [v for part in nest.parts for v in writes(part)]
        return [v for v in dict.fromkeys(variables) if v not in nest.near]
    if isinstance(nest, ScatterNest):
        return [nest.into]
    return list(nest.equation.outputs)


def equations_of(nest: Nest) -> list[Equation]:
    """The equations that a nest computes, in order."""
    if isinstance(nest, RowNest):
        return [n.equation for n in nest.nodes]
    if isinstance(nest, ProductNest):
        return [nest.equation, *(n.equation for n in nest.nodes)]
    if isinstance(nest, BlockNest | BandNest):
        return [e for part in nest.parts for e in equations_of(part)]
    return [nest.equation]


def title(nest: Nest) -> str:
    """A nest in one line: `rows 256 x 27: amax sub exp reduce_sum`."""
    names = " ".join(dict.fromkeys(e.name for e in equations_of(nest)))
    if isinstance(nest, RowNest | ScatterNest):
        return f"rows {prod(nest.dims[:-1])} x {nest.dims[-1]}: {names}"
    if isinstance(nest, ProductNest | BandNest):
        product = nest.product if isinstance(nest, BandNest) else nest
        x, y = (described(v.type).partition("[")[2] for v in product.equation.inputs)
        return f"product [{x} x [{y}: {names}"
    if isinstance(nest, BlockNest):
        return f"blocks of {nest.matrices} x [{nest.rows},{nest.columns}]: {names}"
    if isinstance(nest, DrawNest):
        return f"draw {nest.equation.output.size} numbers: {names}"
    if isinstance(nest, LineNest):
        along = nest.equation.inputs[0]
        length = along.shape[nest.dim]
        return f"lines {along.size // length} x {length}: {names}"
    return f"NumPy: {names}"
