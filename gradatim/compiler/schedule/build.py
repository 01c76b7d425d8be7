"""From a graph to an ordered list of loop nests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from ..ir.graph import Equation, Graph, Var
from ..ir.nests import (
    ENDS,
    Argument,
    Leaf,
    Nest,
    Node,
    ProductNest,
    RowNest,
    Schedule,
    Store,
)
from ..ir.strided import Rows, Shape, Strided, as_rows, common_dims, spread
from .bands import in_bands
from .blocks import in_blocks
from .cluster import Cluster, Clustering, Form, load_parts
from .common_nodes import merge_equal
from .copy_elision import Home, find_homes
from .in_place import overwritten
from .order import in_order
from .regroup import regroup
from .sources import Source, Sources, without_views
from .standalone import Alone, leaf_of, strided_copy


def schedule(
    graph: Graph,
    updates: Sequence[tuple[int, int]],
    is_native: Callable[[Equation], bool] = lambda e: True,
) -> Schedule:
    """The nests of a graph; `updates` are (output, input) positions where memory is overwritten.

    `is_native` says which draws, and which work along lines, have machine code.
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
    """A nest that copies w to the memory of v."""
    return strided_copy(Source(w, Strided.whole(v.shape)), v, Strided.whole(v.shape))


class _Reading:
    """A source read in rows, before the nest's dimensions are known."""

    def __init__(self, source: Source, rows: Rows, chosen: tuple[int, int] | None = None) -> None:
        self.source, self.rows, self.chosen = source, rows, chosen


Plans = dict[Equation, list[Var | _Reading]]  # what each equation of a nest reads
Places = dict[Var, tuple[Var, Rows | None]]  # the buffer each value is stored in, and its rows


class _Builder:
    """Builds the nests of one graph."""

    def __init__(
        self,
        clustering: Clustering,
        sources: Sources,
        outputs: set[Var],
        is_native: Callable[[Equation], bool],
    ) -> None:
        self.clustering, self.sources, self.outputs = clustering, sources, outputs
        self.alone = Alone(sources, is_native, self._is_at_home)
        self.numbers = {e: i for i, e in enumerate(clustering.of)}  # in program order
        self.readers: dict[Var, set[Cluster]] = {}
        for e, cluster in clustering.of.items():
            for source in clustering.inputs_of(e):
                self.readers.setdefault(source.var, set()).add(cluster)
        self.homes = find_homes(clustering, outputs)
        self.at_home: set[Var] = set()  # values written directly into another's memory

    def nests_of(self, cluster: Cluster) -> list[Nest]:
        """The nests of one cluster: usually one, several for a concatenation or an update."""
        if cluster.kind == "product":
            return [self._product(cluster)]
        if cluster.kind == "rows" and cluster.equations[0].output.size:
            return [] if self._is_copied_already(cluster) else [self._rows(cluster)]
        (e,) = cluster.equations
        return self.alone.nests_of(e)

    def _is_copied_already(self, cluster: Cluster) -> bool:
        """Whether everything that a nest would copy was written to its destination already."""
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
        a, b = (leaf_of(self.sources[v]) for v in matmul.inputs)
        return ProductNest(matmul, a, b, *self._loops(cluster))

    def _loops(self, cluster: Cluster) -> tuple[Shape, tuple[Node, ...], tuple[Store, ...]]:
        """The dimensions of a nest, its nodes and its stores."""
        roles = self.clustering.roles
        equations = sorted(cluster.equations, key=self.numbers.__getitem__)
        stored = [v for e in equations for v in e.outputs if self._is_kept(v, cluster)]
        form, plans, places = self._laid_out(cluster, equations, stored)
        self.at_home.update(v for v, (into, _) in places.items() if into is not v)
        every = [*_rows_read(plans), *(r for _, r in places.values() if r is not None)]
        dims = common_dims(every)
        assert dims is not None
        if prod(dims) != form[0]:  # no access distinguishes the rows
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
        return (*merged, form[1] or 1), merge_equal(nodes, stores), stores

    def _is_kept(self, v: Var, cluster: Cluster) -> bool:
        return v in self.outputs or any(c is not cluster for c in self.readers.get(v, ()))

    def _laid_out(
        self, cluster: Cluster, equations: list[Equation], stored: list[Var]
    ) -> tuple[Form, Plans, Places]:
        """The form of a nest, what it reads and where it stores.

        It is the first possible form, or a later one in which all values can be stored at home.
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
        """The rows of a value's home, if elements adjacent in a row are adjacent there."""
        rows = as_rows(home.view, Clustering.columns_of(v.shape, form))
        return rows if rows is not None and rows.along == 1 else None

    def _place(self, v: Var, form: Form) -> Rows | None:
        """The rows in which a value is stored; None for one that is complete at the end only."""
        e = self.clustering.makers[v]
        if self.clustering.roles[e] in ENDS:
            return None
        return as_rows(Strided.whole(v.shape), Clustering.columns_of(v.shape, form))

    def _arguments(self, e: Equation, form: Form, inside: set[Equation]) -> list[Var | _Reading]:
        arguments: list[Var | _Reading] = []
        role = self.clustering.roles[e]
        for i, source in enumerate(self.clustering.inputs_of(e)):
            if role == "scatter" and i == 0:
                continue  # zeros
            if role == "load" and i == 0:
                parts = load_parts(e, source, form)
                assert parts is not None
                arguments.append(_Reading(source, parts[0], parts[1:]))
            elif self.clustering.makers.get(source.var) in inside:
                arguments.append(source.var)
            else:
                rows = self.clustering.rows_of(e, source.view, form)
                assert rows is not None
                arguments.append(_Reading(source, rows))
        return arguments


def _rows_read(plans: Plans) -> list[Rows]:
    return [r.rows for plan in plans.values() for r in plan if isinstance(r, _Reading)]


def _argument(a: Var | _Reading, dims: Shape, kept: list[int]) -> Argument:
    if isinstance(a, Var):
        return a
    s, rows = a.source, a.rows
    strides = (*_pick(spread(rows, dims), kept), rows.along)
    return Leaf(s.var, strides, rows.offset, s.number, s.range, a.chosen)


def _collapsed(dims: Shape, strides: Sequence[Shape]) -> tuple[Shape, list[int]]:
    """Dimensions with neighbours merged where every stride allows it, and the kept ones."""
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
