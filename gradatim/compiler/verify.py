"""What a legal graph is: each variable is made once, before it is read, with the type it has."""

from __future__ import annotations

import numpy as np

from .errors import CompileError
from .ir import Graph, Var, described


def verify(graph: Graph) -> Graph:
    """The graph itself, if it is legal.

    Errors: CompileError names the first equation that is not.
    """
    names: dict[Var, str] = {}
    lines = graph.text(names)[len(graph.inputs) :]
    known = set(graph.inputs)
    for e, line in zip(graph.equations, lines, strict=False):
        for v in e.inputs:
            _check(v in known, f"{names[v]} is read before it is made", line)
        told = e.primitive.shape(*[v.type for v in e.inputs], **e.params)
        types = told if len(e.outputs) > 1 else (told,)
        _check(len(types) == len(e.outputs), "the number of results is wrong", line)
        for v, kind in zip(e.outputs, types, strict=True):
            same = tuple(kind.shape) == v.shape and np.dtype(kind.dtype) == v.dtype
            _check(same, f"{names[v]} should be {described(kind)}", line)
            _check(v not in known, f"{names[v]} is made twice", line)
            known.add(v)
    for v in graph.outputs:
        _check(v in known, f"the output {names[v]} is never made", lines[-1])
    return graph


def _check(fine: bool, what: str, line: str) -> None:
    if not fine:
        raise CompileError(f"illegal graph: {what} in `{line.strip()}`")
