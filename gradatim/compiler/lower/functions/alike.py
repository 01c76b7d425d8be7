"""Which nests share one function: those that differ only in the memory they are given.

The layers of a network are alike, and so are the updates of parameters of equal shape. The key
computed here covers all that the text of a nest's function depends on, so that a duplicate is
recognized without being written again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...ir.graph import Equation, Var, hashable, key_of
from ...ir.nests import Argument, Leaf, Node, ProductNest, RowNest, Store

Places = dict[Var, int]


def likeness(nest: RowNest | ProductNest) -> Any:
    """The key that is equal for nests that share a function."""
    places = {n.var: i for i, n in enumerate(nest.nodes)}
    about: Any = "rows"
    if isinstance(nest, ProductNest):
        places[nest.equation.output] = len(places)
        about = (_types(nest.equation), _leaf(nest.a), _leaf(nest.b))
    nodes = tuple(_node(n, places) for n in nest.nodes)
    return about, nest.dims, nodes, _stores(nest.stores, places)


def _node(n: Node, places: Places) -> Any:
    e = n.equation
    arguments = tuple(_argument(a, places) for a in n.arguments)
    return e.name, key_of(e.params), _types(e), n.role, arguments


def _types(e: Equation) -> Any:
    return tuple((v.shape, v.dtype) for v in (*e.inputs, *e.outputs))


def _argument(a: Argument, places: Places) -> Any:
    return _leaf(a) if isinstance(a, Leaf) else places[a]


def _leaf(a: Leaf) -> Any:
    known = hashable((a.number, a.range))
    return a.var.dtype, a.strides, a.offset, known, a.chosen


def _stores(stores: Iterable[Store], places: Places) -> Any:
    return tuple((places[s.value], s.into.dtype, s.strides, s.offset) for s in stores)
