"""Which equations run in one loop nest.

Every equation begins as a cluster of its own. Then, in program order, each is merged with those
whose results it reads, if both can have the same loops, if each value is available when it is read,
and if nothing else would have to run in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from ..ir.graph import Equation, Graph
from ..ir.kinds import ELEMENTWISE, SUMS
from ..ir.nests import ENDS
from ..ir.strided import Rows, Strided, as_rows, between, ends_of
from .sources import Source, Sources

SMALL_TABLE = 1 << 16  # bytes: as much of L1 and L2 is available for partial sums
MANY = 1024  # elements of a nest beside which the cost of a call is negligible
LARGEST = 64  # equations in a nest: compile time grows with the square of their number
Form = tuple[int, int]  # rows and columns
# Of an input: its maker; whether the element that is read is the one the same iteration computes;
# else the row counts after which the rows that are read continue with another stride.
Reading = tuple[Equation | None, bool, tuple[int, ...]]


@dataclass(eq=False)
class Cluster:
    """Equations of one nest; `forms` are the rows and columns that its loops may have."""

    kind: str  # "rows", "product", "alone"
    equations: list[Equation]
    forms: list[Form]
    number: int
    before: set[Cluster] = field(default_factory=set)
    after: set[Cluster] = field(default_factory=set)

    def is_of_numbers(self) -> bool:
        """Whether all its values have one element."""
        return all(v.size == 1 for e in self.equations for v in e.outputs)

    def leads_to(self, other: Cluster, *, directly: bool = True) -> bool:
        """Whether another cluster must run after this; not `directly`: via clusters in between."""
        waiting = [self] if directly else [c for c in self.after if c is not other]
        seen = set(waiting)
        while waiting:
            for c in waiting.pop().after:
                if c is other:
                    return True
                if c not in seen:
                    seen.add(c)
                    waiting.append(c)
        return False


def role_of(e: Equation) -> str:
    """The role of an equation in a row nest, or "product" or "alone"."""
    if e.name in ELEMENTWISE or e.name == "copy":
        return "map"
    if e.name in SUMS:
        dims, n = e.params["dims"], len(e.inputs[0].shape)
        if len(dims) == n:
            return "row" if prod(e.inputs[0].shape) <= 1024 and n == 1 else "total"
        if tuple(dims) == tuple(range(n - len(dims), n)):
            return "row"
        return "column" if tuple(dims) == tuple(range(len(dims))) else "alone"
    if e.name in ("take", "embedding", "gather"):
        return "load"
    return "product" if e.name == "matmul" else "alone"


class Clustering:
    """The clusters of a graph's equations."""

    def __init__(self, graph: Graph, sources: Sources) -> None:
        self.sources = sources
        self.roles = {e: self._role(e) for e in graph.equations}
        self.of: dict[Equation, Cluster] = {}
        self.makers = {v: e for e in graph.equations for v in e.outputs}
        self._inputs: dict[Equation, list[Source]] = {}
        self._readings: dict[tuple[Equation, Form], list[Reading] | None] = {}
        for number, e in enumerate(graph.equations):
            self._begin(e, number)

    def _begin(self, e: Equation, number: int) -> None:
        role = self.roles[e]
        kind = role if role in ("product", "alone") else "rows"
        cluster = Cluster(kind, [e], [], number)
        self.of[e] = cluster
        self._connect(e)
        if kind == "rows":
            cluster.forms = [f for f in self._forms(e) if self._fits(f, [e], {e})]
        if role == "scatter" and not cluster.forms:  # the values' rows have more than one stride
            kind = cluster.kind = self.roles[e] = "alone"
        if kind == "product":
            shape = e.output.shape
            cluster.forms = [(prod(shape[:-1]), shape[-1])]
        if kind == "rows":
            for maker in self._makers_read(e):
                if self._have_only_numbers_in_common(self.of[maker], e):
                    continue
                self.merge(self.of[maker], self.of[e])

    def _have_only_numbers_in_common(self, cluster: Cluster, e: Equation) -> bool:
        """Whether an equation reads only single numbers of a nest's results.

        In one nest they would wait for each other, which costs more than another call.
        """
        read = [m for m in self._makers_read(e) if self.of[m] is cluster]
        large = e.output.size >= MANY and not cluster.is_of_numbers()
        return large and all(m.output.size == 1 and self.roles[m] == "map" for m in read)

    def _connect(self, e: Equation) -> None:
        """Make the cluster of an equation run after those that compute its inputs."""
        cluster = self.of[e]
        for source in self.inputs_of(e):
            maker = self.makers.get(source.var)
            if maker is not None and self.of[maker] is not cluster:
                cluster.before.add(self.of[maker])
                self.of[maker].after.add(cluster)

    def connect(self) -> None:
        """Recompute the dependencies between clusters, after equations have moved."""
        for cluster in self.of.values():
            cluster.before, cluster.after = set(), set()
        for e in self.of:
            self._connect(e)

    def _role(self, e: Equation) -> str:
        """`role_of`; but additions into a small table of zeros are a "scatter" in a row nest."""
        if e.name == "put" and e.params["accumulate"] and e.params["dim"] == 0:
            small = e.output.nbytes <= SMALL_TABLE and e.output.dtype.kind == "f"
            zeros = self.sources[e.inputs[0]].number == 0
            if small and zeros and e.inputs[1].size and e.output.size:
                return "scatter"
        return role_of(e)

    def inputs_of(self, e: Equation) -> list[Source]:
        """The sources of an equation's inputs; a load's indices are repeated for each element."""
        if e not in self._inputs:
            self._inputs[e] = self._inputs_of(e)
        return self._inputs[e]

    def _inputs_of(self, e: Equation) -> list[Source]:
        sources = [self.sources[v] for v in e.inputs]
        if self.roles[e] == "load" and e.name != "gather":
            table, places = sources
            dim, n = e.params.get("dim", 0), len(table.view.shape)
            strides = (*(0,) * dim, *places.view.strides, *(0,) * (n - dim - 1))
            view = Strided(e.output.shape, strides, places.view.offset)
            sources[1] = replace(places, view=view)
        return sources

    def _makers_read(self, e: Equation) -> list[Equation]:
        makers = [self.makers[s.var] for s in self.inputs_of(e) if s.var in self.makers]
        return sorted(set(makers), key=lambda m: (-m.output.size, -self.of[m].number))

    # -- forms -----------------------------------------------------------------------------

    def _forms(self, e: Equation) -> list[Form]:
        role = self.roles[e]
        shape = e.output.shape if role in ("map", "load") else e.inputs[0].shape
        size = prod(shape)
        if role == "row":
            outer = len(shape) - len(e.params["dims"])
            return [(prod(shape[:outer]), prod(shape[outer:]))]
        if role == "scatter":
            return [(e.inputs[1].size, e.inputs[2].size // e.inputs[1].size)]
        if role == "column":
            cut = len(e.params["dims"])
            return [(prod(shape[:cut]), prod(shape[cut:]))]
        forms = [(prod(shape[:i]), prod(shape[i:])) for i in range(len(shape))]
        forms = forms or [(1, 1)]
        return list(dict.fromkeys([*forms, (size, 0)]))

    def _fits(self, form: Form, equations: list[Equation], inside: set[Equation]) -> bool:
        """Whether these equations can run in rows and columns of this form."""
        ends: set[int] = set()
        for e in equations:
            readings = self._reads(e, form)
            if readings is None:
                return False
            for maker, in_place, cuts in readings:
                if maker not in inside:
                    ends.update(cuts)
                elif not in_place:
                    return False
        return between(ends) is not None

    def _reads(self, e: Equation, form: Form) -> list[Reading] | None:
        """How an equation reads its inputs in rows of this form; None if it cannot."""
        key = (e, form)
        if key not in self._readings:
            self._readings[key] = self._read(e, form)
        return self._readings[key]

    def _read(self, e: Equation, form: Form) -> list[Reading] | None:
        readings: list[Reading] = []
        for i, source in enumerate(self.inputs_of(e)):
            maker = self.makers.get(source.var)
            if i == 0 and self.roles[e] == "scatter":
                readings.append((maker, False, ()))
                continue
            if i == 0 and self.roles[e] == "load":
                parts = load_parts(e, source, form)
                if parts is None:
                    return None
                readings.append((maker, False, ends_of(parts[0].dims)))
                continue
            rows = self.rows_of(e, source.view, form)
            if rows is None:
                return None
            in_place = maker is not None and self._same_place(maker, rows, form)
            outside = source.in_memory or source.range
            readings.append((maker, in_place, ends_of(rows.dims) if outside else ()))
        return readings

    def rows_of(self, e: Equation, view: Strided, form: Form) -> Rows | None:
        """A view that an equation reads, as rows of a nest's form."""
        return as_rows(view, self.columns_of(view.shape, form))

    @staticmethod
    def columns_of(shape: tuple[int, ...], form: Form) -> int:
        """The row length of a value of this shape: 0 for one element per row, -1 if none fits."""
        rows, columns = form
        size = prod(shape)
        if columns and size == rows * columns:
            return columns
        return 0 if size == rows else -1

    def _same_place(self, maker: Equation, rows: Rows, form: Form) -> bool:
        """Whether the element read at (r, c) is the one computed at (r, c) of the same nest."""
        if self.roles[maker] in ENDS:
            return False  # complete at the end only
        length = self.columns_of(maker.output.shape, form)
        if length == -1:
            return False
        whole = as_rows(Strided.whole(maker.output.shape), length)
        if whole is None or rows.offset:
            return False
        outer = rows.dims == whole.dims and rows.strides == whole.strides
        if form[0] == 1:
            outer = True
        return outer and (rows.along == whole.along)

    # -- merging ---------------------------------------------------------------------------

    def _is_of_elements(self, e: Equation, product: Cluster) -> bool:
        """Whether an equation has one result for each element of a product.

        One per row, or one in all, would be stored by every tile, over what the next tile reads.
        """
        return self.roles[e] == "map" and e.output.size == prod(product.forms[0])

    def merge(self, a: Cluster, b: Cluster) -> bool:
        """Move the equations of b into the nest of a, if possible."""
        if b.kind == "product":
            a, b = b, a
        if a is b or "alone" in (a.kind, b.kind) or b.kind == "product":
            return False
        if a.kind == "product" and not all(self._is_of_elements(e, a) for e in b.equations):
            return False
        if len(a.equations) + len(b.equations) > LARGEST:
            return False
        forms = self._common_forms(a, b)
        if not forms or a.leads_to(b, directly=False) or b.leads_to(a, directly=False):
            return False
        a.forms, a.equations = forms, a.equations + b.equations
        for e in b.equations:
            self.of[e] = a
        for other in b.before - {a}:
            other.after.discard(b)
            other.after.add(a)
            a.before.add(other)
        for other in b.after:
            other.before.discard(b)
            other.before.add(a)
        a.after = (a.after | b.after) - {a, b}
        a.before -= {a, b}
        a.number = max(a.number, b.number)
        b.equations = []
        return True

    def set_apart(self, numbers: list[Equation]) -> None:
        """Move single numbers of one nest to a nest of their own."""
        home = self.of[numbers[0]]
        forms = [f for f in ((1, 1), (1, 0)) if self._fits(f, numbers, set(numbers))]
        if not forms:
            return
        apart = Cluster("rows", numbers, forms, home.number)
        home.equations = [e for e in home.equations if e not in set(numbers)]
        self.of.update((e, apart) for e in numbers)

    def fits_with(self, form: Form, cluster: Cluster, e: Equation) -> bool:
        """Whether an equation could also run in a cluster of this form."""
        equations = [*cluster.equations, e]
        if cluster.kind == "product":
            if self.columns_of(e.output.shape, form) != form[1] or self._is_factor(e, cluster):
                return False
            equations = [q for q in equations if self.roles[q] == "map"]
        return self._fits(form, equations, {*cluster.equations, e})

    def _common_forms(self, a: Cluster, b: Cluster) -> list[Form]:
        both = set(a.equations) | set(b.equations)
        equations = a.equations + b.equations
        known = dict.fromkeys([*a.forms, *b.forms])
        candidates = [f for f in known if self._has(a, f) and self._has(b, f)]
        if a.kind == "product":
            if any(self._is_factor(e, a) for e in b.equations):
                return []
            inner = [e for e in equations if self.roles[e] == "map"]
            return [f for f in candidates if f in a.forms and self._fits(f, inner, both)]
        return [f for f in candidates if self._fits(f, equations, both)]

    def _is_factor(self, e: Equation, cluster: Cluster) -> bool:
        """Whether the cluster's product reads the equation's result, as a factor from memory."""
        products = [q for q in cluster.equations if self.roles[q] == "product"]
        return any(s.var in e.outputs for q in products for s in self.inputs_of(q))

    @staticmethod
    def _has(cluster: Cluster, form: Form) -> bool:
        return form in cluster.forms or (form[0], 0) in cluster.forms


def load_parts(e: Equation, table: Source, form: Form) -> tuple[Rows, int, int] | None:
    """For a load: the rows of the table without the indexed dimension, its stride and its size."""
    dim = e.params.get("dim", 0)
    view = table.view
    stride, bound = view.strides[dim], view.shape[dim]
    if e.name == "gather":
        shape = e.output.shape
        strides = tuple(0 if d == dim else t for d, t in enumerate(view.strides))
    else:
        index = len(e.output.shape) - len(view.shape) + 1
        shape = e.output.shape
        strides = (*view.strides[:dim], *(0,) * index, *view.strides[dim + 1 :])
    rest = Strided(shape, strides, view.offset)
    rows = as_rows(rest, Clustering.columns_of(shape, form))
    return None if rows is None else (rows, stride, bound)
