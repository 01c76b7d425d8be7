"""Band nests: what is done with the rows of a product, in turn with its tiles.

    for item:                              begin: sums over all rows are 0
        for rows of tiles:                 enter: what is near gets its place
            for tiles of a row: sums, epilogue
            rows, rows, ...                leave: they are complete

What is near lies where the item `begin` has its room, which holds one band: it is told an address
from which that band lies where it would in a whole.
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
from ..text.emit import I8, Value
from .product import Plan


class Near:
    """Where the values that are near lie in the room of an item."""

    def __init__(self, nest: BandNest, planned: Plan) -> None:
        self.columns, self.places, self.size = nest.product.dims[-1], dict[Var, int](), 0
        for s in nest.product.stores:
            if s.into in nest.near:
                self.places[s.into] = self.size
                self.size += up_to(planned.rows * self.columns * s.into.itemsize, LINE)

    def told(self, variables: Sequence[Var]) -> tuple[int | None, ...]:
        """The place of each variable that is near."""
        return tuple(self.places.get(v) for v in variables)


class BandWriter:
    """Writes what comes between the bands of a product's tiles (`matmul.Bands`)."""

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
        """Values of a nest that has a part in this."""
        scope = self.w.scope(nodes, [])
        scope.pointers = self._pointer
        return scope

    def _pointer(self, v: Var) -> Value:
        return self.here[v] if v in self.near.places else self.w.pointer(v)

    def begin(self, item: Value) -> None:
        """An item begins."""
        for rows in self.rows:
            rows.begin(item)

    def enter(self, row: Value) -> None:
        """From where on what is near lies as if all of it were there."""
        f, columns = self.f, self.near.columns
        for v, place in self.near.places.items():
            before = f.mul(row, columns * v.itemsize)
            self.here[v] = f.gep(I8, self.room, f.sub(place, before))

    def leave(self, row: Value, count: int) -> None:
        """Do what is to be done with these rows."""
        for rows in self.rows:
            rows.some(row, count)

    def ahead(self, row: Value, column: Value) -> None:
        """Ask for what will be read of a row."""
        for scope, dims, leaves in self.far:
            fetch(RowScope(scope, coordinates(self.f, row, dims)), column, leaves)
