"""Shattered gradients: how much the gradient at one input says about that at the next.

D. Balduzzi et al., "The Shattered Gradients Problem", ICML 2017: along a line of inputs, look at
the derivative of the output. In a shallow network it changes slowly (brown noise), in a deep plain
one it is like white noise, so that a downhill step for one example is useless for its neighbour.
The autocorrelation tells them apart; residual connections keep it high.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._tensor.creation import as_tensor, tensor
from .._tensor.tensor import Tensor
from ..autograd import enable_grad, grad
from ..core.errors import ArgumentError
from .signals import Array
from .unchanged import unchanged


@dataclass(frozen=True)
class Shattering:
    """Along a line: positions `t` (N,), the derivative there (N,), its autocorrelation by lag."""

    t: Array = field(repr=False)
    derivative: Array = field(repr=False)
    autocorrelation: Array = field(repr=False)

    def half(self) -> float:
        """The first lag, in units of t, at which the autocorrelation falls below one half."""
        below = np.flatnonzero(self.autocorrelation < 0.5)
        step = float(self.t[1] - self.t[0])
        return step * float(below[0] if len(below) else len(self.autocorrelation))


def shattering(
    function: Callable[[Tensor], Any], start: Any, end: Any, *, points: int = 256
) -> Shattering:
    """The derivative of a network's first output along the line from one input to another.

    `start` and `end` are two inputs of one shape (D, ...); `function`, a model or any function of a
    batch, gets all `points` inputs start + t (end - start), t from 0 to 1, as one batch (points, D,
    ...) and returns (points, ...) or (points,), or a tuple that starts with that.

    Errors: ArgumentError for inputs of different shape or of integers, for fewer than 4 points, and
    for a function that returns anything else.

    >>> import gradatim
    >>> found = shattering(lambda x: x[:, 0] ** 2, [0.0], [1.0], points=5)
    >>> found.derivative
    array([0. , 0.5, 1. , 1.5, 2. ])
    """
    first, last = (np.asarray(as_tensor(point).detach()) for point in (start, end))
    if first.shape != last.shape or first.ndim == 0:
        raise ArgumentError(
            "diagnose.shattering: start and end must be inputs of one shape, got "
            f"{list(first.shape)} and {list(last.shape)}"
        )
    if "f" not in (first.dtype.kind, last.dtype.kind):
        raise ArgumentError(
            "diagnose.shattering: there is no line between integer inputs; give the part of the "
            "model behind its embedding, and two vectors"
        )
    if points < 4:
        raise ArgumentError(f"diagnose.shattering: needs at least 4 points, got {points}")
    t = np.linspace(0.0, 1.0, points)
    way = last - first
    along = t.reshape(-1, *[1] * first.ndim)
    dtype = first.dtype if first.dtype.kind == "f" else last.dtype
    batch = tensor((first + along * way).astype(dtype), requires_grad=True)
    with unchanged(function), enable_grad():
        output = _checked(function(batch), points)
        (gradient,) = grad(output.reshape(points, -1)[:, 0].sum(), batch)
    derivative = (np.asarray(gradient) * way).reshape(points, -1).sum(1, dtype=np.float64)
    return Shattering(t, derivative, autocorrelation(derivative))


def _checked(output: Any, points: int) -> Tensor:
    result = output[0] if isinstance(output, tuple) and output else output
    if isinstance(result, Tensor) and result.ndim and len(result) == points and result.numel():
        return result
    what = f"shape {list(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
    raise ArgumentError(
        f"diagnose.shattering: the function must give a tensor with an output for each of the "
        f"{points} inputs it is given at once, shape [{points}, ...], but gave {what}; wrap it in "
        "one that picks such a tensor"
    )


def autocorrelation(series: Any, lags: int | None = None) -> Array:
    """The correlation of a series with itself shifted by k: r_k, k = 0 to lags - 1; r_0 = 1.

    r_k = sum_i (x_i - m) (x_(i+k) - m) / sum_i (x_i - m)^2, with m the mean; the default is a
    quarter of the series. A constant series has r_k = 1 everywhere; one with numbers that are not
    finite has nan.

    >>> autocorrelation([1.0, -1.0, 1.0, -1.0], lags=3)
    array([ 1.  , -0.75,  0.5 ])
    """
    x = np.asarray(series, np.float64)
    n = max(1, len(x) // 4) if lags is None else lags
    if x.ndim != 1 or not 1 <= n <= len(x):
        raise ArgumentError(
            f"diagnose.autocorrelation: needs a series and 1 to {len(x)} lags, got shape "
            f"{list(x.shape)} and {lags}"
        )
    if not np.isfinite(x).all():
        return np.full(n, np.nan)
    centred = x - x.mean()
    scale = float(np.abs(centred).max())
    if not scale > 1e-12 * float(np.abs(x).max()):
        return np.ones(n)
    centred /= scale
    total = centred @ centred
    return np.array([centred[: len(x) - k] @ centred[k:] for k in range(n)]) / total
