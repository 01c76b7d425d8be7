"""From a graph to loop nests in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import prod

from ...ops.broadcast import copy
from ..ir.graph import Equation, Graph, Var, apply, contiguous
from ..ir.nests import (
    ENDS,
    Argument,
    DrawNest,
    Leaf,
    LineNest,
    Nest,
    Node,
    NumpyNest,
    ProductNest,
    RowNest,
    ScatterNest,
    Schedule,
    Store,
)
from ..ir.segments import NO_NUMBERS, REASONS
from ..ir.strided import Rows, Shape, Strided, as_rows, common_dims, spread
from .bands import in_bands
from .blocks import in_blocks
from .cluster import Cluster, Clustering, Form, load_parts
from .homes import Home, find_homes, parts_of
from .once import once
from .order import in_order
from .over import overwritten
from .regroup import regroup
from .sources import Source, Sources, without_views


def schedule(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    is_native: Callable[[Equation], bool] = lambda e: True,
) -> Schedule:
    """The nests of a graph; `updates` are (output, input) places where memory is written over.

    `is_native` tells which draws, and which work along lines, have machine code.
    """
    graph, sources = without_views(graph, {graph.outputs[o] for o, _ in updates})
    final = {graph.outputs[o]: graph.inputs[i] for o, i in updates}
    clustering = Clustering(graph, sources)
    regroup(clustering, set(graph.outputs))
    builder = _Builder(clustering, sources, set(graph.outputs), is_native)
    nests: list[Nest] = []
    for cluster in in_order(clustering, final):
        nests += builder.nests_of(cluster)
    nests = in_blocks(nests, {*graph.outputs, *final})
    nests = in_bands(nests, set(graph.outputs), final)
    in_place = overwritten(nests, final)
    nests = [n for n in nests if not _copies_onto_itself(n, in_place)]
    nests += [_copy_nest(w, v) for w, v in final.items() if w not in in_place]
    return Schedule(tuple(nests), graph.inputs, graph.outputs, in_place)


def _copies_onto_itself(nest: Nest, in_place: dict[Var, Var]) -> bool:
    if not isinstance(nest, RowNest) or len(nest.nodes) != 1:
        return False
    (node,) = nest.nodes
    (argument,) = node.arguments[:1] or (None,)
    return (
        node.equation.name == "copy"
        and isinstance(argument, Leaf)
        and in_place.get(nest.stores[0].into) is argument.var
        and (argument.strides, argument.offset) == (nest.stores[0].strides, nest.stores[0].offset)
    )


def _copy_nest(w: Var, v: Var) -> RowNest:
    """Put the numbers of w where v lies."""
    return _strided_copy(Source(w, Strided.whole(v.shape)), v, Strided.whole(v.shape))


def _strided_copy(source: Source, into: Var, view: Strided) -> RowNest:
    """Numbers into a part of a buffer."""
    shape = view.shape
    for length in _lengths(shape):
        a, b = as_rows(source.view, length), as_rows(view, length)
        dims = None if a is None or b is None else common_dims([a, b])
        if a is not None and b is not None and dims is not None:
            break
    assert a is not None
    assert b is not None
    assert dims is not None
    equation = apply(copy, (source.var,), {})
    equation = replace(equation, outputs=(Var(shape, into.dtype),))
    leaf = Leaf(source.var, (*spread(a, dims), a.along), a.offset, source.number, source.range)
    node = Node(equation, "map", (leaf,))
    store = Store(node.var, into, (*spread(b, dims), b.along), b.offset)
    return RowNest((*dims, length), (node,), (store,))


def _lengths(shape: Shape) -> Iterable[int]:
    sizes = [prod(shape[i:]) for i in range(len(shape))] or [1]
    return dict.fromkeys(sizes)


class _Reading:
    """A source read in rows, before the nest's dimensions are known."""

    def __init__(self, source: Source, rows: Rows, chosen: tuple[int, int] | None = None) -> None:
        self.source, self.rows, self.chosen = source, rows, chosen


Plans = dict[Equation, list[Var | _Reading]]  # what each equation of a nest reads
Places = dict[Var, tuple[Var, Rows | None]]  # where each value is stored, and in which rows


