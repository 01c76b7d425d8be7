"""Equations with nests of their own: copies, draws, lines, and scatters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

from ...ops.broadcast import copy
from ..ir.graph import Equation, Var, apply
from ..ir.nests import (
    DrawNest,
    Leaf,
    LineNest,
    Nest,
    Node,
    NumpyNest,
    RowNest,
    ScatterNest,
    Store,
)
from ..ir.segments import NO_NUMBERS, REASONS
from ..ir.strided import Rows, Shape, Strided, as_rows, common_dims, spread
from .copy_elision import parts_of
from .sources import Source, Sources


class Alone:
    """The equations of a graph that share their nests with no other."""

    def __init__(
        self,
        sources: Sources,
        is_native: Callable[[Equation], bool],
        is_at_home: Callable[[Var], bool],
    ) -> None:
        self.sources, self.is_native, self.is_at_home = sources, is_native, is_at_home

    def nests_of(self, e: Equation) -> list[Nest]:
        """The nests of one equation."""
        if not any(v.size for v in e.outputs) and not e.draws:
            return []  # an output without elements
        if e.draws:
            if not e.output.size or not self.is_native(e):
                return [self._numpy(e, NO_NUMBERS)]
            return [DrawNest(e, self._leaves(e))]
        if e.name == "cat":
            return self._cat(e)
        if e.name == "update_view":
            return self._update_view(e)
        if e.name in ("put", "scatter"):
            return self._scatter(e)
        if self.is_native(e):
            return [LineNest(e, self._leaves(e), e.params["dim"])]
        return [self._numpy(e, REASONS[e.name])]

    def _leaves(self, e: Equation) -> tuple[Leaf, ...]:
        return tuple(leaf_of(self.sources[v]) for v in e.inputs)

    def _numpy(self, e: Equation, reason: str) -> NumpyNest:
        inputs = tuple(
            (s.var, s.view) if s.in_memory else s for s in (self.sources[v] for v in e.inputs)
        )
        return NumpyNest(e, inputs, reason)

    def _cat(self, e: Equation) -> list[Nest]:
        parts = zip(e.inputs, parts_of(e), strict=True)
        return [
            strided_copy(self.sources[v], e.output, part)
            for v, part in parts
            if not self.is_at_home(v)
        ]

    def _update_view(self, e: Equation) -> list[Nest]:
        x, y = e.inputs
        part: Strided | None = Strided.whole(x.shape)
        for primitive, params in e.params["view"]:
            part = part.through(primitive.name, params) if part else None
        assert part is not None  # an update is always of a view
        whole = Strided.whole(x.shape)
        return [
            strided_copy(self.sources[x], e.output, whole),
            strided_copy(self.sources[y], e.output, part),
        ]

    def _scatter(self, e: Equation) -> list[Nest]:
        x, index, values = e.inputs
        dim, whole = e.params["dim"], Strided.whole(x.shape)
        target, places = self._places(e)
        views = target, places, self.sources[values].view
        dims, length, rows = in_rows(views)
        if prod(dims) != prod(target.shape) // length:
            dims = (prod(target.shape) // length,)
        strides = [(*spread(r, dims), r.along) for r in rows]
        index_leaf, values_leaf = (
            Leaf(s.var, strides[k], rows[k].offset, s.number, s.range)
            for k, s in ((1, self.sources[index]), (2, self.sources[values]))
        )
        fill = strided_copy(self.sources[x], e.output, whole)
        nest = ScatterNest(
            e.output, (*dims, length), index_leaf, values_leaf, strides[0],
            whole.strides[dim], x.shape[dim], e.name == "put", e.params["accumulate"], e,
        )  # fmt: skip
        return [fill, nest]

    def _places(self, e: Equation) -> tuple[Strided, Strided]:
        """Where the values of a scatter go, but for their index, and where that is read."""
        x, index, _ = e.inputs
        dim, strides = e.params["dim"], Strided.whole(x.shape).strides
        view = self.sources[index].view
        if e.name == "scatter":
            apart = tuple(0 if d == dim else t for d, t in enumerate(strides))
            return Strided(index.shape, apart), view
        n = len(index.shape)
        shape = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])
        behind = (0,) * (len(x.shape) - dim - 1)
        return (
            Strided(shape, (*strides[:dim], *(0,) * n, *strides[dim + 1 :])),
            Strided(shape, (*(0,) * dim, *view.strides, *behind), view.offset),
        )


def strided_copy(source: Source, into: Var, view: Strided) -> RowNest:
    """A nest that copies a value into a part of a buffer."""
    dims, length, (a, b) = in_rows((source.view, view))
    equation = apply(copy, (source.var,), {})
    equation = replace(equation, outputs=(Var(view.shape, into.dtype),))
    leaf = Leaf(source.var, (*spread(a, dims), a.along), a.offset, source.number, source.range)
    node = Node(equation, "map", (leaf,))
    store = Store(node.var, into, (*spread(b, dims), b.along), b.offset)
    return RowNest((*dims, length), (node,), (store,))


def in_rows(views: Sequence[Strided]) -> tuple[Shape, int, list[Rows]]:
    """Views of one shape as rows of one length, the longest possible, with common outer dimensions.

    Rows of the last dimension always match.
    """
    shape = views[0].shape
    for length in dict.fromkeys(prod(shape[i:]) for i in range(max(len(shape), 1))):
        rows = [r for r in (as_rows(v, length) for v in views) if r is not None]
        dims = common_dims(rows) if len(rows) == len(views) else None
        if dims is not None:
            return dims, length, rows
    raise AssertionError(f"no rows in {views}")


def leaf_of(source: Source) -> Leaf:
    """A leaf that reads a whole value."""
    return Leaf(source.var, source.view.strides, source.view.offset, source.number, source.range)
