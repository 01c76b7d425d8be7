"""Equations with nests of their own: copies, draws, lines, and scatters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
from ..ir.strided import Shape, Strided, as_rows, common_dims, spread
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
        dim = e.params["dim"]
        whole = Strided.whole(x.shape)
        stride, bound = whole.strides[dim], x.shape[dim]
        if e.name == "scatter":
            shape = index.shape
            strides = tuple(0 if d == dim else t for d, t in enumerate(whole.strides))
            places = self.sources[index].view
        else:
            n = len(index.shape)
            shape = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])
            strides = (*whole.strides[:dim], *(0,) * n, *whole.strides[dim + 1 :])
            view = self.sources[index].view
            places = Strided(
                shape,
                (*(0,) * dim, *view.strides, *(0,) * (len(x.shape) - dim - 1)),
                view.offset,
            )
        target = Strided(shape, strides)
        spread_values = self.sources[values].view
        for length in lengths_of(shape):
            three = [as_rows(v, length) for v in (target, places, spread_values)]
            if any(r is None for r in three):
                continue
            rows = [r for r in three if r is not None]
            dims = common_dims(rows)
            if dims is not None:
                break
        assert dims is not None  # rows of the last dimension always match
        if prod(dims) != prod(shape) // length:
            dims = (prod(shape) // length,)
        t, p, v = ((*spread(r, dims), r.along) for r in rows)
        leaves = [
            Leaf(s.var, strides, r.offset, s.number, s.range)
            for s, strides, r in (
                (self.sources[index], p, rows[1]),
                (self.sources[values], v, rows[2]),
            )
        ]
        fill = strided_copy(self.sources[x], e.output, whole)
        nest = ScatterNest(
            e.output, (*dims, length), leaves[0], leaves[1], t, stride, bound,
            e.name == "put", e.params["accumulate"], e,
        )  # fmt: skip
        return [fill, nest]


def strided_copy(source: Source, into: Var, view: Strided) -> RowNest:
    """A nest that copies a value into a part of a buffer."""
    shape = view.shape
    for length in lengths_of(shape):
        a, b = as_rows(source.view, length), as_rows(view, length)
        dims = None if a is None or b is None else common_dims([a, b])
        if a is not None and b is not None and dims is not None:
            break
    assert a is not None
    assert b is not None
    assert dims is not None
    equation = apply(copy, (source.var,), {})
    equation = replace(equation, outputs=(Var(shape, into.dtype),))
    leaf = Leaf(source.var, (*spread(a, dims), a.along), a.offset, source.number, source.range)
    node = Node(equation, "map", (leaf,))
    store = Store(node.var, into, (*spread(b, dims), b.along), b.offset)
    return RowNest((*dims, length), (node,), (store,))


def lengths_of(shape: Shape) -> Iterable[int]:
    """Possible row lengths for loops over a shape: products of its last dimensions."""
    sizes = [prod(shape[i:]) for i in range(len(shape))] or [1]
    return dict.fromkeys(sizes)


def leaf_of(source: Source) -> Leaf:
    """A leaf that reads a whole value."""
    return Leaf(source.var, source.view.strides, source.view.offset, source.number, source.range)
