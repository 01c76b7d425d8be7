"""Nests that pass large matrices to each other, fused to run block by block.

    s = matmul q k'       (B, H, T, T)
    p = softmax s         (B, H, T, T)
    y = matmul p v        (B, H, T, d)

One after the other, s and p go through memory. But a few rows of y need only the same rows of p,
and these the same rows of s: so the three alternate on a block of rows at a time, and no more than
a block of s and p ever exists. Sums over rows, such as the gradient of v, accumulate over blocks.

What the backward pass reads again is stored for it if rows are short. Otherwise the nests that
computed it run a second time, in the block that reads it: this costs no more than storing it, and
memory grows with T instead of its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from ..ir.graph import Var, contiguous
from ..ir.kinds import is_division
from ..ir.nests import BlockNest, Leaf, Nest, ProductNest, RowNest, Store, leaves, reads, writes
from ..ir.strided import Shape
from .masked_columns import find_hiding
from .replace import Group, all_before, in_order, users

FEW = 8  # rows of a matrix from which on blocks pay in any case
SHORT = 32  # rows of up to so many elements are stored rather than recomputed


@dataclass(frozen=True)
class Near:
    """A value made of rows of matrices: the number of matrices, their rows, and the row length."""

    matrices: int
    rows: int
    width: int


def in_blocks(nests: Sequence[Nest], outputs: set[Var]) -> list[Nest]:
    """The same nests, with those fused that can run block by block."""
    search = _Search(nests, outputs)
    if not search.near:
        return list(nests)
    groups = search.groups()
    while groups:
        order = in_order(nests, groups, search.before)
        if order is not None:
            return order
        groups.pop()
    return list(nests)


# -- what can stay in scratch memory -----------------------------------------------------------


def is_sum(part: RowNest | ProductNest, near: dict[Var, int]) -> bool:
    """Whether a part sums over the rows of a block, so that every block adds to the same result."""
    if not isinstance(part, ProductNest):
        return False
    by_columns = part.a.var in near and part.a.strides[-2] == 1 and part.a.strides[-1] != 1
    return by_columns or part.b.var in near


def has_sums(nest: BlockNest) -> bool:
    """Whether blocks accumulate into results shared with other blocks."""
    return any(is_sum(part, nest.near) for part in nest.parts)


class _Search:
    """Which variables may stay near (in scratch memory), and which nests take part."""

    def __init__(self, nests: Sequence[Nest], outputs: set[Var]) -> None:
        self.nests = nests
        self.writers, self.readers = users(nests)
        self.near: dict[Var, Near] = {}
        for nest in nests:
            self._begin(nest, outputs)
        self._prune()
        self.near_parts = {i for i, nest in enumerate(nests) if self._takes_part(nest)}
        self.before = all_before(nests, self.writers)
        self.turn: dict[int, int] = {}
        self.stored: set[Var] = set()

    def _begin(self, nest: Nest, outputs: set[Var]) -> None:
        """Record which results of a nest may stay near."""
        frame = self._frame(nest)
        if frame is None or not isinstance(nest, RowNest | ProductNest):
            return
        matrices, rows = frame
        for s in nest.stores:
            width = s.into.size // (matrices * rows)
            alone = len(self.writers[s.into]) == 1 and s.into in self.readers
            whole = s.into.size == width * matrices * rows and s.into not in outputs
            if alone and whole and is_aligned(s, nest.dims, width):
                self.near[s.into] = Near(matrices, rows, width)

    def _frame(self, nest: Nest) -> tuple[int, int] | None:
        """The matrices and rows of a nest's results, if it begins a group or continues one."""
        if isinstance(nest, ProductNest):
            *batch, rows, _ = nest.equation.inputs[0].shape
            some = any(s for n, s in zip(batch, nest.b.strides[:-2], strict=True) if n > 1)
            is_float = nest.equation.output.dtype.kind == "f"
            begins = nest.a.var not in self.near and nest.b.var not in self.near
            fits = begins and self._nodes_fit(nest, prod(batch) * rows)
            return (prod(batch), rows) if some and is_float and fits else None
        if isinstance(nest, RowNest) and self._fits(nest):
            return next(((f.matrices, f.rows) for f in self._read(nest)), None)
        return None

    def _prune(self) -> None:
        """Keep only variables that all readers can read block by block."""
        wrong = [v for v in self.near if not self._is_read_near(v)]
        while wrong:
            for v in wrong:
                del self.near[v]
            wrong = [v for v in self.near if not self._is_read_near(v)]

    def _is_read_near(self, v: Var) -> bool:
        known = [*self.writers[v], *self.readers[v]]
        return all(self._takes_part(self.nests[i]) for i in known)

    def _takes_part(self, nest: Nest) -> bool:
        """Whether a nest writes or reads near variables, and can do so block by block."""
        known = [self.near[v] for v in (*reads(nest), *writes(nest)) if v in self.near]
        if len({(near.matrices, near.rows) for near in known}) != 1:
            return False
        if isinstance(nest, RowNest):
            return self._fits(nest) and any(True for _ in self._read(nest))
        if isinstance(nest, ProductNest):
            return self._product_fits(nest)
        return False

    def _read(self, nest: Nest) -> list[Near]:
        return [self.near[leaf.var] for leaf in leaves(nest) if leaf.var in self.near]

    def _fits(self, nest: RowNest) -> bool:
        plain = all(n.role in ("map", "row") and not is_division(n.equation) for n in nest.nodes)
        return plain and self._nodes_fit(nest, nest.rows)

    def _nodes_fit(self, nest: RowNest | ProductNest, rows: int) -> bool:
        for n in nest.nodes:
            for a in n.arguments:
                if isinstance(a, Leaf) and a.var in self.near:
                    near = self.near[a.var]
                    if near.matrices * near.rows != rows or not is_aligned(
                        a, nest.dims, near.width
                    ):
                        return False
        return True

    def _product_fits(self, nest: ProductNest) -> bool:
        (*batch, m, k), n = nest.equation.inputs[0].shape, nest.equation.inputs[1].shape[-1]
        a, b = self.near.get(nest.a.var), self.near.get(nest.b.var)
        if any(is_division(q.equation) for q in nest.nodes):
            return False
        if a and not b and a.rows == m and _lies(nest.a, batch, a, (a.width, 1), k):
            return self._nodes_fit(nest, prod(batch) * m)
        if not a and not b:
            some = any(s.into in self.near for s in nest.stores)
            return some and self._nodes_fit(nest, prod(batch) * m)
        if nest.nodes:
            return False  # an epilogue would be applied to partial sums
        across = a is None or (a.rows == k and _lies(nest.a, batch, a, (1, a.width), m))
        along = b is None or (b.rows == k and _lies(nest.b, batch, b, (b.width, 1), n))
        return across and along

    # -- grouping --------------------------------------------------------------------------

    def groups(self) -> list[Group]:
        """Nests connected by near variables, as far as nothing else must run in between."""
        family = self._families()
        turn = self.turn = self._turns(family)
        for v in self.near:
            first = turn[self.writers[v][0]]
            again = any(turn[i] > first for i in self.readers[v])
            if again and self.near[v].width <= SHORT:
                self.stored.add(v)
        members: dict[tuple[int, int], list[int]] = {}
        for i in sorted(self.near_parts):
            members.setdefault((family[i], turn[i]), []).append(i)
        groups = {key: self._group(members[key]) for key in sorted(members)}
        poor = {key[0] for key, group in groups.items() if not all(map(_pays, group.nests))}
        return [group for key, group in groups.items() if key[0] not in poor]

    def _families(self) -> dict[int, int]:
        """For each part, the first of those it is connected with."""
        parent = {i: i for i in self.near_parts}

        def first(i: int) -> int:
            while parent[i] != i:
                i = parent[i]
            return i

        for v in self.near:
            ends = {first(i) for i in (*self.writers[v], *self.readers[v])}
            for i in ends:
                parent[i] = min(ends)
        return {i: first(i) for i in parent}

    def _turns(self, family: dict[int, int]) -> dict[int, int]:
        """How often a family's results must leave it and come back before each part can run."""
        least: list[dict[int, int]] = []
        turn: dict[int, int] = {}
        for i, nest in enumerate(self.nests):
            mine: dict[int, int] = {}
            for j in self.before[i]:
                for f, t in least[j].items():
                    mine[f] = max(mine.get(f, 0), t)
                handed = set(writes(self.nests[j])) & set(reads(nest))
                if j in turn and not handed <= set(self.near):
                    mine[family[j]] = max(mine.get(family[j], 0), turn[j] + 1)
            least.append(mine)
            if i in family:
                turn[i] = mine.get(family[i], 0)
        return turn

    def _group(self, members: list[int]) -> Group:
        """Some parts, with those that have to run again for them."""
        every = set(members)
        waiting = list(members)
        while waiting:
            for v in reads(self.nests[waiting.pop()]):
                wanted = v in self.near and v not in self.stored
                if wanted and not every & set(self.writers[v]):
                    every.add(self.writers[v][0])
                    waiting.append(self.writers[v][0])
        parts = {i: self.nests[i] for i in sorted(every)}
        while True:
            read = {v for nest in parts.values() for v in reads(nest)}
            storing = {
                i: _storing(nest, [s for s in nest.stores if self._is_stored(s, i, members, read)])
                for i, nest in parts.items()
                if isinstance(nest, RowNest | ProductNest)
            }
            storing = {i: nest for i, nest in storing.items() if nest.stores}
            if len(storing) == len(parts):
                break
            parts = {i: parts[i] for i in storing}
        return Group(tuple(members), tuple(storing), self._together(list(storing.values())))

    def _is_stored(self, s: Store, i: int, members: list[int], read: set[Var]) -> bool:
        again = s.into in self.near and s.into not in self.stored
        return s.into in read if again else i in members

    def _together(self, parts: list[RowNest | ProductNest]) -> tuple[Nest, ...]:
        every = [v for part in parts for v in (*reads(part), *writes(part))]
        near = {v: self.near[v] for v in every if v in self.near}
        stored = frozenset(self.stored & near.keys())
        if near.keys() <= stored:
            return tuple(parts)
        frame = next(iter(near.values()))
        widths = {v: n.width for v, n in near.items()}
        hiding = None if stored else find_hiding(parts, widths)
        block = BlockNest(tuple(parts), frame.matrices, frame.rows, widths, stored, hiding)
        return (block,)


