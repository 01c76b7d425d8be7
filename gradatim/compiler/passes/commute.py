"""Row-wise work on rows looked up in a table, done on the table before the lookup.

    y = f(take(W, x))  =  take(f(W), x)

for everything that treats each row by itself, bit for bit. It pays if there are more indices than
rows: a softmax over 27 rows instead of over 200,000.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.graph import Equation, Graph, Var, apply, renamed
from ..ir.kinds import ELEMENTWISE, SUMS, is_division
from .fold import repeat
from .lookups import is_lookup, looked_up
from .simplify import number_of


@dataclass(frozen=True)
class Looked:
    """A value that consists of rows of `table`, at the indices that `lookup` was given."""

    table: Var
    lookup: Equation

    @property
    def places(self) -> Var:
        """The indices."""
        return self.lookup.inputs[1]

    def rest(self, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """The shape of one row of a value of this shape; None if the indices do not come first."""
        n = len(self.places.shape)
        return shape[n:] if shape[:n] == self.places.shape else None


class _Commuting:
    def __init__(self) -> None:
        self.looked: dict[Var, Looked] = {}
        self.makers: dict[Var, Equation] = {}
        self.kept: list[Equation] = []
        self.lookups: dict[Var, Var] = {}

    def add(self, e: Equation) -> Var:
        self.kept.append(e)
        self.makers.update((v, e) for v in e.outputs)
        return e.outputs[0]

    def row_work(self, e: Equation) -> Looked | None:
        """The equation applied to the table, if it treats each row by itself."""
        origins = [self.looked.get(v) for v in e.inputs]
        first = next((x for x in origins if x is not None), None)
        if first is None or len(e.outputs) != 1:
            return None
        same = all(
            x.lookup is first.lookup if x is not None else number_of(v, self.makers) is not None
            for v, x in zip(e.inputs, origins, strict=True)
        )
        rest = first.rest(e.output.shape)
        params = self._params(e, first) if same and rest is not None else None
        if params is None:
            return None
        rows = first.table.shape[0]
        inputs = []
        for v, x in zip(e.inputs, origins, strict=True):
            if x is not None:
                inputs.append(x.table)
                continue
            shape = first.rest(v.shape)
            if shape is None:
                return None
            number = repeat(e, number_of(v, self.makers), Var((rows, *shape), v.dtype))
            inputs.append(self.add(number))
        done = apply(e.primitive, inputs, params, e.line, e.part_of)
        return Looked(self.add(done), first.lookup)

    def _params(self, e: Equation, looked: Looked) -> dict[str, object] | None:
        rows, n = looked.table.shape[0], len(looked.places.shape)
        if e.name in ELEMENTWISE:
            # A row that is never looked up may hold a 0.
            return None if is_division(e) else e.params
        if e.name in SUMS:
            if min(e.params["dims"], default=-1) < n:
                return None
            return {**e.params, "dims": tuple(d - n + 1 for d in e.params["dims"])}
        if e.name in ("broadcast_to", "reshape"):
            if looked.rest(e.inputs[0].shape) is None:
                return None
            rest = looked.rest(e.params["shape"])
            if rest is None or (e.name == "broadcast_to" and self._grows(e, n)):
                return None
            return {"shape": (rows, *rest)}
        return None

    @staticmethod
    def _grows(e: Equation, n: int) -> bool:
        return len(e.params["shape"]) != len(e.inputs[0].shape)

    def read(self, v: Var) -> Var:
        """A value for an equation that is not applied to the table: its rows are looked up now."""
        looked = self.looked.get(v)
        if looked is None or v in looked.lookup.outputs:
            return v
        if v not in self.lookups:
            equations = looked_up(looked.lookup, looked.table, looked.places)
            self.lookups[v] = [self.add(e) for e in equations][-1]
        return self.lookups[v]


def commute(graph: Graph) -> Graph:
    """Move row-wise work before the lookup wherever there are more indices than rows."""
    state = _Commuting()
    for e in graph.equations:
        looked = state.row_work(e)
        if looked is not None:
            state.looked[e.output] = looked
            continue
        e = renamed(e, {v: state.read(v) for v in e.inputs})
        state.add(e)
        if is_lookup(e):
            table, places = e.inputs
            if places.size > table.shape[0] and len(table.shape) > 1:
                state.looked[e.output] = Looked(table, e)
    outputs = tuple(state.read(v) for v in graph.outputs)
    return Graph(graph.inputs, tuple(state.kept), outputs)
