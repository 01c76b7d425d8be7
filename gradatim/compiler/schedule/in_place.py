"""Results written over arrays that are no longer read.

    W' = W - r g                 the new W over the old one, memory outside the step
    s' = (a b) * s               a gradient over one of its factors, inside the step

Memory that was just read is in the cache. A result in a place of its own is not: its lines are
fetched before they are written, and evict others. So large results reuse memory. They do not if
rows end with a partial vector: a masked store delays loads of the elements that it masks out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ...core.placement import LINE
from ..ir.graph import Var
from ..ir.nests import BandNest, BlockNest, Leaf, Nest, NumpyNest, ProductNest, RowNest, Store
from ..ir.nests import reads as read_by
from ..ir.nests import writes as written_by
from .grain import items
from .memory import LARGE
from .replace import users


def overwritten(nests: Sequence[Nest], final: dict[Var, Var]) -> dict[Var, Var]:
    """The final variables that can overwrite their inputs directly.

    Everything else that reads such an input must have run before.
    """
    writers, readers = users(nests)

    def can(w: Var, v: Var) -> bool:
        at = writers.get(w, [len(nests)])[0]
        late = [i for i in readers.get(v, ()) if i >= at]
        return all(i == at and _reads_in_step(nests[i], w, v) for i in late)

    return {w: v for w, v in final.items() if can(w, v)}


def reused(nests: Sequence[Nest], kept: Collection[Var]) -> dict[Var, Var]:
    """Large variables of a step that can overwrite others; `kept` variables are not the step's."""
    writers, readers = users(nests)
    fixed = {*kept, *_fixed(nests)}
    over: dict[Var, Var] = {}
    for i, nest in enumerate(nests):
        free = {v for v in read_by(nest) if v not in fixed and readers[v][-1] == i}
        free = {v for v in free if writers.get(v, [i])[-1] < i}
        for w, v in _pairs(nest, free):
            alone = w not in fixed and writers[w] == [i]
            if alone and LARGE <= w.nbytes == v.nbytes and v in free:
                over[w] = over.get(v, v)
                free.remove(v)
    return over


def _fixed(nests: Sequence[Nest]) -> Iterator[Var]:
    """Variables that keep their place: in the scratch memory of a nest, or passed to NumPy."""
    for nest in nests:
        if isinstance(nest, BandNest | BlockNest):
            yield from nest.near
        elif isinstance(nest, NumpyNest):
            yield from (*read_by(nest), *written_by(nest))


def _pairs(nest: Nest, free: Collection[Var]) -> Iterator[tuple[Var, Var]]:
    """Results, each with a free variable that is read in step with it."""
    then = nest.then if isinstance(nest, BandNest) else ()
    part = nest.product if isinstance(nest, BandNest) else nest
    later = {v for n in then for v in read_by(n)}
    if not isinstance(part, RowNest | ProductNest):
        return
    for w in written_by(part):
        whole = part.dims[-1] * w.itemsize % LINE == 0
        for v in dict.fromkeys(read_by(part)):
            if whole and v in free and v not in later and _reads_in_step(part, w, v):
                yield w, v


def _reads_in_step(nest: Nest, w: Var, v: Var) -> bool:
    """Whether a nest reads each element of v at the place where it then writes w, and no other."""
    if not isinstance(nest, RowNest | ProductNest):
        return False
    if any(n.role not in ("map", "load") for n in nest.nodes):
        return False  # reductions may take several passes over a row
    store = next(s for s in nest.stores if s.into is w)
    if isinstance(nest, RowNest) and items(nest) > 1 and not _tells_items_apart(store, nest):
        return False  # an item would read what another one has written already
    here = (store.strides, store.offset)
    if isinstance(nest, ProductNest) and v in (nest.a.var, nest.b.var):
        return False
    read = [a for n in nest.nodes for a in n.arguments if isinstance(a, Leaf) and a.var is v]
    tables = [n.arguments[0] for n in nest.nodes if n.role == "load"]
    return all(a not in tables and (a.strides, a.offset) == here for a in read)


def _tells_items_apart(store: Store, nest: RowNest) -> bool:
    """Whether every element of a nest is written to a place of its own."""
    if len(store.strides) != len(nest.dims):
        return False
    return all(t for n, t in zip(nest.dims, store.strides, strict=True) if n > 1)