def _pays(nest: Nest) -> bool:
    """Matrices of few rows pass on so little that blocks pay only if a mask hides much work."""
    if not isinstance(nest, BlockNest) or nest.rows >= FEW:
        return True
    return nest.hiding is not None and not has_sums(nest)


def is_aligned(x: Leaf | Store, dims: Shape, width: int) -> bool:
    """Whether row r of what is read or written is row r of the nest."""
    outer = [width * n for n in contiguous(dims[:-1])]
    pairs = zip(dims[:-1], x.strides[:-1], outer, strict=False)
    along = x.strides[-1:] == (int(width > 1),) or dims[-1] == 1
    in_rows = len(x.strides) == len(dims) and all(n == 1 or s == t for n, s, t in pairs)
    return in_rows and along and not x.offset and (width in (1, dims[-1]))


def _lies(
    leaf: Leaf, batch: Sequence[int], near: Near, steps: tuple[int, int], extent: int
) -> bool:
    """Whether a factor is all of a near variable, read with these strides."""
    whole = [near.rows * near.width * n for n in contiguous(batch)]
    pairs = zip(batch, leaf.strides[:-2], whole, strict=True)
    in_order = (
        near.width > 1
        and prod(batch) == near.matrices
        and all(n == 1 or s == t for n, s, t in pairs)
    )
    return (
        in_order
        and near.width > 1
        and leaf.strides[-2:] == steps
        and extent == near.width
        and not leaf.offset
    )


def _storing(nest: RowNest | ProductNest, stores: list[Store]) -> RowNest | ProductNest:
    return nest if len(stores) == len(nest.stores) else replace(nest, stores=tuple(stores))
