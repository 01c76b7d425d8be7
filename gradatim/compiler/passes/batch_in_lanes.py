"""Batches along the vector lanes: matrices with ragged rows, transposed.

    h = tanh(x W^T + b)   (32, 200)      h' = tanh(W x^T + b')   (200, 32)

Vectors lie along the last dimension. If that has 27 or 200 elements, the last vector of each row is
partly filled, a softmax needs sums across lanes, and W has to be transposed for the product. If the
batch fills whole vectors, the transposed matrix avoids all of this. It can be read by a reduction,
by a product, which takes its factors either way round, or by a transposition that was there anyway;
if anything else reads it, the matrix stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core.primitive import Primitive
from ...ops.broadcast import reshape
from ...ops.matmul import matmul
from ...ops.movement import permute
from ..ir.graph import Equation, Graph, Params, Var, apply
from ..ir.kinds import ELEMENTWISE, SUMS

LINE = 16  # elements of a whole vector
MOST = 128  # rows of a batch: for larger ones the partly filled vectors matter little
NARROW = 8  # products with up to so many columns have kernels of their own
STEP = 2 * LINE  # multiply-adds per cycle
PACKED = 0.25  # cycles, roughly, per element that a product has to transpose
ACROSS = 4.0  # cycles, roughly, of a sum across the lanes of a vector
TURNED = (1, 0)


def batch_in_lanes(graph: Graph) -> Graph:
    """Transpose whole groups of ragged matrices, each with all its elementwise work."""
    standing = _standing(graph)
    if _saved(graph, standing) <= 0:
        return graph
    turning = _Turning(graph, standing)
    for e in graph.equations:
        turning.add(e)
    return graph.with_equations(turning.kept).rename(turning.new)


# -- choosing matrices ---------------------------------------------------------------------------


def _standing(graph: Graph) -> set[Var]:
    """The matrices to transpose: groups connected by elementwise work, with a product in each."""
    group_of: dict[Var, set[Var]] = {}
    for e in graph.equations:
        if not _may_stand(e):
            continue
        group = group_of[e.output] = {e.output}
        for v in e.inputs:
            if e.name != "matmul" and v in group_of and group_of[v] is not group:
                group |= group_of[v]
                group_of.update(dict.fromkeys(group, group))
    refused = {id(group_of[v]) for v in _tied(graph, group_of)}
    products = {e.output for e in graph.equations if e.name == "matmul"}
    groups = {id(group): group for group in group_of.values()}
    good = [g for i, g in groups.items() if i not in refused and not g.isdisjoint(products)]
    return set().union(*good)


def _may_stand(e: Equation) -> bool:
    if e.name not in ELEMENTWISE and e.name != "matmul":
        return False
    shape = e.output.shape
    if len(shape) != 2 or shape[0] % LINE or not shape[1] % LINE or shape[1] <= NARROW:
        return False
    return 0 < shape[0] <= MOST


def _tied(graph: Graph, group_of: dict[Var, set[Var]]) -> Iterable[Var]:
    """Matrices that must stay as they are: as outputs, for other readers, or for their operands."""
    makers = graph.makers()
    yield from (v for v in graph.outputs if v in group_of)
    for e in graph.equations:
        stands = len(e.outputs) == 1 and e.output in group_of
        if stands and e.name != "matmul":
            free = ("broadcast_to", "repeated")
            if not all(v in group_of or (v in makers and makers[v].name in free) for v in e.inputs):
                yield e.output
        elif not stands and not (e.name in SUMS or e.name == "matmul" or _turns(e)):
            yield from (v for v in e.inputs if v in group_of)


def _turns(e: Equation) -> bool:
    return e.name == "permute" and tuple(e.params["order"]) == TURNED


def _saved(graph: Graph, standing: set[Var]) -> float:
    """The cycles saved, roughly, if these matrices are transposed."""
    makers = graph.makers()

    def is_turned(v: Var) -> bool:
        return v in makers and _turns(makers[v])

    total = 0.0
    for e in graph.equations:
        if e.name in SUMS and e.inputs[0] in standing:
            m, n = e.inputs[0].shape
            total += ACROSS * (m * (e.params["dims"] == (1,)) - n * (e.params["dims"] == (0,)))
        elif e.name == "matmul" and e.output in standing:
            a, b = e.inputs
            (m, k), n = a.shape, b.shape[1]
            total += (_whole(n) - n) * m * k / STEP + PACKED * b.size * is_turned(b)
            total -= PACKED * a.size * (a not in standing and not is_turned(a))
        elif e.name == "matmul" and e.inputs[1] in standing:
            total -= PACKED * e.inputs[1].size
    return total


def _whole(n: int) -> int:
    """n rounded up to whole vectors."""
    return -(-n // LINE) * LINE


# -- transposing them ----------------------------------------------------------------------------


class _Turning:
    """The new equations, and the transposed form of each matrix that has one."""

    def __init__(self, graph: Graph, standing: set[Var]) -> None:
        self.makers, self.standing = graph.makers(), standing
        self.kept: list[Equation] = []
        self.turned: dict[Var, Var] = {}
        self.new: dict[Var, Var] = {}

    def add(self, e: Equation) -> None:
        """Append the equation, or what it becomes."""
        if len(e.outputs) == 1 and e.output in self.standing:
            inputs = [self._turned(v, e) for v in e.inputs]
            if e.name == "matmul":
                inputs.reverse()
            self.turned[e.output] = self._apply(e, e.primitive, inputs, e.params)
        elif not self.standing.isdisjoint(e.inputs):
            self._read(e)
        else:
            self.kept.append(e)

    def _apply(self, e: Equation, primitive: Primitive, inputs: list[Var], params: Params) -> Var:
        equation = apply(primitive, inputs, params, e.line, e.part_of)
        self.kept.append(equation)
        return equation.output

    def _turned(self, v: Var, e: Equation) -> Var:
        """The transposed matrix: the one computed so, or a permuted view of the original."""
        if v not in self.turned:
            maker = self.makers.get(v)
            if maker is not None and _turns(maker):
                return self._as_it_was(maker.inputs[0], e)
            if maker is not None and maker.name == "repeated":
                shape = {**maker.params, "shape": v.shape[::-1]}
                self.turned[v] = self._apply(e, maker.primitive, [], shape)
            else:
                self.turned[v] = self._apply(e, permute, [v], {"order": TURNED})
        return self.turned[v]

    def _read(self, e: Equation) -> None:
        """Rewrite an equation that reads a transposed matrix and is not transposed itself."""
        if _turns(e):
            self.new[e.output] = self.turned[e.inputs[0]]
        elif e.name == "matmul":
            inputs = [self._as_it_was(v, e) for v in e.inputs]
            self.new[e.output] = self._apply(e, matmul, inputs, e.params)
        else:
            params = {"dims": tuple(sorted(1 - d for d in e.params["dims"])), "keepdim": False}
            result = self._apply(e, e.primitive, [self.turned[e.inputs[0]]], params)
            if result.shape != e.output.shape:
                result = self._apply(e, reshape, [result], {"shape": e.output.shape})
            self.new[e.output] = result

    def _as_it_was(self, v: Var, e: Equation) -> Var:
        if v not in self.standing:
            return v
        return self._apply(e, permute, [self.turned[v]], {"order": TURNED})
