"""Products that are only read transposed, computed transposed.

    permute(a b) = permute'(b^T a^T)     where the rows of a b should be the last dimension

The gradient of a transposed factor is such a product. Its result is then stored in the order in
which it is read.
"""

from __future__ import annotations

from ...ops.matmul import matmul
from ...ops.movement import permute
from ..ir.graph import Equation, Graph, Var, apply


def transpose(graph: Graph) -> Graph:
    """Swap the factors of products whose only reader swaps rows and columns."""
    uses, makers = graph.uses(), graph.makers()
    kept: list[Equation] = []
    new: dict[Var, Var] = {}
    turned: set[Equation] = set()
    for e in graph.equations:
        inner = makers.get(e.inputs[0]) if e.name == "permute" else None
        if inner is None or inner.name != "matmul" or uses[e.inputs[0]] != 1 or not _swaps(e):
            kept.append(e)
            continue
        equations = _turned(e, inner)
        kept += equations
        new[e.output] = equations[-1].output
        turned.add(inner)
    return graph.with_equations(e for e in kept if e not in turned).rename(new)


def _swaps(e: Equation) -> bool:
    """Whether a permutation swaps rows and columns."""
    order = e.params["order"]
    return len(order) >= 2 and order[-1] == len(order) - 2


def _turned(e: Equation, inner: Equation) -> list[Equation]:
    n = len(e.params["order"])
    swap = (*range(n - 2), n - 1, n - 2)
    a, b = (apply(permute, (x,), {"order": swap}, e.line) for x in inner.inputs)
    product = apply(matmul, (b.output, a.output), inner.params, inner.line)
    order = tuple(swap[d] for d in e.params["order"])
    if order == tuple(range(n)):
        return [a, b, product]
    return [a, b, product, apply(permute, (product.output,), {"order": order}, e.line)]
