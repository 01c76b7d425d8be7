"""Band nests: row nests that consume the rows of a product, interleaved with its tiles.

    for item:                              begin: sums over all rows are 0
        for each row of tiles:             enter: sets the base addresses of near variables
            for tiles of the row: sums, epilogue
            row nest, row nest, ...        leave: the band is complete

Each item has scratch memory for the near variables of one band. Code is given the address at which
the whole variable would begin, so that indexing is the same as for a stored one.
"""

from __future__ import annotations

from collections.abc import Sequence

from ....core.placement import LINE
from ...ir.graph import Var
from ...ir.nests import BandNest, Leaf, Node
from ...ir.strided import Shape
from ...schedule.grain import up_to
from ..nest.hoist import coordinates, fetch, read_far
from ..nest.scopes import NestScope, RowScope
from ..nest.writing import Memory, Writing
from ..rows.rows import RowsInBands
from ..text.types import I8, Value
from .product import Plan


class Near:
    """The layout of near variables in the scratch memory of an item."""

    def __init__(self, nest: BandNest, planned: Plan) -> None:
        self.columns, self.places, self.size = nest.product.dims[-1], dict[Var, int](), 0
        for s in nest.product.stores:
            if s.into in nest.near:
                self.places[s.into] = self.size
                self.size += up_to(planned.rows * self.columns * s.into.itemsize, LINE)

    def offsets(self, variables: Sequence[Var]) -> tuple[int | None, ...]:
        """The offset of each variable, None for one that is not near."""
        return tuple(self.places.get(v) for v in variables)


class BandWriter:
    """Writes the code between the bands of a product's tiles (`matmul.Bands`)."""

    def __init__(self, w: Writing, nest: BandNest, near: Near, room: Value | None) -> None:
        self.w, self.f, self.near = w, w.f, near
        self.here: dict[Memory, Value] = {}
        if room is not None:
            self.room = self.f.gep(I8, room, self.f.mul(w.begin, near.size))
        mine = {s.into for s in nest.product.stores}
        self.rows: list[RowsInBands] = []
        self.far: list[tuple[NestScope, Shape, list[Leaf]]] = []
        for n in nest.then:
            scope = self.scope(n.nodes)
            self.rows.append(RowsInBands(self.f, n, scope, w.lowering.target))
            far = [a for a in read_far(n.nodes) if a.var not in mine]
            self.far += [(scope, n.dims[:-1], far)] if far else []

    def scope(self, nodes: Sequence[Node]) -> NestScope:
        """The scope of one of the row nests, or of the product."""
        scope = self.w.scope(nodes, [])
        scope.pointers = self._pointer
        return scope

    def _pointer(self, v: Var) -> Value:
        return self.here[v] if v in self.near.places else self.w.pointer(v)

    def begin(self, item: Value) -> None:
        """Called at the start of an item."""
        for rows in self.rows:
            rows.begin(item)

    def enter(self, row: Value) -> None:
        """Set the base addresses of near variables for the band that begins at this row."""
        f, columns = self.f, self.near.columns
        for v, place in self.near.places.items():
            before = f.mul(row, columns * v.itemsize)
            self.here[v] = f.gep(I8, self.room, f.sub(place, before))

    def leave(self, row: Value, count: int) -> None:
        """Run the row nests on these complete rows."""
        for rows in self.rows:
            rows.some(row, count)

    def ahead(self, row: Value, column: Value) -> None:
        """Prefetch what the row nests will read of a row."""
        for scope, dims, leaves in self.far:
            fetch(RowScope(scope, coordinates(self.f, row, dims)), column, leaves)
