"""Long sums over the rows of two matrices, split into two halves for different workers.

    a^T b  =  a[:n/2]^T b[:n/2] + a[n/2:]^T b[n/2:]         of n rows

The gradient of a weight is such a product, over all rows of a batch. Workers share these rows in
every nest before it, so each finds its half in its own cache; the whole sum would send each half
through the other's. What they exchange is the result. There are two halves for any number of
workers, so the bits do not depend on it.
"""

from __future__ import annotations

from ...core.primitive import Primitive
from ...ops.broadcast import reshape
from ...ops.elementwise import add
from ...ops.matmul import matmul
from ...ops.movement import permute, slice_
from ..ir.graph import Equation, Graph, Params, Var, apply

LONG = 256  # least number of rows for a sum to be split
WORK = 1 << 20  # least number of operations of a product that is worth another nest
LESS = 4  # how many times smaller than the inputs the result must be


def split_k(graph: Graph) -> Graph:
    """Split the products that add up many rows."""
    makers = graph.makers()
    new: dict[Var, Var] = {}
    kept: list[Equation] = []
    for e in graph.equations:
        if _is_over_rows(e, makers) and _is_worth_it(e):
            kept += _halved(e)
            new[e.output] = kept[-1].output
        else:
            kept.append(e)
    return graph.with_equations(kept).rename(new)


def _is_over_rows(e: Equation, makers: dict[Var, Equation]) -> bool:
    """Whether its left factor is a transposed matrix."""
    if e.name != "matmul" or len(e.output.shape) != 2 or e.output.dtype.kind != "f":
        return False
    turned = makers.get(e.inputs[0])
    return turned is not None and turned.name == "permute" and turned.params["order"] == (1, 0)


def _is_worth_it(e: Equation) -> bool:
    """Whether the halves are equal and long, and the result is small."""
    (m, rows), n = e.inputs[0].shape, e.output.shape[1]
    long = rows >= LONG and rows % 2 == 0
    return long and 2 * m * n * rows >= WORK and LESS * m * n <= rows * (m + n)


def _halved(e: Equation) -> list[Equation]:
    equations: list[Equation] = []

    def then(primitive: Primitive, inputs: tuple[Var, ...], params: Params) -> Var:
        equations.append(apply(primitive, inputs, params, e.line, e.part_of))
        return equations[-1].output

    a, b = e.inputs
    (m, rows), n = a.shape, b.shape[1]
    cut = then(reshape, (a,), {"shape": (m, 2, rows // 2)})
    left = then(permute, (cut,), {"order": (1, 0, 2)})
    right = then(reshape, (b,), {"shape": (2, rows // 2, n)})
    both = then(matmul, (left, right), {})
    first, second = (then(slice_, (both,), {"index": (i,)}) for i in range(2))
    then(add, (first, second), {})
    return equations
