"""Checks that a graph is legal: each variable made once, before it is read, with the right type."""

from __future__ import annotations

import numpy as np

from ..errors import CompileError
from .graph import Equation, Graph, Var, described


def verify(graph: Graph, right: set[Equation] | None = None) -> Graph:
    """The graph itself, if it is legal.

    Equations in `right` are known to have the types that their rules give, from a graph before a
    pass, and are not checked again. Those checked here are added to it.

    Errors: CompileError names the first illegal equation.
    """
    right = set() if right is None else right
    known: set[Var] = set()
    for i, v in enumerate(graph.inputs):
        if v in known:
            _refuse(graph, i, v, "appears twice")
        known.add(v)
    for i, e in enumerate(graph.equations):
        fault = _misplaced(e, known) or (None if e in right else _mistyped(e))
        if fault is not None:
            v, why = fault
            _refuse(graph, len(graph.inputs) + i, v, why)
        right.add(e)
        known.update(e.outputs)
    for v in graph.outputs:
        if v not in known:
            _refuse(graph, -1, v, "is never made")
    return graph


def _misplaced(e: Equation, known: set[Var]) -> tuple[Var, str] | None:
    """A variable of the equation that is read too early or made twice, and which of the two."""
    for v in e.inputs:
        if v not in known:
            return v, "is read before it is made"
    for i, v in enumerate(e.outputs):
        if v in known or v in e.outputs[:i]:
            return v, "is made twice"
    return None


def _mistyped(e: Equation) -> tuple[Var, str] | None:
    """A result whose type is not the one its primitive's rule gives, and what it should be."""
    result = e.primitive.shape(*[v.type for v in e.inputs], **e.params)
    types = result if len(e.primitive.outputs) > 1 else (result,)
    if len(types) != len(e.outputs):
        return e.outputs[0], f"should be one of {len(types)} results"
    for v, kind in zip(e.outputs, types, strict=True):
        if tuple(kind.shape) != v.shape or np.dtype(kind.dtype) != v.dtype:
            return v, f"should be {described(kind)}"
    return None


def _refuse(graph: Graph, line: int, v: Var, why: str) -> None:
    names: dict[Var, str] = {}
    text = graph.text(names)[line].strip()
    raise CompileError(f"illegal graph: {names[v]} {why} in `{text}`")
