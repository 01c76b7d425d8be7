"""The loops over the columns of rows: whole vectors, unrolled, then the rest, masked.

Accumulators are carried in groups, for example one group per reduction with a vector per row. Each
unrolled vector has groups of its own, to shorten the dependency chains of additions; at the end
they are combined pairwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...ir.nests import Node
from ..arithmetic.folding import combine, identity
from ..text.emit import Function
from ..text.types import I64, Operand, Value, constant

Groups = list[list[Value]]
# (column, mask of the existing lanes, accumulators) -> new accumulators
Body = Callable[[Operand, Value | None, Groups], Groups]


@dataclass(frozen=True)
class Columns:
    """Loops over the columns [start, stop) of some rows."""

    f: Function
    lanes: int
    at_once: int  # vectors per iteration
    whole: bool  # whether columns are known to fill whole vectors

    def walk(
        self, start: Operand, stop: Operand, body: Body, groups: Groups, nodes: Sequence[Node]
    ) -> Groups:
        """The final accumulators; `nodes` are the reductions that the groups belong to."""
        if isinstance(start, int) and isinstance(stop, int):
            return self._known(start, stop, body, groups, nodes)
        f, lanes, step = self.f, self.lanes, self.lanes * self.at_once
        size = f.sub(stop, start)
        middle = f.add(start, f.mul(f.binary("udiv", size, step), step))
        whole = f.add(start, f.mul(f.binary("udiv", size, lanes), lanes))
        groups = self._several(start, middle, self.at_once, body, groups, nodes)
        groups = self._one_by_one(middle, whole, body, groups)
        return groups if self.whole else self._rest(whole, f.sub(stop, whole), body, groups)

    def _known(
        self, start: int, stop: int, body: Body, groups: Groups, nodes: Sequence[Node]
    ) -> Groups:
        size, lanes = stop - start, self.lanes
        at_once = next((n for n in (4, 2) if n <= min(self.at_once, size // lanes)), 1)
        middle = start + size // (lanes * at_once) * lanes * at_once
        whole = start + size // lanes * lanes
        if start < middle:
            groups = self._several(start, middle, at_once, body, groups, nodes)
        if middle < whole:
            groups = self._one_by_one(middle, whole, body, groups)
        if whole == stop:
            return groups
        return body(constant(whole, I64), self.f.first_lanes(lanes, stop - whole), groups)

    def _several(
        self,
        start: Operand,
        stop: Operand,
        at_once: int,
        body: Body,
        groups: Groups,
        nodes: Sequence[Node],
    ) -> Groups:
        """The unrolled loop, with accumulators for each copy of the body."""
        fresh = [
            [[_neutral(n, a) for a in group] for n, group in zip(nodes, groups, strict=True)]
            for _ in range(at_once - 1)
        ]
        copies = [groups, *fresh]
        with self.f.loop(start, stop, self.lanes * at_once, flat(_all(copies))) as loop:
            new = []
            for k, mine in enumerate(_apart(loop.values, copies)):
                new.append(body(self.f.add(loop.index, k * self.lanes), None, mine))
            loop.carry(*flat(_all(new)))
        return self._joined(_apart(loop.results, copies), nodes)

    def _one_by_one(self, start: Operand, stop: Operand, body: Body, groups: Groups) -> Groups:
        with self.f.loop(start, stop, self.lanes, flat(groups)) as loop:
            loop.carry(*flat(body(loop.index, None, shaped(loop.values, groups))))
        return shaped(loop.results, groups)

    def _rest(self, whole: Value, count: Value, body: Body, groups: Groups) -> Groups:
        f = self.f

        def tail() -> list[Value]:
            return flat(body(whole, f.first_lanes(self.lanes, count), groups))

        some, before = f.compare("sgt", count, 0), flat(groups)
        if before:
            return shaped(f.branch(some, tail, lambda: before), groups)
        with f.when(some):
            tail()
        return groups

    def _joined(self, copies: list[Groups], nodes: Sequence[Node]) -> Groups:
        while len(copies) > 1:
            half = len(copies) // 2
            copies = [
                [
                    [self._both(n, x, y) for x, y in zip(p, q, strict=True)]
                    for n, p, q in zip(nodes, a, b, strict=True)
                ]
                for a, b in zip(copies[:half], copies[half:], strict=True)
            ]
        return copies[0]

    def _both(self, n: Node, a: Value, b: Value) -> Value:
        return combine(self.f, n.equation.name, n.equation.inputs[0].dtype, a, b)


def _neutral(n: Node, like: Value) -> Value:
    return identity(n.equation.name, n.equation.inputs[0].dtype, like.type)


def _all(copies: Sequence[Groups]) -> Groups:
    return [group for copy in copies for group in copy]


def _apart(values: Sequence[Value], like: Sequence[Groups]) -> list[Groups]:
    """Values carried by a loop, as the copies of groups that they are."""
    groups, count = shaped(values, _all(like)), len(like[0])
    return [groups[i * count : (i + 1) * count] for i in range(len(like))]


def flat(groups: Sequence[Sequence[Value]]) -> list[Value]:
    """All values of all groups, in one list."""
    return [value for group in groups for value in group]


def shaped(values: Sequence[Value], like: Sequence[Sequence[Value]]) -> Groups:
    """The inverse of `flat`."""
    groups, at = [], 0
    for group in like:
        groups.append(list(values[at : at + len(group)]))
        at += len(group)
    return groups
