"""Rows of a table that are added back where they were looked up: counted, and added once.

    sum over i with x[i] = r of  w[i] table[x[i], c]  =  table[r, c] * (sum of these w[i])
    sum over i with x[i] = r of  w[i] (y[i] = c)      =  sum over i with x[i] = r, y[i] = c of w[i]

The gradient of a cross-entropy of looked-up rows is made of both: softmax minus one at the class.
So each pair costs one addition instead of one per class; and equal weights are counted first and
multiplied afterwards, which is exact up to 2^24 of them.

Rows whose weights add up to 0 get 0, whatever their values are.
"""

from __future__ import annotations

from ...ops.broadcast import broadcast_to, reduce_sum, reshape
from ...ops.elementwise import add, div, mul, ne, neg, sub, where
from ...ops.indexing import put
from ..ir.graph import Equation, Graph, Var
from .cse import merge_equal
from .lookups import element_places, row_places
from .simplify import Makers, number_of
from .terms import Opaque, Parts, Term, Terms


def tally(graph: Graph) -> Graph:
    """Add up weights instead of rows, wherever rows are added where they were looked up."""
    makers = graph.makers()
    kept: list[Equation] = []
    new: dict[Var, Var] = {}
    for e in graph.equations:
        adds = e.name == "put" and e.params["accumulate"] and not e.params["dim"]
        equations = _tallied(e, makers) if adds else None
        if equations is not None:
            new[e.output] = equations[-1].output
        kept += [e] if equations is None else equations
    return merge_equal(graph.with_equations(kept).rename(new)) if new else graph


def _tallied(e: Equation, makers: Makers) -> list[Equation] | None:
    table, places, _ = e.inputs
    is_table = len(table.shape) == 2 and len(places.shape) == 1 and table.dtype.kind == "f"
    if not is_table or places.size <= table.shape[0]:
        return None
    parts = Parts(e, makers)
    try:
        terms = parts.of(e.inputs[2])
    except Opaque:
        return None
    if not _pays(terms, table.shape[1]):
        return None
    sums = _Sums(parts, terms)
    total = None if number_of(table, makers) == 0 else table
    for t in sorted(terms, key=lambda t: t.negative):
        total = sums.added(total, t)
    return parts.made


def _pays(terms: Terms, width: int) -> bool:
    """Whether there is a gain, without a sum of small differences that loses digits."""
    rows = [t for t in terms if t.column is None]
    return len(rows) <= 1 and any(width > 1 or t.times or t.over for t in terms)


class _Sums:
    """The sums of weights that the terms need, each computed once."""

    def __init__(self, parts: Parts, terms: Terms) -> None:
        self.parts = parts
        self.chosen: dict[tuple[Var | None, Var], Var] = {}
        # Sums per column, added up, are also those for the row.
        self.whole: dict[Var | None, Var] = {}
        for t in terms:
            if t.column is not None:
                self.chosen[t.weight, t.column] = self.whole[t.weight] = self._in_columns(t)

    def added(self, total: Var | None, t: Term) -> Var:
        """`total` with the term added."""
        parts, shape = self.parts, self.parts.shape
        part = weights = self.weights(t)
        for v in t.times:
            part = parts.make(mul, part, parts.make(broadcast_to, v, shape=shape))
        for v in t.over:
            part = parts.make(div, part, parts.make(broadcast_to, v, shape=shape))
        nothing = parts.number(0, shape)
        part = parts.make(where, parts.make(ne, weights, nothing), part, nothing)
        if total is None:
            return parts.make(neg, part) if t.negative else part
        return parts.make(sub if t.negative else add, total, part)

    def weights(self, t: Term) -> Var:
        """The sum of a term's weights for each element of the table."""
        parts, (rows, width) = self.parts, self.parts.shape
        if t.column is not None:
            return self.chosen[t.weight, t.column]
        if t.weight in self.whole:
            total = parts.make(reduce_sum, self.whole[t.weight], dims=(1,), keepdim=True)
        else:
            places = parts.add(*row_places(parts.lookup, rows, parts.places))
            total = self._put(rows, places, t.weight)
            total = parts.make(reshape, total, shape=(rows, 1))
        return parts.make(broadcast_to, total, shape=(rows, width))

    def _in_columns(self, t: Term) -> Var:
        parts = self.parts
        assert t.column is not None
        rows, width = parts.shape
        places = element_places(parts.lookup, parts.shape, parts.places, t.column)
        total = self._put(rows * width, parts.add(*places), t.weight)
        return parts.make(reshape, total, shape=(rows, width))

    def _put(self, size: int, places: Var, weight: Var | None) -> Var:
        weights = self.parts.number(1, places.shape) if weight is None else weight
        zeros = self.parts.number(0, (size,))
        return self.parts.make(put, zeros, places, weights, dim=0, accumulate=True)
