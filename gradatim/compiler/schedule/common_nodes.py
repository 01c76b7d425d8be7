"""Equal nodes of a nest, computed once.

`isolate` copies the inputs of sums so that these can run before what waits for them. If the sums
end up in one nest with the rest anyway, as they can along a row, the copies are not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..ir.graph import Var, key_of
from ..ir.nests import ENDS, Argument, Leaf, Node, Store


def merge_equal(nodes: Sequence[Node], stores: Sequence[Store]) -> tuple[Node, ...]:
    """The nodes without those that equal an earlier one and are not stored themselves."""
    stored = {s.value for s in stores}
    first: dict[Any, Var] = {}
    new: dict[Argument, Var] = {}
    kept = []
    for n in nodes:
        node = n
        if any(a in new for a in n.arguments):
            node = replace(n, arguments=tuple(new.get(a, a) for a in n.arguments))
        same = first.setdefault(_key(node), n.var) if n.role not in ENDS else n.var
        if same is n.var or n.var in stored:
            kept.append(node)
        else:
            new[n.var] = same
    return tuple(kept)


def _key(n: Node) -> tuple[Any, ...]:
    e = n.equation
    arguments = tuple(
        (a.number, a.var.dtype) if isinstance(a, Leaf) and a.number is not None else a
        for a in n.arguments
    )
    return n.role, e.name, key_of(e.params), e.output.dtype, e.output.size, arguments
