"""One element of each row that is looked up, read directly.

    sum over c of where(c = y[i], table[x[i], c], 0)  =  table[x[i], y[i]]

That is how a cross-entropy finds the logit of its class. For a row in registers or L1 the
comparison costs little; but for a row of a table, a single element is read instead of all.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...ops.broadcast import reshape
from ...ops.indexing import take
from ..ir.graph import Equation, Graph, Var, apply, renamed
from .lookups import element_places, is_lookup
from .simplify import Makers, number_of


@dataclass(frozen=True)
class Picked:
    """`table[rows, columns]`; the columns are known to be in range."""

    lookup: Equation
    columns: Var


def pick(graph: Graph) -> Graph:
    """Read one element instead of summing a row in which all others are 0."""
    makers: Makers = {}
    new: dict[Var, Var] = {}
    kept: list[Equation] = []
    for e in graph.equations:
        e = renamed(e, new)
        picked = _picked(e, makers)
        equations = [e] if picked is None else _read(e, picked)
        if picked is not None:
            new[e.output] = equations[-1].output
        makers.update((v, q) for q in equations for v in q.outputs)
        kept += equations
    return graph.with_equations(kept).rename(new)


def _picked(e: Equation, makers: Makers) -> Picked | None:
    whole = e.name == "reduce_sum" and tuple(e.params["dims"]) == (1,) and not e.params["keepdim"]
    chosen = makers.get(e.inputs[0]) if whole else None
    if chosen is None or chosen.name != "where":
        return None
    hits, lookup = (makers.get(v) for v in chosen.inputs[:2])
    if hits is None or lookup is None or number_of(chosen.inputs[2], makers) != 0:
        return None
    if not is_lookup(lookup) or [len(v.shape) for v in lookup.inputs] != [2, 1]:
        return None
    columns = columns_of(hits, makers)
    fits = columns is not None and columns.dtype == lookup.inputs[1].dtype
    return Picked(lookup, columns) if columns is not None and fits else None


def columns_of(hits: Equation, makers: Makers) -> Var | None:
    """y of a comparison y[i] = c for all (i, c), if y was looked up in a range of that length."""
    if hits.name != "eq":
        return None
    y, c = (_before(v, makers) for v in hits.inputs)
    lookup, numbers = makers.get(y), makers.get(c)
    if lookup is None or numbers is None or numbers.name != "arange" or len(y.shape) != 1:
        return None
    begins = numbers.params["start"] == 0 and numbers.params["step"] == 1
    is_read = lookup.name == "gather" and lookup.inputs[0] is c
    return y if begins and is_read and c.shape == hits.output.shape[1:] else None


def _before(v: Var, makers: Makers) -> Var:
    """The variable before casts, reshapes and broadcasts."""
    while v in makers and makers[v].name in ("broadcast_to", "reshape", "cast"):
        v = makers[v].inputs[0]
    return v


def _read(e: Equation, found: Picked) -> list[Equation]:
    lookup, columns = found.lookup, found.columns
    table, places = lookup.inputs
    to_place = element_places(lookup, table.shape, places, columns)
    flat = apply(reshape, (table,), {"shape": (table.size,)}, e.line)
    place = to_place[-1].output
    element = apply(take, (flat.output, place), {"dim": 0}, e.line, e.part_of)
    return [*to_place, flat, element]
