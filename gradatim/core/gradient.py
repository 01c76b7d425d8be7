"""A tensor's `.grad`: there, or left by a compiled step that nobody has asked yet.

A step leaves a gradient for every parameter, and mostly nobody looks at them. So what it puts there
is a promise: the tensor is made for whoever asks. Until then the next step may leave its numbers in
the same memory, since nobody has seen them.
"""

from __future__ import annotations

from typing import Any

from .handle import Handle


class Unasked:
    """A gradient that is a tensor as soon as somebody asks."""

    __slots__ = ()

    def tensor(self, *, at_once: bool) -> Handle | None:
        """The tensor, the same one every time; `at_once` even while a step writes its numbers.

        None if it has been taken back.
        """
        raise NotImplementedError

    def replaced(self) -> None:
        """Hear that this is no longer the gradient of its tensor."""
        raise NotImplementedError


def grad_of(x: Any, *, at_once: bool = False) -> Any:
    """The gradient of a tensor, or None.

    Whoever asks while another thread's step writes it waits for that; not if it is to be had
    `at_once`, by who is not going to look at the numbers now.
    """
    grad = x._grad
    if grad is not None and isinstance(grad, Unasked):
        made = grad.tensor(at_once=at_once)
        if x._grad is grad:
            x._grad = made
        return made
    return grad


def put_grad(x: Any, new: Any) -> None:
    """Let something be the gradient of a tensor: a tensor, a promise of one, or None."""
    old = x._grad
    x._grad = new
    if old is not None and old is not new and isinstance(old, Unasked):
        old.replaced()
