"""Groups of nests in place of their members, in an order that respects all dependencies."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.graph import Var
from ..ir.nests import BlockNest, DrawNest, Nest, NumpyNest, RowNest, ScatterNest, reads, writes


@dataclass(frozen=True)
class Group:
    """Nests in place of others: whose place they take, which they contain, and the new nests."""

    members: tuple[int, ...]
    parts: tuple[int, ...]
    nests: tuple[Nest, ...]


def users(nests: Sequence[Nest]) -> tuple[dict[Var, list[int]], dict[Var, list[int]]]:
    """The nests that write each variable, and those that read it, by number."""
    writers: dict[Var, list[int]] = {}
    readers: dict[Var, list[int]] = {}
    for i, nest in enumerate(nests):
        for v in dict.fromkeys(writes(nest)):
            writers.setdefault(v, []).append(i)
        for v in dict.fromkeys(reads(nest)):
            readers.setdefault(v, []).append(i)
    return writers, readers


def all_before(nests: Sequence[Nest], writers: dict[Var, list[int]]) -> list[set[int]]:
    """For each nest, those that have to run before it."""
    dependencies: list[set[int]] = []
    in_turn = None
    for i, nest in enumerate(nests):
        before = {j for v in reads(nest) for j in writers.get(v, ()) if j < i}
        if isinstance(nest, DrawNest | NumpyNest):
            before |= set() if in_turn is None else {in_turn}
            in_turn = i
        if isinstance(nest, ScatterNest) or _is_copy(nest):  # may overwrite an earlier result
            before |= {j for v in writes(nest) for j in writers[v] if j < i}
        dependencies.append(before)
    return dependencies


def _is_copy(nest: Nest) -> bool:
    return isinstance(nest, RowNest) and [n.equation.name for n in nest.nodes] == ["copy"]


def in_order(
    nests: Sequence[Nest], groups: Sequence[Group], before: Sequence[set[int]]
) -> list[Nest] | None:
    """All nests with groups in place of their members; None if dependencies form a cycle."""
    units: dict[int, tuple[int, ...]] = {i: (i,) for i in range(len(nests))}
    nests_of: dict[int, tuple[Nest, ...]] = {i: (nest,) for i, nest in enumerate(nests)}
    last = {i: i for i in units}
    for g in groups:
        for i in g.members:
            last[i] = g.members[-1]
            del units[i], nests_of[i]
        units[g.members[-1]] = g.parts
        nests_of[g.members[-1]] = g.nests
    missing: dict[int, set[int]] = {}
    for u, parts in units.items():
        own = {v for n in nests_of[u] if isinstance(n, BlockNest) for v in n.near.keys() - n.stored}
        wanted = {j for i in parts for j in before[i] if not _is_only(nests, j, i, own)}
        missing[u] = {last[j] for j in wanted} - {u}
    return _sorted(missing, nests_of)


def _is_only(nests: Sequence[Nest], j: int, i: int, own: set[Var]) -> bool:
    """Whether a nest depends on another only for near variables that it computes again itself."""
    handed = set(writes(nests[j])) & set(reads(nests[i]))
    return bool(handed) and handed <= own


def _sorted(
    missing: dict[int, set[int]], nests_of: dict[int, tuple[Nest, ...]]
) -> list[Nest] | None:
    after: dict[int, list[int]] = {}
    for u, them in missing.items():
        for j in them:
            after.setdefault(j, []).append(u)
    count = {u: len(them) for u, them in missing.items()}
    ready = sorted(u for u, n in count.items() if not n)
    done: list[Nest] = []
    while ready:
        u = heapq.heappop(ready)
        done += nests_of[u]
        del count[u]
        for j in after.get(u, ()):
            count[j] -= 1
            if not count[j]:
                heapq.heappush(ready, j)
    return None if count else done
