"""Reductions over any dimensions as reductions over the last ones, or over the first.

Loop nests have rows and columns: they can reduce each row, all rows, or everything. Dimensions in
the middle are permuted to the end, which only changes strides; dimensions that are not adjacent
are reduced one group after the other, from the last.

    b = reduce_sum[dims=(0, 2, 3)] a         c = reduce_sum[dims=(2, 3)] a
                                             b = reduce_sum[dims=(0)] c
"""

from __future__ import annotations

from ...ops.broadcast import reshape
from ...ops.elementwise import cast
from ...ops.movement import permute
from ..ir.graph import Equation, Graph, Params, Var, apply, renamed
from ..ir.kinds import SUMS


def arrange(graph: Graph) -> Graph:
    """Rewrite every reduction as one over leading or trailing dimensions."""
    new: dict[Var, Var] = {}
    kept: list[Equation] = []
    for e in graph.equations:
        e = renamed(e, new)
        if e.name in SUMS and not _is_plain(e):
            equations = _in_groups(e)
            new[e.output] = equations[-1].output
            kept += equations
        else:
            kept.append(e)
    return graph.with_equations(kept).rename(new)


def _is_plain(e: Equation) -> bool:
    dims, n = tuple(sorted(e.params["dims"])), len(e.inputs[0].shape)
    return dims in (tuple(range(n - len(dims), n)), tuple(range(len(dims))))


def _in_groups(e: Equation) -> list[Equation]:
    """The equation without dimensions of size 1, and one reduction per group."""
    equations: list[Equation] = []

    def then(primitive: object, x: Var, params: Params) -> Var:
        equations.append(apply(primitive, (x,), params, e.line))  # type: ignore[arg-type]
        return equations[-1].output

    (x,) = e.inputs
    real = [d for d, n in enumerate(x.shape) if n != 1]
    dims = [i for i, d in enumerate(real) if d in e.params["dims"]]
    x = then(reshape, x, {"shape": tuple(x.shape[d] for d in real)})
    if not dims and x.dtype != e.output.dtype:  # any or all of one element: whether it is not 0
        x = then(cast, x, {"dtype": e.output.dtype})
    while dims:
        group = _last_group(dims, len(x.shape))
        rest = [d for d in range(len(x.shape)) if d not in group]
        if group[0] and group[-1] != len(x.shape) - 1:
            x = then(permute, x, {"order": (*rest, *group)})
            group = list(range(len(rest), len(x.shape)))
        x = then(e.primitive, x, {"dims": tuple(group), "keepdim": False})
        dims = [rest.index(d) for d in dims if d in rest]
    then(reshape, x, {"shape": e.output.shape})
    return equations


def _last_group(dims: list[int], n: int) -> list[int]:
    """The last reduced dimension with all reduced dimensions adjacent before it."""
    if len(dims) == dims[-1] + 1:
        return dims  # leading ones
    first = len(dims) - 1
    while first and dims[first - 1] == dims[first] - 1:
        first -= 1
    return dims[first:]
