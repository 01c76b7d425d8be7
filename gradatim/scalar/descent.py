"""Gradient descent: repeatedly take a small step against the slope.

w = w0
repeat:
    compute L = f(w)                                the forward pass
    reset the gradients to 0
    compute dL/dw                                   backward()
    w = w - rate * dL/dw                            the update
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .value import Value

__all__ = ["Step", "descend"]


@dataclass(frozen=True)
class Step:
    """A point on the path: its coordinates, the function's value there and its gradient."""

    at: tuple[float, ...]
    height: float
    gradient: tuple[float, ...]


def descend(
    function: Callable[..., Value], start: Sequence[float], *, rate: float, steps: int
) -> list[Step]:
    """Return the path of `steps` updates w - rate * gradient: steps + 1 points, the start first.

    With too large a rate the path diverges to inf and nan; nothing raises, so it can be plotted.

    >>> path = descend(lambda x: x**2 + 1, [2.0], rate=0.1, steps=30)
    >>> round(path[0].height, 3), round(path[-1].height, 3)
    (5.0, 1.0)

    On the weights of the first graph, with fixed inputs:

    >>> from gradatim.scalar import lol
    >>> path = descend(lambda w1, w2: lol(w1=w1, w2=w2), [10.0, -2.0], rate=0.01, steps=1)
    >>> round(path[0].height, 6), round(path[1].height, 6)
    (-8.0, -8.2008)
    """
    w = [Value(number) for number in start]
    path = [_look(function, w)]
    for _ in range(steps):
        for wi in w:
            wi.data -= rate * wi.grad
        path.append(_look(function, w))
    return path


def _look(function: Callable[..., Value], w: list[Value]) -> Step:
    """Run the forward pass, the reset and the backward pass at w."""
    height = function(*w)
    for wi in w:
        wi.zero_grad()
    height.backward()
    return Step(tuple(wi.data for wi in w), height.data, tuple(wi.grad for wi in w))
