"""Sums of arrays that are zero except for one part each, as the parts concatenated.

The gradient of a split is the sum of such arrays: 0 + g1 in the first third, 0 + g2 in the second,
0 + g3 in the third. If the parts do not overlap nothing has to be added, and if they cover the
whole array no zeros have to be written.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from ...ops.movement import cat, update_view
from ..ir.graph import Equation, Graph, Var, apply, renamed
from .simplify import number_of


@dataclass(frozen=True)
class Piece:
    """A part of an array: its (start, stop) in each dimension, and its value."""

    ends: tuple[tuple[int, int], ...]
    equation: Equation  # the `update_view`

    @property
    def value(self) -> Var:
        """The value of the part."""
        return self.equation.inputs[1]


def put_pieces(graph: Graph) -> Graph:
    """Replace sums of disjoint parts by `cat`, or by writing them one by one."""
    makers: dict[Var, Equation] = {}
    pieces: dict[Var, tuple[Piece, ...]] = {}
    new: dict[Var, Var] = {}
    kept: list[Equation] = []
    uses = graph.uses()
    for e in graph.equations:
        e = renamed(e, new)
        parts = _pieces(e, makers, pieces)
        if parts:
            pieces[e.output] = parts
        makers.update((v, e) for v in e.outputs)
        kept.append(e)
        if parts and len(parts) > 1 and not _is_added_on(graph, e, uses):
            equations = _assembled(e, parts)
            kept += equations
            makers.update((v, q) for q in equations for v in q.outputs)
            new[e.output] = equations[-1].output
    return graph.with_equations(kept).rename(new)


def _pieces(
    e: Equation, makers: dict[Var, Equation], pieces: dict[Var, tuple[Piece, ...]]
) -> tuple[Piece, ...]:
    if e.name == "add":
        a, b = (pieces.get(v, ()) for v in e.inputs)
        return (*a, *b) if a and b and _are_apart((*a, *b)) else ()
    if e.name != "update_view" or len(e.params["view"]) != 1:
        return ()
    ((step, params),) = e.params["view"]
    if step.name != "slice" or number_of(e.inputs[0], makers) != 0:
        return ()
    ends = _ends(params["index"], e.output.shape)
    return (Piece(ends, e),) if ends else ()


def _ends(index: tuple[object, ...], shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The (start, stop) of a slice in each dimension; empty if it is not a block."""
    ends = []
    for i, n in zip(index, shape, strict=False):
        if not isinstance(i, slice) or i.step not in (None, 1):
            return ()
        start, stop, _ = i.indices(n)
        if stop <= start:
            return ()
        ends.append((start, stop))
    if len(index) > len(shape):
        return ()
    return (*ends, *((0, n) for n in shape[len(ends) :]))


def _are_apart(parts: tuple[Piece, ...]) -> bool:
    return all(
        any(a[1] <= b[0] or b[1] <= a[0] for a, b in zip(p.ends, q.ends, strict=True))
        for i, p in enumerate(parts)
        for q in parts[:i]
    )


def _is_added_on(graph: Graph, e: Equation, uses: dict[Var, int]) -> bool:
    """Whether this sum is only an operand of the next sum."""
    if uses.get(e.output, 0) != 1:
        return False
    return any(q.name == "add" and e.output in q.inputs for q in graph.equations)


def _assembled(e: Equation, parts: tuple[Piece, ...]) -> list[Equation]:
    shape = e.output.shape
    along = [d for d, n in enumerate(shape) if any(p.ends[d] != (0, n) for p in parts)]
    if len(along) == 1:
        (d,) = along
        row = sorted(parts, key=lambda p: p.ends[d])
        whole = all(p.ends[d][1] == q.ends[d][0] for p, q in itertools.pairwise(row))
        if whole and row[0].ends[d][0] == 0 and row[-1].ends[d][1] == shape[d]:
            return [apply(cat, [p.value for p in row], {"dim": d}, e.line)]
    base = parts[0].equation.inputs[0]
    equations: list[Equation] = []
    for p in parts:
        equations.append(apply(update_view, (base, p.value), p.equation.params, e.line))
        base = equations[-1].output
    return equations
