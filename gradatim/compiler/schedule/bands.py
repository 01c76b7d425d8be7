"""Products fused with the nests that consume their rows, band by band.

    x = matmul a b        + bias + residual stream
    y = layer norm of x   mean and variance of each row, over all its columns

A tile of a product has a few rows. When all tiles of these rows, a band, are done, other nests can
run on them, including a reduction along the row or over all rows. They find the tiles' results in
L1 or L2; their own results are written back while the next tiles compute; and variables that
nothing else reads exist for the current band only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod

from ...core.placement import LINE
from ..ir.graph import Var
from ..ir.kinds import is_division
from ..ir.nests import BandNest, Leaf, Nest, ProductNest, RowNest, writes
from .blocks import is_aligned
from .replace import all_before, users

LONGEST = 4096  # bytes of a row: a band of them should stay in L1 or L2
FEW = 64  # rows from which on a band is worth its code


def in_bands(nests: Sequence[Nest], outputs: set[Var], final: Collection[Var]) -> list[Nest]:
    """The same nests, with those fused that can run band by band.

    `final` variables overwrite others once all readers of these are done: their writers stay apart.
    """
    search = _Search(nests, outputs, final)
    taken: set[int] = set()
    fused: list[Nest] = []
    for i, nest in enumerate(nests):
        if i in taken:
            continue
        band = search.band(i, taken) if isinstance(nest, ProductNest) else [i]
        taken.update(band)
        fused.append(nest if len(band) == 1 else search.together(band))
    return fused


class _Search:
    def __init__(self, nests: Sequence[Nest], outputs: set[Var], final: Collection[Var]) -> None:
        self.nests, self.outputs, self.final = nests, outputs, final
        self.writers, self.readers = users(nests)
        self.before = all_before(nests, self.writers)

    def band(self, i: int, taken: set[int]) -> list[int]:
        """A product, and all nests that can consume its rows at once, by their numbers."""
        nest = self.nests[i]
        assert isinstance(nest, ProductNest)
        band = [i]
        if not self._begins(nest):
            return band
        stored = set(writes(nest))
        for j in sorted({j for v in stored for j in self.readers.get(v, ())} - taken):
            other = self.nests[j]
            if isinstance(other, RowNest) and self._is_ready(j, i) and self._takes(other, nest):
                band.append(j)
        return band

    def _is_ready(self, j: int, i: int) -> bool:
        """Whether a nest depends on nothing that runs after nest i."""
        return all(k <= i for k in self.before[j])

    def _begins(self, nest: ProductNest) -> bool:
        """Whether there are enough rows, of whole cache lines and not too long, stored in order."""
        rows, columns = _frame(nest)
        row = columns * nest.equation.output.itemsize
        sized = row % LINE == 0 and row <= LONGEST and rows >= FEW
        return (
            sized
            and nest.equation.output.dtype.kind == "f"
            and self._is_plain(nest, {"map"})
            and all(is_aligned(s, nest.dims, columns) for s in nest.stores)
        )

    def _is_plain(self, nest: ProductNest | RowNest, roles: set[str]) -> bool:
        """Whether a nest refuses no value, and overwrites nothing."""
        plain = all(n.role in roles and not is_division(n.equation) for n in nest.nodes)
        alone = all(len(self.writers[v]) == 1 and v not in self.final for v in writes(nest))
        return plain and alone

    def _takes(self, nest: RowNest, product: ProductNest) -> bool:
        """Whether row r of a nest reads row r of the product's results, and no other row."""
        rows, columns = _frame(product)
        if (nest.rows, nest.columns) != (rows, columns) or len(nest.dims) == 1:
            return False
        out = writes(product)
        read = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf) and a.var in out]
        in_step = all(is_aligned(a, nest.dims, columns) for a in read)
        return in_step and self._is_plain(nest, {"map", "row", "column"})

    def together(self, band: list[int]) -> BandNest:
        """The nest that replaces all nests of a band."""
        product, *then = (self.nests[i] for i in band)
        assert isinstance(product, ProductNest)
        near = {
            v
            for v in writes(product)
            if v not in self.outputs and set(self.readers.get(v, ())) <= set(band)
        }
        return BandNest(product, tuple(n for n in then if isinstance(n, RowNest)), frozenset(near))


def _frame(nest: ProductNest) -> tuple[int, int]:
    """Rows, of all matrices together, and columns of a product."""
    shape = nest.equation.output.shape
    return prod(shape[:-1]), shape[-1]
