"""In which order clusters run: after what they read, and before what they read is written over."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from ..ir import Var
from .cluster import Cluster, Clustering


def in_order(clustering: Clustering, updates: dict[Var, Var]) -> list[Cluster]:
    """All clusters; `updates` says which final variable is to take the place of which input.

    Those that read an input run before the one that makes its successor, where that is possible.
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
    found: dict[Var, dict[Cluster, None]] = {}
    for e, cluster in clustering.of.items():
        for source in clustering.inputs_of(e):
            if source.var in inputs:
                found.setdefault(source.var, {})[cluster] = None
    return found


def _sorted(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Topological, otherwise as in the program; draws keep their order among themselves."""
    first = {c: i for i, c in enumerate(clusters)}
    _keep_order([c for c in clusters if any(e.draws for e in c.equations)])
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


def _keep_order(clusters: Iterable[Cluster]) -> None:
    before = None
    for c in clusters:
        if before is not None:
            before.after.add(c)
            c.before.add(before)
        before = c
