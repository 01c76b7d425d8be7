"""Values written directly to where they would be copied.

    y = matmul a b;   z = copy (permute y);   w = cat z ...

If y and z have no other readers, the product may as well write into w: its stores get w's strides.
The heads of an attention are concatenated like this, and so are the gradients of its three inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ..ir.graph import Equation, Var
from ..ir.strided import Strided
from .cluster import Clustering
from .sources import Source


@dataclass(frozen=True)
class Home:
    """Where a value is to be written: a strided view of another variable's memory."""

    into: Var
    view: Strided


def find_homes(clustering: Clustering, outputs: set[Var]) -> dict[Var, Home]:
    """The homes of all values that are only copied."""
    readers: dict[Var, int] = {}
    for e in clustering.of:
        for source in clustering.inputs_of(e):
            readers[source.var] = readers.get(source.var, 0) + 1
    homes: dict[Var, Home] = {}
    for e in reversed(clustering.of):
        if len(clustering.of[e].equations) != 1:
            continue
        for source, home in _parts(e, clustering, homes):
            v = source.var
            if readers[v] == 1 and v not in outputs and _is_made_in_a_loop(v, clustering):
                view = _in_order(source.view, home.view) if source.in_memory else None
                if view is not None and prod(view.shape) == v.size:
                    homes[v] = Home(home.into, view)
    return homes


def _parts(
    e: Equation, clustering: Clustering, homes: dict[Var, Home]
) -> Iterator[tuple[Source, Home]]:
    """The values that an equation only copies, and where to."""
    shape = e.output.shape
    if e.name == "copy":
        home = homes.get(e.output, Home(e.output, Strided.whole(shape)))
        view = home.view.through("reshape", {"shape": shape})
        if view is not None:
            yield clustering.inputs_of(e)[0], Home(home.into, view)
    elif e.name == "cat":
        for source, view in zip(clustering.inputs_of(e), parts_of(e), strict=True):
            yield source, Home(e.output, view)


def parts_of(e: Equation) -> list[Strided]:
    """The view of each input of a `cat` in its output."""
    dim, start, parts = e.params["dim"], 0, []
    for v in e.inputs:
        index = (slice(None),) * dim + (slice(start, start + v.shape[dim]),)
        part = Strided.whole(e.output.shape).through("slice", {"index": index})
        assert part is not None
        parts.append(part)
        start += v.shape[dim]
    return parts


def _is_made_in_a_loop(v: Var, clustering: Clustering) -> bool:
    maker = clustering.makers.get(v)
    return maker is not None and clustering.roles[maker] in ("map", "load", "product")


def _in_order(view: Strided, places: Strided) -> Strided | None:
    """`places`, the destination of what is read through `view`, in the memory order of the source.

    None if an element is read twice, or not at all.

    >>> _in_order(Strided((2, 3), (1, 2)), Strided.whole((2, 3)))
    Strided(shape=(3, 2), strides=(1, 3), offset=0)
    """
    dims = [d for d in zip(view.strides, view.shape, places.strides, strict=True) if d[1] != 1]
    dims.sort(reverse=True)
    size = 1
    for stride, n, _ in reversed(dims):
        if stride != size:
            return None
        size *= n
    if view.offset:
        return None
    return Strided(tuple(d[1] for d in dims), tuple(d[2] for d in dims), places.offset)
