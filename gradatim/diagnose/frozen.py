"""Record frozen layers on the tape too, so that their signals can be examined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..core.nodes import Leaf
from ..core.tape import history
from ..nn import Module


@contextmanager
def taping_frozen(model: Module) -> Iterator[set[Any]]:
    """In a block, record operations on frozen parameters too; yields their tape entries."""
    frozen = [p for p in model.parameters() if not p.requires_grad and p.is_floating_point()]
    try:
        for parameter in frozen:
            parameter.requires_grad_()
        yield {history(parameter) for parameter in frozen}
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)


def learning(entries: Iterable[Any], frozen: set[Any]) -> set[Any]:
    """The entries, given earliest first, that depend on something not frozen."""
    dependent: set[Any] = set()
    for edge in entries:
        ends = isinstance(edge, Leaf) and edge not in frozen
        if ends or any(before in dependent for before in edge.edges):
            dependent.add(edge)
    return dependent
