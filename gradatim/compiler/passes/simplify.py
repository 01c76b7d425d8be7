"""Smaller equations for the same bits: every rule here is exact for nan, infinity and -0, too.

So x + 0 stays (it turns -0 into 0), while x - 0 and x * 1 go.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...ops.broadcast import reshape
from ...ops.elementwise import mul
from ...ops.movement import permute
from ..ir.graph import Equation, Graph, Var, apply, renamed
from .fold import repeat
from .lookups import is_lookup

Makers = dict[Var, Equation]
Found = Var | Equation | tuple[Equation, Equation] | None  # of two, the first computes an input
Rule = Callable[[Equation, Makers], Found]


def simplify(graph: Graph) -> Graph:
    """Apply the rules below to each equation, in order, until none applies."""
    makers: Makers = {}
    new: dict[Var, Var] = {}
    kept = []
    for e in graph.equations:
        e = renamed(e, new)
        result = _once(e, makers)
        while isinstance(result, Equation | tuple):
            if isinstance(result, tuple):
                first, result = result
                makers[first.output] = first
                kept.append(first)
            new[e.output] = result.output
            e = result
            result = _once(e, makers)
        if result is not None:
            new[e.output] = result
            continue
        makers.update((v, e) for v in e.outputs)
        kept.append(e)
    return graph.with_equations(kept).rename(_followed(new))


def _once(e: Equation, makers: Makers) -> Found:
    rule = RULES.get(e.name)
    return rule(e, makers) if rule else None


def _followed(new: dict[Var, Var]) -> dict[Var, Var]:
    result = {}
    for old, v in new.items():
        while v in new and new[v] is not v:
            v = new[v]
        result[old] = v
    return result


def number_of(v: Var, makers: Makers) -> Any:
    """The number that a variable repeats; None if it is not known."""
    e = makers.get(v)
    return e.params["value"] if e is not None and e.name == "repeated" else None


def _is(v: Var, number: float, makers: Makers) -> bool:
    known = number_of(v, makers)
    return known is not None and known == number and math.copysign(1, known) == 1


def _copy(e: Equation, makers: Makers) -> Var:
    return e.inputs[0]  # memory is not shared here, so nothing has to be copied


def _times(e: Equation, makers: Makers) -> Var | None:
    x, y = e.inputs
    return x if _is(y, 1, makers) else y if _is(x, 1, makers) else None


def _over(e: Equation, makers: Makers) -> Found:
    x, y = e.inputs
    divisor = number_of(y, makers)
    if divisor is None or e.output.dtype.kind != "f":
        return None
    if divisor == 1:
        return x
    if 1e-30 < abs(divisor) < 1e30 and abs(math.frexp(divisor)[0]) == 0.5:
        inverse = repeat(e, 1 / divisor, y)  # exact for a power of two, and ten times faster
        return inverse, apply(mul, (x, inverse.output), {}, e.line)
    return None


def _minus(e: Equation, makers: Makers) -> Var | None:
    return e.inputs[0] if _is(e.inputs[1], 0, makers) else None


def _negated(e: Equation, makers: Makers) -> Var | None:
    inner = makers.get(e.inputs[0])
    return inner.inputs[0] if inner is not None and inner.name == "neg" else None


def _differs(e: Equation, makers: Makers) -> Var | None:
    """`x != 0` of a boolean cast to numbers: the boolean."""
    x, y = e.inputs
    inner = makers.get(x)
    was = inner.inputs[0] if inner is not None and inner.name == "cast" else None
    return was if was is not None and was.dtype.kind == "b" and _is(y, 0, makers) else None


def _cast(e: Equation, makers: Makers) -> Var | None:
    return e.inputs[0] if e.inputs[0].dtype == e.output.dtype else None


def _unmoved(e: Equation) -> bool:
    return e.inputs[0].shape == e.output.shape


def _shaped(e: Equation, makers: Makers) -> Found:
    """`reshape` and `broadcast_to`: to the same shape, or after one of their own kind."""
    (x,) = e.inputs
    if x.shape == e.output.shape:
        return x
    inner = makers.get(x)
    if inner is not None and inner.name == e.name:
        return apply(e.primitive, inner.inputs, {"shape": e.output.shape}, e.line)
    if inner is not None and is_lookup(inner):
        return _looked_up(e, inner)
    return _repeated(e, makers)


def _looked_up(e: Equation, lookup: Equation) -> Found:
    """A reshape of looked-up rows that only changes the index dimensions: reshape the indices."""
    table, places = lookup.inputs
    shape, row = e.output.shape, table.shape[1:]
    front = shape[: len(shape) - len(row)]
    if e.name != "reshape" or not row or (*front, *row) != shape or front == places.shape:
        return None
    moved = apply(reshape, (places,), {"shape": front}, e.line)
    inputs = (table, moved.output)
    return moved, apply(lookup.primitive, inputs, lookup.params, lookup.line, lookup.part_of)


def _put(e: Equation, makers: Makers) -> Found:
    """Values written at indices of several dimensions: flat ones, if they were reshaped before."""
    table, places, values = e.inputs
    maker = makers.get(values)
    n = places.size
    if maker is None or maker.name != "reshape" or e.params["dim"] or len(places.shape) < 2:
        return None
    if maker.inputs[0].shape != (n, *table.shape[1:]):
        return None
    moved = apply(reshape, (places,), {"shape": (n,)}, e.line)
    inputs = (table, moved.output, maker.inputs[0])
    return moved, apply(e.primitive, inputs, e.params, e.line, e.part_of)


def _permute(e: Equation, makers: Makers) -> Var | Equation | None:
    (x,) = e.inputs
    order = e.params["order"]
    if order == tuple(range(len(order))):
        return x
    inner = makers.get(x)
    if inner is not None and inner.name == "permute":
        both = tuple(inner.params["order"][i] for i in order)
        return apply(permute, inner.inputs, {"order": both}, e.line)
    return _repeated(e, makers)


def _repeated(e: Equation, makers: Makers) -> Equation | None:
    number = number_of(e.inputs[0], makers)
    return None if number is None else repeat(e, number, e.output)


def _sum(e: Equation, makers: Makers) -> Var | Equation | None:
    """Over no dimensions, or dimensions of size 1, it is the input, reshaped."""
    (x,) = e.inputs
    if any(x.shape[d] != 1 for d in e.params["dims"]):
        return None
    return x if _unmoved(e) else apply(reshape, (x,), {"shape": e.output.shape}, e.line)


def _cat(e: Equation, makers: Makers) -> Var | None:
    return e.inputs[0] if len(e.inputs) == 1 else None


def _written(e: Equation, makers: Makers) -> Var | Equation | None:
    """An update of all of a tensor, through a reshape of it."""
    x, y = e.inputs
    if any(primitive is not reshape for primitive, _ in e.params["view"]):
        return None
    return y if y.shape == x.shape else apply(reshape, (y,), {"shape": x.shape}, e.line)


RULES: dict[str, Rule] = {
    "cat": _cat,
    "copy": _copy,
    "mul": _times,
    "div": _over,
    "sub": _minus,
    "neg": _negated,
    "ne": _differs,
    "put": _put,
    "cast": _cast,
    "reshape": _shaped,
    "broadcast_to": _shaped,
    "permute": _permute,
    "slice": _repeated,
    "reduce_sum": _sum,
    "amax": _sum,
    "amin": _sum,
    "update_view": _written,
}