class _Builder:
    """What the nests of one graph have in common."""

    def __init__(
        self,
        clustering: Clustering,
        sources: Sources,
        outputs: set[Var],
        is_native: Callable[[Equation], bool],
    ) -> None:
        self.clustering, self.sources, self.outputs = clustering, sources, outputs
        self.is_native = is_native
        self.numbers = {e: i for i, e in enumerate(clustering.of)}  # in the program's order
        self.readers: dict[Var, set[Cluster]] = {}
        for e, cluster in clustering.of.items():
            for source in clustering.inputs_of(e):
                self.readers.setdefault(source.var, set()).add(cluster)
        self.homes = find_homes(clustering, outputs)
        self.at_home: set[Var] = set()  # values that were written into another's memory

    def nests_of(self, cluster: Cluster) -> list[Nest]:
        """The nests of one cluster: one, or a few for what is put together piece by piece."""
        if cluster.kind == "product":
            return [self._product(cluster)]
        if cluster.kind == "rows" and cluster.equations[0].output.size:
            return [] if self._is_copied_already(cluster) else [self._rows(cluster)]
        (e,) = cluster.equations
        return self._alone(e)

    def _is_copied_already(self, cluster: Cluster) -> bool:
        """Whether all that a nest would copy was written to its place when it was made."""
        e = cluster.equations[0]
        done = len(cluster.equations) == 1 and e.name == "copy" and self._is_at_home(e.inputs[0])
        if done and e.output in self.homes:
            self.at_home.add(e.output)
        return done

    def _is_at_home(self, v: Var) -> bool:
        return self.sources[v].var in self.at_home

    # -- loops -----------------------------------------------------------------------------

    def _rows(self, cluster: Cluster) -> RowNest:
        return RowNest(*self._loops(cluster))

    def _product(self, cluster: Cluster) -> ProductNest:
        matmul = next(e for e in cluster.equations if e.name == "matmul")
        a, b = (self._factor(v) for v in matmul.inputs)
        return ProductNest(matmul, a, b, *self._loops(cluster))

    def _factor(self, v: Var) -> Leaf:
        source = self.sources[v]
        return Leaf(
            source.var, source.view.strides, source.view.offset, source.number, source.range
        )

    def _loops(self, cluster: Cluster) -> tuple[Shape, tuple[Node, ...], tuple[Store, ...]]:
        """The dimensions of a nest, what is computed in it, and what is stored."""
        roles = self.clustering.roles
        equations = sorted(cluster.equations, key=self.numbers.__getitem__)
        stored = [v for e in equations for v in e.outputs if self._is_kept(v, cluster)]
        form, plans, places = self._laid_out(cluster, equations, stored)
        self.at_home.update(v for v, (into, _) in places.items() if into is not v)
        every = [*_rows_read(plans), *(r for _, r in places.values() if r is not None)]
        dims = common_dims(every)
        assert dims is not None
        if prod(dims) != form[0]:  # nothing that is read or written tells the rows apart
            dims = (form[0],) if form[0] > 1 else ()
        merged, kept = _collapsed(dims, [spread(r, dims) for r in every])
        nodes = tuple(
            Node(e, roles[e], tuple(_argument(a, dims, kept) for a in plan))
            for e, plan in plans.items()
        )
        stores = tuple(
            Store(v, into, (*_pick(spread(r, dims), kept), r.along), r.offset)
            if r
            else Store(v, into, ())
            for v, (into, r) in places.items()
        )
        return (*merged, form[1] or 1), once(nodes, stores), stores

    def _is_kept(self, v: Var, cluster: Cluster) -> bool:
        return v in self.outputs or any(c is not cluster for c in self.readers.get(v, ()))

    def _laid_out(
        self, cluster: Cluster, equations: list[Equation], stored: list[Var]
    ) -> tuple[Form, Plans, Places]:
        """Rows and columns of a nest, what it reads and where it stores.

        The first form that is possible; or another, in which all values can be stored at home.
        """
        first = None
        roles, wanted = self.clustering.roles, sum(v in self.homes for v in stored)
        for form in cluster.forms if wanted else cluster.forms[:1]:
            inner = [e for e in equations if roles[e] != "product"]
            plans = {e: self._arguments(e, form, set(equations)) for e in inner}
            places = self._places(stored, form, _rows_read(plans))
            first = first or (form, plans, places)
            if sum(into is not v for v, (into, _) in places.items()) == wanted:
                return form, plans, places
        assert first is not None
        return first

    def _places(self, stored: Sequence[Var], form: Form, leaves: list[Rows]) -> Places:
        """Where the values of a nest are stored: at home, if the nest's rows allow it."""
        places: Places = {v: (v, self._place(v, form)) for v in stored}
        for v in stored:
            home = self.homes.get(v)
            rows = self._at_home(v, home, form) if home else None
            if home is None or rows is None:
                continue
            tried = {**places, v: (home.into, rows)}
            if common_dims([*leaves, *(r for _, r in tried.values() if r is not None)]) is None:
                continue
            places = tried
        return places

    def _at_home(self, v: Var, home: Home, form: Form) -> Rows | None:
        """The rows of a value's home, if its neighbours are neighbours there."""
        rows = as_rows(home.view, Clustering.columns_of(v.shape, form))
        return rows if rows is not None and rows.along == 1 else None

    def _place(self, v: Var, form: Form) -> Rows | None:
        """Where a value of a nest is stored; None for one that is known at the end only."""
        e = self.clustering.makers[v]
        if self.clustering.roles[e] in ENDS:
            return None
        return as_rows(Strided.whole(v.shape), Clustering.columns_of(v.shape, form))

    def _arguments(self, e: Equation, form: Form, inside: set[Equation]) -> list[Var | _Reading]:
        found: list[Var | _Reading] = []
        role = self.clustering.roles[e]
        for i, source in enumerate(self.clustering.inputs_of(e)):
            if role == "scatter" and i == 0:
                continue  # zeros
            if role == "load" and i == 0:
                parts = load_parts(e, source, form)
                assert parts is not None
                found.append(_Reading(source, parts[0], parts[1:]))
            elif self.clustering.makers.get(source.var) in inside:
                found.append(source.var)
            else:
                rows = self.clustering.rows_of(e, source.view, form)
                assert rows is not None
                found.append(_Reading(source, rows))
        return found

    # -- alone -----------------------------------------------------------------------------

    def _alone(self, e: Equation) -> list[Nest]:
        if not any(v.size for v in e.outputs) and not e.draws:
            return []  # an output without elements
        if e.draws:
            if not e.output.size or not self.is_native(e):
                return [self._numpy(e, NO_NUMBERS)]
            return [DrawNest(e, tuple(map(self._factor, e.inputs)))]
        if e.name == "cat":
            return self._cat(e)
        if e.name == "update_view":
            return self._update_view(e)
        if e.name in ("put", "scatter"):
            return self._scatter(e)
        if self.is_native(e):
            return [LineNest(e, tuple(map(self._factor, e.inputs)), e.params["dim"])]
        return [self._numpy(e, REASONS[e.name])]

    def _numpy(self, e: Equation, reason: str) -> NumpyNest:
        inputs = tuple(
            (s.var, s.view) if s.in_memory else s for s in (self.sources[v] for v in e.inputs)
        )
        return NumpyNest(e, inputs, reason)

    def _cat(self, e: Equation) -> list[Nest]:
        parts = zip(e.inputs, parts_of(e), strict=True)
        return [
            _strided_copy(self.sources[v], e.output, part)
            for v, part in parts
            if not self._is_at_home(v)
        ]

    def _update_view(self, e: Equation) -> list[Nest]:
        x, y = e.inputs
        part: Strided | None = Strided.whole(x.shape)
        for primitive, params in e.params["view"]:
            part = part.through(primitive.name, params) if part else None
        assert part is not None  # it was a view in memory
        whole = Strided.whole(x.shape)
        return [
            _strided_copy(self.sources[x], e.output, whole),
            _strided_copy(self.sources[y], e.output, part),
        ]

    def _scatter(self, e: Equation) -> list[Nest]:
        x, index, values = e.inputs
        dim = e.params["dim"]
        whole = Strided.whole(x.shape)
        stride, bound = whole.strides[dim], x.shape[dim]
        if e.name == "scatter":
            shape = index.shape
            strides = tuple(0 if d == dim else t for d, t in enumerate(whole.strides))
            places = self.sources[index].view
        else:
            n = len(index.shape)
            shape = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])
            strides = (*whole.strides[:dim], *(0,) * n, *whole.strides[dim + 1 :])
            view = self.sources[index].view
            places = Strided(
                shape,
                (*(0,) * dim, *view.strides, *(0,) * (len(x.shape) - dim - 1)),
                view.offset,
            )
        target = Strided(shape, strides)
        spread_values = self.sources[values].view
        for length in _lengths(shape):
            three = [as_rows(v, length) for v in (target, places, spread_values)]
            if any(r is None for r in three):
                continue
            rows = [r for r in three if r is not None]
            dims = common_dims(rows)
            if dims is not None:
                break
        assert dims is not None  # rows of the last dimension always fit together
        if prod(dims) != prod(shape) // length:
            dims = (prod(shape) // length,)
        t, p, v = ((*spread(r, dims), r.along) for r in rows)
        made = [
            Leaf(s.var, strides, r.offset, s.number, s.range)
            for s, strides, r in (
                (self.sources[index], p, rows[1]),
                (self.sources[values], v, rows[2]),
            )
        ]
        fill = _strided_copy(self.sources[x], e.output, whole)
        nest = ScatterNest(
            e.output, (*dims, length), made[0], made[1], t, stride, bound,
            e.name == "put", e.params["accumulate"], e,
        )  # fmt: skip
        return [fill, nest]


def _rows_read(plans: Plans) -> list[Rows]:
    return [r.rows for plan in plans.values() for r in plan if isinstance(r, _Reading)]


def _argument(a: Var | _Reading, dims: Shape, kept: list[int]) -> Argument:
    if isinstance(a, Var):
        return a
    s, rows = a.source, a.rows
    strides = (*_pick(spread(rows, dims), kept), rows.along)
    return Leaf(s.var, strides, rows.offset, s.number, s.range, a.chosen)


def _collapsed(dims: Shape, strides: Sequence[Shape]) -> tuple[Shape, list[int]]:
    """Dimensions with neighbours made one where every stride allows it, and which are kept."""
    kept: list[int] = []
    sizes: list[int] = []
    for d, n in enumerate(dims):
        if kept and all(s[kept[-1]] == n * s[d] for s in strides):
            sizes[-1] *= n
            kept[-1] = d
        else:
            kept.append(d)
            sizes.append(n)
    return tuple(sizes), kept


def _pick(strides: Shape, kept: list[int]) -> Shape:
    return tuple(strides[d] for d in kept)


__all__ = ["contiguous", "schedule"]
