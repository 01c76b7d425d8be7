"""The order of clusters: after what they read, and before what they read is overwritten."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from ..ir.graph import Var
from .cluster import Cluster, Clustering


def in_order(clustering: Clustering, updates: dict[Var, Var]) -> list[Cluster]:
    """All clusters; `updates` maps each final variable to the input that it overwrites.

    Readers of an input run before the writer of its successor, where that is possible.
    """
    clusters = list(dict.fromkeys(clustering.of.values()))
    readers = _readers(clustering, set(updates.values()))
    for final, first in updates.items():
        maker = clustering.makers.get(final)
        if maker is None:
            continue
        writer = clustering.of[maker]
        for reader in readers.get(first, ()):
            if reader is not writer and not writer.leads_to(reader):
                reader.after.add(writer)
                writer.before.add(reader)
    return _sorted(clusters)


def _readers(clustering: Clustering, inputs: set[Var]) -> dict[Var, dict[Cluster, None]]:
    readers: dict[Var, dict[Cluster, None]] = {}
    for e, cluster in clustering.of.items():
        for source in clustering.inputs_of(e):
            if source.var in inputs:
                readers.setdefault(source.var, {})[cluster] = None
    return readers


def _sorted(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Topological, otherwise in program order; draws keep their order among themselves."""
    _keep_order([c for c in clusters if any(e.draws for e in c.equations)])
    first = _ranks(clusters)
    missing = {c: len(c.before) for c in clusters}
    ready = [(first[c], c) for c in clusters if not missing[c]]
    heapq.heapify(ready)
    done = []
    while ready:
        _, c = heapq.heappop(ready)
        done.append(c)
        for d in c.after:
            missing[d] -= 1
            if not missing[d]:
                heapq.heappush(ready, (first[d], d))
    return done


def _ranks(clusters: Sequence[Cluster]) -> dict[Cluster, tuple[int, int]]:
    """Positions in the program; but single numbers come right before their first reader.

    So the update of a weight need not wait for its coefficients until the backward pass is over: it
    finds the inputs of its gradient in L1 or L2, and their memory is free sooner.
    """
    number = {c: i for i, c in enumerate(clusters)}
    rank = dict(number)
    missing = {c: len(c.after) for c in clusters}
    ready = [c for c in clusters if not missing[c]]
    while ready:
        c = ready.pop()
        if c.is_of_numbers():
            rank[c] = min([rank[c], *(rank[d] for d in c.after)])
        for d in c.before:
            missing[d] -= 1
            if not missing[d]:
                ready.append(d)
    return {c: (rank[c], number[c]) for c in clusters}


def _keep_order(clusters: Iterable[Cluster]) -> None:
    before = None
    for c in clusters:
        if before is not None:
            before.after.add(c)
            c.before.add(before)
        before = c
