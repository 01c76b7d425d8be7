"""`tensor.grad_fn`: a view of the tape with PyTorch's operation names and connections."""

from __future__ import annotations

from typing import Any

from ..core.nodes import Leaf, Output
from .node_names import name_of


class GradFn:
    """A recorded operation.

    >>> import gradatim
    >>> x = gradatim.tensor(2.0, requires_grad=True)
    >>> y = (x * 3).exp()
    >>> y.grad_fn.name(), [f.name() for f, _ in y.grad_fn.next_functions]
    ('ExpBackward0', ['MulBackward0'])
    """

    __slots__ = ("_edge", "_name")

    def __init__(self, edge: Any, name: str) -> None:
        self._edge = edge
        self._name = name

    def name(self) -> str:
        """PyTorch's name for the operation; leaves are called AccumulateGrad."""
        return self._name

    @property
    def next_functions(self) -> tuple[tuple[GradFn | None, int], ...]:
        """For each input, the operation that computed it and the index among its outputs."""
        return tuple([_shown(edge) for edge in _entry(self._edge).edges])

    @property
    def variable(self) -> Any:
        """The tensor whose gradient a leaf accumulates."""
        if not isinstance(self._edge, Leaf):
            raise AttributeError(
                f"{self._name} is an operation; only AccumulateGrad has a variable"
            )
        return self._edge.tensor()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradFn) and _entry(self._edge) is _entry(other._edge)

    def __hash__(self) -> int:
        return hash(_entry(self._edge))

    def __repr__(self) -> str:
        return f"<{self._name} object>"


def _entry(edge: Any) -> Any:
    return edge.node if isinstance(edge, Output) else edge


def _shown(edge: Any) -> tuple[GradFn | None, int]:
    if edge is None:
        return None, 0
    return GradFn(edge, name_of(edge) or edge.name), getattr(edge, "index", 0)
