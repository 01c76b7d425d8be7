"""Constant folding.

Only values that are the same everywhere, one number, are folded. Anything larger would move memory
from the program's arithmetic into its constants, and gain nothing.
"""

from __future__ import annotations

import numpy as np

from ...ops.broadcast import repeated
from ..ir.graph import Equation, Graph, Var, apply, renamed
from ..ir.kinds import ELEMENTWISE

MOVED = ("broadcast_to", "reshape", "permute", "slice", "flip", "copy", "diagonal")


def fold(graph: Graph) -> Graph:
    """Replace equations whose inputs are each one repeated number by their result."""
    constants: dict[Var, Equation] = {}
    new: dict[Var, Var] = {}
    kept = []
    for e in graph.equations:
        e = renamed(e, new)
        if e.name == "filled":  # has memory of its own in eager mode only
            old, e = e, repeat(e, e.params["value"], e.output)
            new[old.output] = e.output
        elif e.name != "repeated" and all(v in constants for v in e.inputs) and _can_fold(e):
            old, e = e, _folded(e, constants)
            new[old.output] = e.output
        if e.name == "repeated":
            constants[e.output] = e
        kept.append(e)
    return graph.with_equations(kept).rename(new)


def _can_fold(e: Equation) -> bool:
    return bool(e.inputs) and (e.name in MOVED or e.name in ELEMENTWISE) and len(e.outputs) == 1


def _folded(e: Equation, constants: dict[Var, Equation]) -> Equation:
    if e.name in MOVED:
        return repeat(e, constants[e.inputs[0]].params["value"], e.output)
    numbers = [constants[v].primitive.value(**{**constants[v].params, "shape": (1,)})
               for v in e.inputs]  # fmt: skip
    with np.errstate(all="ignore"):
        (number,) = e.primitive.value(*numbers, **e.params).tolist()
    return repeat(e, number, e.output)


def repeat(e: Equation, value: object, like: Var) -> Equation:
    """An equation that repeats a number in the shape and dtype of a variable."""
    params = {"shape": like.shape, "value": value, "dtype": like.dtype}
    return apply(repeated, (), params, e.line)
