"""Two ways to the same slopes: nudge each input, or call `backward()`.

Nudging needs two evaluations per input; `backward()` computes all slopes in one walk. That is why a
network with a million weights can be trained, and nudging is how its gradients are checked.
"""

from collections.abc import Callable, Sequence

from .value import Number, Value

__all__ = ["gradient", "nudge"]


def nudge(function: Callable[..., Number], at: Sequence[float], *, h: float = 1e-5) -> list[float]:
    """Estimate d function / d input for each input: (f(x + h) - f(x - h)) / 2h.

    The inputs are passed as Values, so that the same function works with `gradient`.

    With a nudge in both directions the error shrinks as h squared; with one, as in
    (f(x + h) - f(x)) / h, it shrinks as h. Too small an h is worse: x + 1e-16 is x, and the
    estimate is 0.

    >>> from gradatim.scalar import lol
    >>> [round(slope, 6) for slope in nudge(lol, [2.0, -3.0, 10.0, -2.0])]
    [6.0, -4.0, -2.0, 4.0]
    >>> nudge(lol, [2.0, -3.0, 10.0, -2.0], h=1e-16)
    [0.0, 0.0, 0.0, 0.0]
    """
    if h == 0.0:
        raise ValueError("a nudge of h = 0 says nothing about the slope: try h=1e-5")
    slopes = []
    for i in range(len(at)):
        up, down = [Value(x) for x in at], [Value(x) for x in at]
        up[i].data += h
        down[i].data -= h
        slopes.append((float(function(*up)) - float(function(*down))) / (2 * h))
    return slopes


def gradient(function: Callable[..., Value], at: Sequence[float]) -> list[float]:
    """Return d function / d input for each input, by `backward()`.

    >>> from gradatim.scalar import lol
    >>> gradient(lol, [2.0, -3.0, 10.0, -2.0])
    [6.0, -4.0, -2.0, 4.0]
    """
    inputs = [Value(x) for x in at]
    function(*inputs).backward()
    return [x.grad for x in inputs]
