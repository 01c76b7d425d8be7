"""A value with a row per index, split into a sum of terms that are looked up at these indices.

softmax(table)[x] - (y = c)  =  exp(table)[x, c] / sum(exp(table))[x]  -  1 in column y
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

from ...core.primitive import Primitive
from ...ops.broadcast import reshape
from ...ops.elementwise import cast, mul
from ..ir.graph import Equation, Var, apply
from .fold import repeat
from .lookups import LOOKUPS, is_lookup, is_strict
from .pick import columns_of
from .simplify import Makers


@dataclass(frozen=True)
class Term:
    """`± times[x[i], c] / over[x[i], c] * weight[i]`, in column y[i] only if there is a `column`.

    `times` and `over` are tables that are looked up, rows that are the same for all indices, or
    single numbers. Without `weight` all weights are 1.
    """

    negative: bool = False
    times: tuple[Var, ...] = ()
    over: tuple[Var, ...] = ()
    weight: Var | None = None
    column: Var | None = None

    @property
    def opposite(self) -> Term:
        """Minus this."""
        return replace(self, negative=not self.negative)


Terms = list[Term]


class Opaque(Exception):
    """The value cannot be split into terms."""


class Parts:
    """The values of one `put`, a row per index, split into terms."""

    def __init__(self, e: Equation, makers: Makers) -> None:
        self.e, self.makers = e, makers
        self.shape, self.dtype = e.output.shape, e.output.dtype
        self.places = e.inputs[1]
        self.lookup = e  # the equation whose check of the indices applies
        self.made: list[Equation] = []
        self.known: dict[Var, Terms] = {}

    def make(self, primitive: Primitive, *inputs: Var, **params: object) -> Var:
        """Append an equation; its result."""
        return self.add(apply(primitive, inputs, params, self.e.line, self.e.part_of))

    def number(self, value: object, shape: tuple[int, ...] = ()) -> Var:
        """A repeated number."""
        return self.add(repeat(self.e, value, Var(shape, self.dtype)))

    def add(self, *equations: Equation) -> Var:
        """Append equations; the result of the last."""
        self.made += equations
        return equations[-1].output

    def of(self, v: Var) -> Terms:
        """The terms whose sum is `v`. Errors: Opaque."""
        if v not in self.known:
            self.known[v] = self._taken_apart(v)
        return self.known[v]

    def _taken_apart(self, v: Var) -> Terms:
        e = self.makers.get(v)
        try:
            if e is None or e.name not in RULES:
                raise Opaque
            return _without_opposites(RULES[e.name](self, e))
        except Opaque:
            if v.dtype != self.dtype or not self.is_column(v):
                raise
            return [Term(weight=self.flat(v))]

    def is_column(self, v: Var) -> bool:
        """Whether it has one number per index."""
        return v.shape in ((self.places.size,), (self.places.size, 1))

    def flat(self, v: Var) -> Var:
        """One number per index, without a dimension of size 1."""
        return v if len(v.shape) == 1 else self.make(reshape, v, shape=(v.size,))

    def product(self, a: Term, b: Term) -> Term:
        """The product of two terms. Errors: Opaque."""
        if a.column is not None and b.column is not None and a.column is not b.column:
            raise Opaque
        weight = a.weight if b.weight is None else b.weight
        if a.weight is not None and b.weight is not None:
            weight = self.make(mul, a.weight, b.weight)
        column = a.column if b.column is None else b.column
        signs = a.negative != b.negative
        return Term(signs, a.times + b.times, a.over + b.over, weight, column)


def _without_opposites(terms: Terms) -> Terms:
    """The terms that do not cancel."""
    kept: Terms = []
    for t in terms:
        if t.opposite in kept:
            kept.remove(t.opposite)
        else:
            kept.append(t)
    return kept


# -- how each operation is split into terms ------------------------------------------------


def _number(parts: Parts, e: Equation) -> Terms:
    value = e.params["value"]
    return [] if value == 0 else [Term(times=(parts.number(value),))]


def _spread(parts: Parts, e: Equation) -> Terms:
    (x,) = e.inputs
    if x.size == 1:
        return [Term(times=(x,))]
    if parts.is_column(x) and len(x.shape) == len(e.output.shape):
        return parts.of(x)
    if x.shape in (e.output.shape[1:], (1, *e.output.shape[1:])):  # the same row everywhere
        return [Term(times=(x,))]
    raise Opaque


def _reshaped(parts: Parts, e: Equation) -> Terms:
    if not (parts.is_column(e.inputs[0]) and parts.is_column(e.output)):
        raise Opaque
    return parts.of(e.inputs[0])


def _looked_up(parts: Parts, e: Equation) -> Terms:
    table, places = e.inputs
    if not is_lookup(e) or places is not parts.places or table.shape[0] != parts.shape[0]:
        raise Opaque
    if not is_strict(parts.lookup):
        parts.lookup = e
    column = table if len(table.shape) == 2 else parts.make(reshape, table, shape=(table.size, 1))
    return [Term(times=(column,))]


def _sum(parts: Parts, e: Equation) -> Terms:
    return parts.of(e.inputs[0]) + parts.of(e.inputs[1])


def _difference(parts: Parts, e: Equation) -> Terms:
    return parts.of(e.inputs[0]) + [t.opposite for t in parts.of(e.inputs[1])]


def _negative(parts: Parts, e: Equation) -> Terms:
    return [t.opposite for t in parts.of(e.inputs[0])]


def _product(parts: Parts, e: Equation) -> Terms:
    return [parts.product(a, b) for a, b in product(*map(parts.of, e.inputs))]


def _quotient(parts: Parts, e: Equation) -> Terms:
    above, below = map(parts.of, e.inputs)
    if len(below) != 1 or below[0].weight is not None or below[0].column is not None:
        raise Opaque
    inverse = replace(below[0], times=below[0].over, over=below[0].times)
    return [parts.product(t, inverse) for t in above]


def _choice(parts: Parts, e: Equation) -> Terms:
    condition, x, y = e.inputs
    chosen, other = parts.of(x), parts.of(y)
    if parts.is_column(condition) and not other:
        mask = Term(weight=parts.make(cast, parts.flat(condition), dtype=parts.dtype))
        return [parts.product(t, mask) for t in chosen]
    maker = parts.makers.get(condition)
    column = None if maker is None else columns_of(maker, parts.makers)
    if column is None or column.dtype != parts.places.dtype:
        raise Opaque
    here = _without_opposites(chosen + [t.opposite for t in other])
    return other + [parts.product(t, Term(column=column)) for t in here]


RULES: dict[str, Callable[[Parts, Equation], Terms]] = {
    "repeated": _number,
    "broadcast_to": _spread,
    "reshape": _reshaped,
    **dict.fromkeys(LOOKUPS, _looked_up),
    "add": _sum,
    "sub": _difference,
    "neg": _negative,
    "mul": _product,
    "div": _quotient,
    "where": _choice,
}
