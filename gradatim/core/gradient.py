"""A tensor's `.grad`: a tensor, or a deferred gradient left by a compiled step.

A compiled step produces a gradient for every parameter, but most are never read. So it stores a
`DeferredGrad`, which becomes a tensor when it is first read. Until then the next step may reuse the
memory.
"""

from __future__ import annotations

from typing import Any

from .handle import Handle


class DeferredGrad:
    """A gradient that becomes a tensor when it is first read."""

    __slots__ = ()

    def tensor(self, *, at_once: bool) -> Handle | None:
        """The tensor, the same one every time; None if the gradient was withdrawn.

        With `at_once` it is returned even while a step is still writing its values.
        """
        raise NotImplementedError

    def replaced(self) -> None:
        """Called when the tensor's gradient has been set to something else."""
        raise NotImplementedError


def grad_of(x: Any, *, at_once: bool = False) -> Any:
    """The gradient of a tensor, or None.

    Waits for a step in another thread that is writing it, unless `at_once`, which is for callers
    that do not read the values now.
    """
    grad = x._grad
    if grad is not None and isinstance(grad, DeferredGrad):
        tensor = grad.tensor(at_once=at_once)
        if x._grad is grad:
            x._grad = tensor
        return tensor
    return grad


def put_grad(x: Any, new: Any) -> None:
    """Set a tensor's gradient to a tensor, a `DeferredGrad` or None."""
    old = x._grad
    x._grad = new
    if old is not None and old is not new and isinstance(old, DeferredGrad):
        old.replaced()
