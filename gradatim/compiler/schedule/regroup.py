"""Revises clusters to reduce memory traffic between nests.

`sink`  An equation first joins the nest that computes its inputs. If all readers of its result are
        in one later nest it is computed there instead, unless more values would have to be stored.
`join`  Nests of the same rows that read the same arrays read them once together.
`part`  Single numbers that other large nests read too, such as the coefficients of an optimiser,
        are computed apart: no nest should wait for the one that was the first to need them.
"""

from __future__ import annotations

from ..ir.graph import Equation, Var
from .cluster import MANY, Cluster, Clustering

MOST = 48  # equations up to which nests are joined
LARGE = 256  # elements that are worth reading once instead of twice


def regroup(clustering: Clustering, outputs: set[Var]) -> None:
    """Move equations and join nests while it saves memory traffic."""
    readers = _readers(clustering)
    while _sink(clustering, readers, outputs):
        pass
    _join(clustering)
    _part(clustering, readers)


def _readers(clustering: Clustering) -> dict[Var, list[Equation]]:
    readers: dict[Var, list[Equation]] = {}
    for e in clustering.of:
        for source in clustering.inputs_of(e):
            readers.setdefault(source.var, []).append(e)
    return readers


# -- sink ----------------------------------------------------------------------------------


def _sink(clustering: Clustering, readers: dict[Var, list[Equation]], outputs: set[Var]) -> bool:
    moved = False
    for e in reversed(clustering.of):
        home = clustering.of[e]
        if clustering.roles[e] != "map" or e.output in outputs or len(home.equations) < 2:
            continue
        homes = {clustering.of[r] for r in readers.get(e.output, ())}
        if len(homes) != 1 or homes == {home}:
            continue
        (other,) = homes
        if other.kind == "alone" or _more_stored(clustering, e, readers, outputs) > 0:
            continue
        if home.kind == "rows" and other.kind == "product":
            continue
        moved = _move(clustering, e, home, other) or moved
    return moved


def _more_stored(
    clustering: Clustering, e: Equation, readers: dict[Var, list[Equation]], outputs: set[Var]
) -> int:
    """How many more values of its size have to be stored if an equation is moved on."""
    home = clustering.of[e]
    more = -1  # its own result
    for v in {s.var for s in clustering.inputs_of(e)}:
        maker = clustering.makers.get(v)
        if maker is None or clustering.of[maker] is not home or v in outputs:
            continue
        if all(clustering.of[r] is home for r in readers[v]) and v.size * 4 > e.output.size:
            more += 1
    return more


def _move(clustering: Clustering, e: Equation, home: Cluster, other: Cluster) -> bool:
    forms = [f for f in other.forms if clustering.fits_with(f, other, e)]
    if not forms:
        return False
    home.equations.remove(e)
    other.equations.append(e)
    other.forms = forms
    clustering.of[e] = other
    for source in clustering.inputs_of(e):
        maker = clustering.makers.get(source.var)
        if maker is not None and clustering.of[maker] is not other:
            clustering.of[maker].after.add(other)
            other.before.add(clustering.of[maker])
    return True


# -- join ----------------------------------------------------------------------------------


def _join(clustering: Clustering) -> None:
    by_var: dict[Var, dict[Cluster, None]] = {}
    for e, cluster in clustering.of.items():
        if cluster.kind == "rows":
            for source in clustering.inputs_of(e):
                if source.in_memory and source.var.size >= LARGE:
                    by_var.setdefault(source.var, {})[cluster] = None
    for clusters in by_var.values():
        homes = list(dict.fromkeys(_home(clustering, c) for c in clusters))
        for i, b in enumerate(homes):
            for a in homes[:i]:
                if a.equations and b.equations and _join_two(clustering, a, b):
                    break


def _home(clustering: Clustering, c: Cluster) -> Cluster:
    return clustering.of[c.equations[0]] if c.equations else c


def _join_two(clustering: Clustering, a: Cluster, b: Cluster) -> bool:
    if a is b or len(a.equations) + len(b.equations) > MOST:
        return False
    if a in b.after:
        a, b = b, a
    if b.leads_to(a):
        return False
    return clustering.merge(a, b)


# -- part ----------------------------------------------------------------------------------


def _part(clustering: Clustering, readers: dict[Var, list[Equation]]) -> None:
    members: dict[Cluster, list[Equation]] = {}
    for e, cluster in clustering.of.items():
        members.setdefault(cluster, []).append(e)
    for cluster, equations in members.items():
        numbers = _shared_numbers(clustering, equations, readers)
        if cluster.kind == "rows" and 0 < len(numbers) < len(equations):
            clustering.set_apart(numbers)
    clustering.connect()


def _shared_numbers(
    clustering: Clustering, equations: list[Equation], readers: dict[Var, list[Equation]]
) -> list[Equation]:
    """Single numbers of a nest that other large nests read, and what they are computed from."""
    home = clustering.of[equations[0]]
    uses: dict[Equation, list[Equation]] = {}  # with those of the same nest that it reads
    shared: set[Equation] = set()
    for e in equations:
        makers = [clustering.makers.get(s.var) for s in clustering.inputs_of(e)]
        inside = [m for m in makers if m is not None and clustering.of[m] is home]
        if clustering.roles[e] != "map" or e.output.size != 1 or any(m not in uses for m in inside):
            continue
        uses[e] = inside
        others = (clustering.of[r] for r in readers.get(e.output, ()) if r.output.size >= MANY)
        if any(other is not home for other in others):
            shared.add(e)
    for e in reversed(uses):  # makers after readers
        if e in shared:
            shared.update(uses[e])
    return [e for e in equations if e in shared]
