"""A loop nest as pseudocode, in the order in which it runs.

    for row in 256:
        for col in 27:
            a <- amax logits[row, col]
        for col in 27:
            b = sub logits[row, col] a
            c[row, col] = exp b
            d <- reduce_sum c

Names with brackets are in memory, others are in registers. An arrow marks a reduction, whose result
is complete when the loop is over. The machine works on a vector of columns, and on several rows, at
a time; this is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.graph import Equation, Names, Var
from ..ir.nests import (
    ELEMENT,
    ENDS,
    ROW,
    WHOLE,
    Argument,
    BandNest,
    BlockNest,
    DrawNest,
    Leaf,
    LineNest,
    Nest,
    Node,
    NumpyNest,
    ProductNest,
    RowNest,
    ScatterNest,
    Store,
    writes,
)
from ..schedule.grain import cut_of
from .elements import element, indices, leaf_in, loops_of

INDENT = "    "
_NO_DIMS = {"dims", "keepdim", "dim", "padding_idx", "scale_grad_by_freq"}  # implied by the loops


def loop_lines(nest: Nest, names: Names) -> list[str]:
    """The loops of a nest, with their bodies."""
    if isinstance(nest, RowNest):
        return _RowWords(nest, names).lines()
    if isinstance(nest, ProductNest):
        return _product(nest, names)
    if isinstance(nest, ScatterNest):
        return _scatter(nest, names)
    if isinstance(nest, LineNest):
        return _lines(nest, names)
    if isinstance(nest, BlockNest):
        return _blocks(nest, names)
    if isinstance(nest, BandNest):
        return _bands(nest, names)
    e = nest.equation
    outputs = ", ".join(names[v] for v in e.outputs)
    inputs = [names[v] for v in _plain_inputs(nest)]
    first = " ".join([outputs, "=", e.name + names.params(e.params), *inputs])
    return [first] if isinstance(nest, NumpyNest) else [f"one after the other: {first}"]


def _lines(nest: LineNest, names: Names) -> list[str]:
    e, x = nest.equation, nest.equation.inputs[0]
    lines, length = x.size // x.shape[nest.dim], x.shape[nest.dim]
    inputs = " ".join(names[v] for v in e.inputs)
    text = f"{names[e.output]} = {e.name}{names.params(e.params)} {inputs}"
    return [f"for line in {lines}:", f"{INDENT}along {length}, one after the other: {text}"]


def _plain_inputs(nest: DrawNest | NumpyNest) -> tuple[Var, ...]:
    if isinstance(nest, DrawNest):
        return tuple(leaf.var for leaf in nest.inputs)
    return nest.equation.inputs


# -- row nests -----------------------------------------------------------------------------


class _RowWords:
    def __init__(self, nest: RowNest, names: Names) -> None:
        self.nest, self.names = nest, names
        self.levels: dict[Var, int] = {}
        self.passes: dict[Var, int] = {}
        self.stores: dict[Var, list[Store]] = {}
        for s in nest.stores:
            self.stores.setdefault(s.value, []).append(s)
        for n in nest.nodes:
            self._place(n)

    def _place(self, n: Node) -> None:
        """Record how often a value is computed, and in which pass over a row it is available."""
        # An unknown variable is the product to whose elements the nodes are applied.
        levels = [
            a.level if isinstance(a, Leaf) else self.levels.get(a, ELEMENT) for a in n.arguments
        ]
        latest = max((self.passes.get(a, 0) for a in n.arguments if isinstance(a, Var)), default=0)
        least = WHOLE if n.role not in ENDS else ROW if len(self.nest.dims) > 1 else ELEMENT
        self.levels[n.var] = ROW if n.role == "row" else max(least, *levels)
        self.passes[n.var] = latest + 1 if n.role == "row" else latest

    def lines(self) -> list[str]:
        """All loops: values computed once, then per row, and within a row pass by pass."""
        once = [self.line(n) for n in self.nest.nodes if self._is_at(n, WHOLE, 0)]
        inner: list[str] = []
        for number in range(max(self.passes.values(), default=0) + 1):
            inner += [self.line(n) for n in self.nest.nodes if self._is_at(n, ROW, number)]
            body = [self.line(n) for n in self.nest.nodes if self._is_inner(n, number)]
            if body:
                inner += [f"for col in {self.nest.columns}:", *(INDENT + x for x in body)]
        depth = 0
        for index, n in zip(indices(self.nest.dims)[:-1], self.nest.dims, strict=False):
            once.append(f"{INDENT * depth}for {index} in {n}:")
            depth += 1
        return [*once, *(INDENT * depth + x for x in inner)]

    def _is_at(self, n: Node, level: int, number: int) -> bool:
        if n.role == "row":
            return False
        return self.levels[n.var] == level and self.passes[n.var] == (number if level else 0)

    def _is_inner(self, n: Node, number: int) -> bool:
        if n.role == "row":
            return self.passes[n.var] == number + 1
        return self.levels[n.var] == ELEMENT and self.passes[n.var] == number

    def line(self, n: Node) -> str:
        """`c[row, col] = exp b`."""
        if n.role == "scatter":
            return self._scattered(n)
        if n.role == "load":
            right = self._loaded(n)
        else:
            right = " ".join([self._called(n.equation), *map(self.argument, n.arguments)])
        sign = "<-" if n.role in ("row", *ENDS) else "="
        left = [self._stored(n, s) for s in self.stores.get(n.var, ())] or [self.names[n.var]]
        return f"{' = '.join(left)} {sign} {right}"

    def _called(self, e: Equation) -> str:
        params = {k: v for k, v in e.params.items() if k not in _NO_DIMS}
        return e.name + self.names.params(params)

    def _stored(self, n: Node, s: Store) -> str:
        name, dims = self.names[s.into], self.nest.dims
        if s.strides:
            return element(name, s.into.shape, loops_of(dims, s.strides), s.offset)
        item = ["item"] if s.into.shape != s.value.shape else []
        places = [*item, *(["col"] if n.role == "column" else [])]
        return f"{name}[{', '.join(places)}]" if places else name

    def argument(self, a: Argument) -> str:
        """A value in a register, or an element of a buffer."""
        return self.names[a] if isinstance(a, Var) else leaf_in(a, self.nest.dims, self.names)

    def _loaded(self, n: Node) -> str:
        table, place = n.arguments
        assert isinstance(table, Leaf)
        if table.range is not None:
            return f"range[{self.argument(place)}]"
        if table.chosen is None or not table.in_memory:
            return " ".join([self._called(n.equation), *map(self.argument, n.arguments)])
        return leaf_in(table, self.nest.dims, self.names, (self.argument(place), table.chosen[0]))

    def _scattered(self, n: Node) -> str:
        places, values = map(self.argument, n.arguments)
        (store,) = self.stores[n.var]
        item = ["item"] if store.into.shape != n.var.shape else []
        return f"{self.names[store.into]}[{', '.join([*item, places, 'col'])}] += {values}"


# -- the other nests -----------------------------------------------------------------------


def _product(nest: ProductNest, names: Names) -> list[str]:
    x, y = nest.equation.inputs
    batch = x.shape[:-2]
    several = [f"batch{i}" for i in range(len(batch))] if len(batch) > 1 else ["batch"]
    walked = list(zip(several, batch, strict=False))
    m, k, n = ("row", x.shape[-2]), ("inner", x.shape[-1]), ("col", y.shape[-1])
    a = _factor(nest.a, [*walked, m, k], names)
    b = _factor(nest.b, [*walked, k, n], names)
    left = _assigned(nest, nest.equation.output, names)
    words = _RowWords(RowNest(nest.dims, nest.nodes, nest.stores), names) if nest.nodes else None
    body = [f"{left} = sum over inner in {k[1]} of {a} {b}"]
    body += [words.line(node) for node in nest.nodes] if words else []
    heads = [f"for {i} in {size}:" for i, size in [*walked, m, n]]
    lines = [INDENT * depth + head for depth, head in enumerate(heads)]
    return [*lines, *(INDENT * len(heads) + line for line in body)]


def _assigned(nest: ProductNest, v: Var, names: Names) -> str:
    for s in nest.stores:
        if s.value is v:
            return element(names[s.into], s.into.shape, loops_of(nest.dims, s.strides), s.offset)
    return names[v]


def _factor(leaf: Leaf, loops: Sequence[tuple[str, int]], names: Names) -> str:
    walked = [(i, n, s) for (i, n), s in zip(loops, leaf.strides, strict=True)]
    return element(names[leaf.var], leaf.var.shape, walked, leaf.offset)


def _blocks(nest: BlockNest, names: Names) -> list[str]:
    cut = cut_of(nest)
    near = ", ".join(names[v] for v in nest.near if v not in nest.stored)
    lines = [f"for {cut.rows} of {nest.rows} rows at a time, in each of {nest.matrices} matrices:"]
    lines += [f"{INDENT}(only these rows of {near} exist at a time)"]
    if nest.hiding is not None:
        *some, most = cut.columns
        seen = f"{names[nest.hiding.mask.var]} is {not nest.hiding.value}"
        few = f"{', '.join(map(str, some))} of {most} columns"
        lines += [f"{INDENT}(only the first {few} are computed if {seen} in no other)"]
    return [*lines, *(INDENT + line for part in nest.parts for line in loop_lines(part, names))]


def _bands(nest: BandNest, names: Names) -> list[str]:
    near = ", ".join(names[v] for v in writes(nest.product) if v in nest.near)
    lines = ["for a few rows at a time:"]
    lines += [f"{INDENT}(only these rows of {near} exist at a time)"] if near else []
    return [*lines, *(INDENT + line for part in nest.parts for line in loop_lines(part, names))]


def _scatter(nest: ScatterNest, names: Names) -> list[str]:
    dims = nest.dims
    place = leaf_in(nest.places, dims, names)
    target = element(
        names[nest.into],
        nest.into.shape,
        loops_of(dims, nest.target_strides),
        0,
        (place, nest.stride),
    )
    sign = "+=" if nest.accumulate else "="
    heads = [f"for {i} in {n}:" for i, n in zip(indices(dims), dims, strict=True)]
    lines = [INDENT * depth + head for depth, head in enumerate(heads)]
    return [*lines, f"{INDENT * len(heads)}{target} {sign} {leaf_in(nest.values, dims, names)}"]
