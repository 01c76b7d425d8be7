"""What happened to `.grad` while a function was traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.handle import Handle, steps
from ...core.nodes import Leaf
from ...core.storage import Storage
from ...core.tape import history
from ..errors import TraceError
from .given import Given
from .traced import Capture
from .tracer import Tracer


class TracedGrads:
    """Each `.grad` before and after: of captured tensors, and of arguments by their position."""

    def __init__(self, tracer: Tracer, given: Given) -> None:
        self.tracer = tracer
        self.then: list[tuple[Handle | int, Handle, Any]] = [
            (t, t, kept.get("_grad")) for t, kept in tracer.met.values()
        ]
        for i, argument, x in given.pairs():
            before = argument._grad if x._edge is not None else None
            if x._grad is not before and type(history(argument)) is not Leaf:
                raise TraceError(_beyond_reach(i, argument, x))
            self.then.append((i, x, before))

    def owners(self) -> dict[int, Handle | int]:
        """The tensor, or position of the argument, whose `.grad` a tensor was, by its id."""
        owners = {}
        for place, t, grad in self.then:
            if grad is not None:
                owners[id(grad)] = place
                if _is_as_before(t._grad, grad):
                    owners[id(t._grad)] = place
        return owners

    def storages(self) -> set[Storage]:
        """The memory of every `.grad` as it was before."""
        return {grad._storage for _, _, grad in self.then if grad is not None}

    def made(self) -> list[tuple[Handle | int, Any]]:
        """The owners whose `.grad` is a new tensor, and these tensors."""
        return [
            (place, t._grad)
            for place, t, grad in self.then
            if t._grad is not None and not _is_as_before(t._grad, grad)
        ]

    def cleared(self) -> list[Handle | int]:
        """The owners whose `.grad` was removed."""
        return [p for p, t, g in self.then if g is not None and t._grad is None]

    def wanted(self, captures: Sequence[Capture]) -> list[tuple[Handle, bool]]:
        """Tensors that must (not) have a `.grad`: it is read before it is replaced."""
        used = {id(c.grad_of) for c in captures}
        asked = {i for i, what in self.tracer.grads.items() if what == "asked"}
        return [
            (place, grad is not None)
            for place, _, grad in self.then
            if isinstance(place, Handle) and id(place) in used | asked
        ]


def _is_as_before(new: Any, old: Any) -> bool:
    """Whether a `.grad` is unchanged, or detached: on the same memory, without history."""
    if new is old or new is None or old is None:
        return new is old
    same = new._storage is old._storage and steps(new._view) == steps(old._view)
    return same and history(new) is None and history(old) is None


def _beyond_reach(i: int, argument: Handle, x: Handle) -> str:
    which = f"an argument (the tensor of shape {[*x._value.shape]} at position {i})"
    if history(argument) is None:
        return (
            f"compile: {which} is made to require grad in the function, and backward() adds to its "
            ".grad; call requires_grad_() outside, or in the function x = x.detach()."
            "requires_grad_(), which leaves the argument alone"
        )
    return (
        f"compile: backward() reached {which} that was computed outside, where a compiled function "
        "cannot go on; compute it inside, or pass x.detach()"
    )
