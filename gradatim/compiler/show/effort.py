"""The least work of a loop nest: arithmetic operations, and bytes read and written."""

from __future__ import annotations

from math import prod

from ..ir.graph import Var
from ..ir.kinds import ELEMENTWISE, SUMS
from ..ir.nests import (
    ELEMENT,
    ENDS,
    ROW,
    BandNest,
    BlockNest,
    DrawNest,
    Leaf,
    LineNest,
    Nest,
    Node,
    NumpyNest,
    ProductNest,
    RowNest,
    ScatterNest,
    leaves,
    reads,
    writes,
)
from ..lower.nest.writing import Call
from ..lower.rows.lines import SORTS

_FREE = {"cast", "copy", "where"}  # not counted as arithmetic


def operations(nest: Nest) -> int:
    """2 m n k for a product; else one per element and operation, even for exp."""
    if isinstance(nest, ProductNest):
        a, b = nest.equation.inputs
        own = 2 * prod(a.shape) * b.shape[-1]
        return own + sum(n.var.size for n in nest.nodes if _counts(n))
    if isinstance(nest, RowNest):
        return sum(_size(n, nest) for n in nest.nodes if _counts(n))
    if isinstance(nest, BlockNest | BandNest):
        return sum(operations(part) for part in nest.parts)
    if isinstance(nest, LineNest):
        length = nest.equation.inputs[0].shape[nest.dim]
        steps = length.bit_length() if nest.equation.name in SORTS else 1
        return nest.equation.inputs[0].size * steps
    if isinstance(nest, ScatterNest) and nest.accumulate:
        return prod(nest.dims)
    return 0


def _counts(n: Node) -> bool:
    name = n.equation.name
    return n.role == "scatter" or name in (ELEMENTWISE | SUMS) - _FREE


def _size(n: Node, nest: RowNest) -> int:
    if n.role in ("row", *ENDS):
        return n.equation.inputs[-1 if n.role == "scatter" else 0].size
    return min(n.var.size, prod(nest.dims))


def traffic(nest: Nest) -> int:
    """Bytes that a nest reads and writes, each once; of a table, as many rows as are looked up."""
    if isinstance(nest, NumpyNest):
        ours = [i[0] for i in nest.inputs if isinstance(i, tuple)]
        return sum(v.nbytes for v in (*ours, *nest.equation.outputs))
    if isinstance(nest, DrawNest):
        return nest.equation.output.nbytes
    if isinstance(nest, LineNest):
        return sum(v.nbytes for v in (*nest.equation.inputs, nest.equation.output))
    if isinstance(nest, BlockNest | BandNest):
        return sum(v.nbytes for v in {*reads(nest), *writes(nest)})
    read: dict[Var, int] = {}
    for leaf in leaves(nest):
        if leaf.in_memory:
            seen = _seen(leaf, nest)
            read[leaf.var] = max(read.get(leaf.var, 0), seen)
    if isinstance(nest, ScatterNest):
        written = 2 * min(prod(nest.dims) * nest.into.itemsize, nest.into.nbytes)
    else:
        written = sum(s.into.nbytes for s in nest.stores)
    return sum(read.values()) + written


def _seen(leaf: Leaf, nest: Nest) -> int:
    """Bytes of a buffer that one leaf touches."""
    assert not isinstance(nest, NumpyNest | DrawNest | LineNest | BlockNest | BandNest)
    if isinstance(nest, ProductNest) and leaf in (nest.a, nest.b):
        return leaf.var.nbytes
    if leaf.chosen is not None:
        count = prod(nest.dims) if leaf.level == ELEMENT else prod(nest.dims[:-1])
    else:
        moving = zip(nest.dims, leaf.strides, strict=True)
        count = prod(n for n, s in moving if s) if leaf.level >= ROW else 1
    return min(count * leaf.var.itemsize, leaf.var.nbytes)


def effort(call: Call | NumpyNest, *, is_packing: bool) -> tuple[int, int]:
    """Operations and bytes of one function; packing an operand does no arithmetic."""
    if isinstance(call, NumpyNest):
        return 0, traffic(call)
    if is_packing:
        return 0, sum(v.nbytes for v in (*call.reads, *call.writes))
    return operations(call.nest), traffic(call.nest)
