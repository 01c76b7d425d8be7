"""A tensor's `.grad`: a tensor, or a deferred one left by a compiled step.

A compiled step leaves a gradient for every parameter, and mostly nobody reads them. So it leaves a
`DeferredGrad`, from which the tensor is made when it is first read. Until then the next step may
reuse the memory, since nobody has seen the numbers.
"""

from __future__ import annotations

from typing import Any

from .handle import Handle


class DeferredGrad:
    """A gradient that becomes a tensor when it is first read."""

    __slots__ = ()

    def tensor(self, *, at_once: bool) -> Handle | None:
        """The tensor, the same one every time; None if the gradient was withdrawn.

        With `at_once` it is returned even while a step is still writing its numbers.
        """
        raise NotImplementedError

    def replaced(self) -> None:
        """Called when this is no longer the gradient of its tensor."""
        raise NotImplementedError


def grad_of(x: Any, *, at_once: bool = False) -> Any:
    """The gradient of a tensor, or None.

    Waits for a step in another thread that is writing it, unless `at_once`, for callers that do
    not read the numbers now.
    """
    grad = x._grad
    if grad is not None and isinstance(grad, DeferredGrad):
        made = grad.tensor(at_once=at_once)
        if x._grad is grad:
            x._grad = made
        return made
    return grad


def put_grad(x: Any, new: Any) -> None:
    """Set the gradient of a tensor: a tensor, a `DeferredGrad`, or None."""
    old = x._grad
    x._grad = new
    if old is not None and old is not new and isinstance(old, DeferredGrad):
        old.replaced()
