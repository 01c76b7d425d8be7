"""Stand-ins for the tensors among a function's arguments, while it is traced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._tensor.number import as_number
from ...core.gradient import grad_of
from ...core.handle import Handle, alias
from ...core.nodes import Leaf
from ...core.storage import Storage
from ...core.tape import history
from ..errors import TraceError
from .layout import variable_like
from .tracer import Tracer


class Beyond(Leaf):
    """The end of the traced tape at an argument that an operation outside computed."""

    __slots__ = ()


class Given:
    """The tensors among the arguments, and their stand-ins.

    A tensor that is given twice has one stand-in, and a second variable that nothing reads.
    """

    def __init__(self, tracer: Tracer, arguments: Sequence[Handle]) -> None:
        self.arguments = arguments
        self.variables = [variable_like(x._value) for x in arguments]
        self.storages = [Storage(v) for v in self.variables]
        tracer.made.update(self.variables)
        self.stand_in: dict[int, Handle] = {}
        for i, x in enumerate(arguments):
            if id(x) not in self.stand_in:
                self.stand_in[id(x)] = self._like(x, i)

    def _like(self, x: Handle, i: int) -> Handle:
        new: Handle = alias(self.variables[i], self.storages[i])
        if x._is_number:
            as_number(new)
        edge = history(x)
        if edge is not None:
            new._edge = leaf = (Leaf if type(edge) is Leaf else Beyond)(new)
            if type(edge) is Leaf:
                leaf.hooks, leaf.after = edge.hooks, edge.after
            new._grad = grad_of(x, at_once=True)
        return new

    def pairs(self) -> Iterator[tuple[int, Handle, Handle]]:
        """Each distinct argument, with its position and its stand-in."""
        met: set[int] = set()
        for i, x in enumerate(self.arguments):
            if id(x) not in met:
                met.add(id(x))
                yield i, x, self.stand_in[id(x)]

    def check(self) -> None:
        """Refuse changes to a stand-in that cannot be applied to the argument."""
        for i, _, new in self.pairs():
            if new._shared is not self.storages[i] or new._view:
                raise TraceError(
                    f"compile: an argument (the tensor of shape {[*new._value.shape]} at "
                    f"position {i}) is given other memory or another shape; do that outside"
                )
