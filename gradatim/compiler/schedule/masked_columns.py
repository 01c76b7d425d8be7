"""Columns of a block that a mask hides, and that need not be computed at all.

    s = where mask x -inf;   e = exp (s - max s);   p = e / sum e;   y = matmul p v

Where the mask is false in every row of a block, p is 0 whatever x is, so x need not be computed
there, and the sums miss nothing. This is found by evaluating the nodes: a value is known in a
hidden column if it is the same for several numbers in place of each unknown. So only results that
are equal for all finite numbers are left out; 0 times inf, elsewhere, is still nan.

Which columns are hidden is read from the mask itself when the program runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import inf
from typing import Any

import numpy as np

from ..ir.graph import Equation, Var
from ..ir.nests import ELEMENT, Hiding, Leaf, Node, ProductNest, RowNest
from ..ir.strided import Shape

PROBES = {"f": (-1.75, 2.5), "b": (False, True)}
NEUTRAL = {"reduce_sum": 0, "amax": -inf, "amin": inf, "any": False, "all": True, "reduce_prod": 1}
Known = dict[Any, Any]


def find_hiding(parts: Sequence[RowNest | ProductNest], near: dict[Var, int]) -> Hiding | None:
    """A mask whose hidden columns may be left out, if there is one."""
    if len({width for width in near.values() if width > 1}) != 1:
        return None
    return next((h for h in _masks(parts) if _hides(h, parts, near)), None)


def _hides(hiding: Hiding, parts: Sequence[RowNest | ProductNest], near: dict[Var, int]) -> bool:
    """Whether no result that is kept depends on hidden columns."""
    known: Known = {}
    return all(_allows(part, hiding, known, near) for part in parts)


def _masks(parts: Sequence[RowNest | ProductNest]) -> Iterator[Hiding]:
    for part in parts:
        for node in part.nodes:
            mask = node.arguments[0]
            if node.equation.name != "where" or not isinstance(mask, Leaf) or not mask.in_memory:
                continue
            if mask.strides[-1] == 1:
                yield from (Hiding(mask, part.dims, value) for value in (False, True))


def _reads_it(leaf: Leaf, dims: Shape, hiding: Hiding) -> bool:
    """Whether a leaf of a nest of these dimensions reads the mask, element by element."""
    mask = hiding.mask
    return (leaf.var, leaf.strides, leaf.offset, dims) == (
        mask.var,
        mask.strides,
        mask.offset,
        hiding.dims,
    )


def _allows(
    part: RowNest | ProductNest, hiding: Hiding, known: Known, near: dict[Var, int]
) -> bool:
    """Whether a part may leave out hidden columns; records its known results in them."""
    wide = max(near.values())
    if isinstance(part, ProductNest):
        factors = [leaf.var for leaf in (part.a, part.b) if near.get(leaf.var) == wide]
        if factors:  # a hidden column must add 0 to the sum, or to what it is added to
            return len(factors) == 1 and _is_number(known.get(factors[0]), 0)
    elif part.columns != wide:
        return not any(near.get(leaf.var) == wide for leaf in _leaves(part))
    for node in part.nodes:
        if not _follow(node, part, hiding, known):
            return False
    for s in part.stores:
        if s.strides[-1:] == (1,) and near.get(s.into) != wide:
            return False
        if s.value in known:
            known[s.into] = known[s.value]
    return True


def _leaves(part: RowNest) -> list[Leaf]:
    return [a for n in part.nodes for a in n.arguments if isinstance(a, Leaf)]


def _follow(node: Node, part: RowNest | ProductNest, hiding: Hiding, known: Known) -> bool:
    """Record the value of a node in hidden columns, if known; whether they may be left out."""
    e = node.equation
    arguments = [_value(a, part, hiding, known) for a in node.arguments]
    if node.role == "row":
        inner = node.arguments[0]
        across = not isinstance(inner, Leaf) or inner.level == ELEMENT
        return not across or _is_number(arguments[0], NEUTRAL[e.name])
    value = _result(e, arguments)
    if value is not None:
        known[node.var] = value
    return True


def _value(a: Leaf | Var, part: RowNest | ProductNest, hiding: Hiding, known: Known) -> Any:
    if not isinstance(a, Leaf):
        return known.get(a)
    if a.number is not None:
        return a.number
    if _reads_it(a, part.dims, hiding):
        return hiding.value
    return known.get(a.var) if a.level == ELEMENT else None


def _result(e: Equation, arguments: Sequence[Any]) -> Any:
    """The result of an equation if it is the same whatever the unknown arguments are, else None."""
    if all(a is None for a in arguments):
        return None
    choices = []
    for a, v in zip(arguments, e.inputs, strict=True):
        values = PROBES.get(v.dtype.kind, (1, 2)) if a is None else (a,)
        choices.append([np.full((1,), x, v.dtype) for x in values])
    with np.errstate(all="ignore"):
        results = [e.primitive.value(*chosen, **e.params)[0] for chosen in product(*choices)]
    return results[0] if all(x == results[0] for x in results) else None


def _is_number(a: Any, number: float) -> bool:
    return a is not None and bool(a == number)
