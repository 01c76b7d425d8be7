"""Smooth activations of the form x * gate(x), with a gate between 0 and 1: GELU, SiLU, Mish.

Each is a composite with explicit first and second derivatives, so that a gradient is one operation
and a second gradient another. In NumPy the gate is recovered as f(x) / x, which makes the
derivative half as expensive as computing it from x alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.cut import Cut, Elements
from ..core.primitive import Composite
from .elementwise import add, clamp, div, exp, ge, like, mul, same, sigmoid, square, sub, where
from .erf import erf, write_erf, write_polynomial
from .erf_polynomials import NORMAL_CDF
from .pieces import in_pieces

Array = np.ndarray[Any, Any]
Function = Callable[[Any], Any]
Work = Callable[..., None]
ELEMENTS = Elements()


def activation(
    name: str,
    f: Function,
    slope: Function,
    curve: Function,
    *,
    start: float,
    value: Work,
    back: Work,
    cut: Cut | None = ELEMENTS,
) -> Composite:
    """The composite f(x), with f' (`slope`) and f'' (`curve`) in library operations.

    `value(x, out, scratch)` writes f(x) in NumPy, and `back(g, x, y, gate, out, scratch)` writes
    g f'(x), given y = f(x) and gate = y / x, which is `start`, f'(0), at x = 0. `cut` is None where
    a compiled kernel would be no faster than NumPy.
    """

    def write_back(g: Array, x: Array, y: Array, out: Array, gate: Array, scratch: Array) -> None:
        np.divide(y, x, gate)
        tiny = _tiny(x.dtype)
        if not np.minimum.reduce(np.abs(x, scratch), None) > tiny:  # true for nan too
            np.copyto(gate, start, where=scratch <= tiny)
        back(g, x, y, gate, out, scratch)

    def back_value(g: Array, x: Array, *, y: Array | None) -> Array:
        return in_pieces(write_back, g, x, whole.value(x) if y is None else y, needs=2)

    derivative: Composite = Composite(
        f"{name}_back(g, x, *, y)",
        lambda g, x, *, y: mul(g, slope(x)),
        same,
        value=back_value,
        cut=cut,
        numpy_only=("y",),
        g=lambda h, x, y: derivative(h, x, y=y),
        x=lambda h, g, x: mul(mul(h, g), curve(x)),
    )
    whole = Composite(
        f"{name}(x)",
        f,
        same,
        value=lambda x: in_pieces(value, x, needs=1),
        cut=cut,
        x=lambda g, x, out_array: derivative(g, x, y=out_array),
    )
    return whole


@lru_cache
def _tiny(dtype: np.dtype[Any]) -> Any:
    """For |x| up to this, f(x) / x is too inexact to be the gate, and nan at 0."""
    return 16 * np.finfo(dtype).smallest_normal


def _times(x: Any, number: float) -> Any:
    return mul(x, like(x, number))


def _plus(x: Any, number: float) -> Any:
    return add(x, like(x, number))


def _write_sigmoid(x: Array, out: Array) -> None:
    np.exp(np.negative(x, out), out)
    np.add(out, 1, out)
    np.reciprocal(out, out)


# -- x Phi(x) --------------------------------------------------------------------------------

_ROOT_HALF = math.sqrt(0.5)
_ROOT_TAU = math.sqrt(2 * math.pi)


def _normal_cdf(x: Any) -> Any:
    return _times(_plus(erf(_times(x, _ROOT_HALF)), 1), 0.5)


def _normal_pdf(x: Any) -> Any:
    return _times(exp(_times(square(x), -0.5)), 1 / _ROOT_TAU)


def _write_normal_cdf(x: Array, out: Array, scratch: Array) -> None:
    if x.dtype == np.float32:
        # A third of erf's calls; the error is at most 6e-8, the rounding error of 1 + erf.
        square = np.minimum(np.multiply(x, x, scratch), 36, out=scratch)
        write_polynomial(square, NORMAL_CDF["float"], out)
        _write_sigmoid(np.multiply(out, x, out), out)
        return
    write_erf(np.multiply(x, _ROOT_HALF, scratch), out)
    np.add(out, 1, out)
    np.multiply(out, 0.5, out)


def _write_gelu(x: Array, out: Array, scratch: Array) -> None:
    _write_normal_cdf(x, out, scratch)
    np.multiply(out, x, out)


def _write_gelu_back(g: Array, x: Array, y: Array, gate: Array, out: Array, scratch: Array) -> None:
    np.multiply(x, x, scratch)
    np.exp(np.multiply(scratch, -0.5, scratch), scratch)
    np.multiply(scratch, 1 / _ROOT_TAU, scratch)
    np.multiply(scratch, x, scratch)
    np.add(gate, scratch, scratch)
    np.multiply(scratch, g, out)


# x Phi(x), where Phi is the distribution function of the standard normal
gelu = activation(
    "gelu",
    lambda x: mul(x, _normal_cdf(x)),
    lambda x: add(_normal_cdf(x), mul(x, _normal_pdf(x))),
    lambda x: mul(_normal_pdf(x), sub(like(x, 2), square(x))),
    start=0.5,
    value=_write_gelu,
    back=_write_gelu_back,
)

# -- the tanh approximation of it --------------------------------------------------------------

# 0.5 (1 + tanh u) = sigmoid(2 u): one function, and full precision where tanh is near -1.
_LINEAR, _CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715


def _inner(x: Any) -> Any:
    """2 sqrt(2 / pi) (x + 0.044715 x³)."""
    return mul(x, _plus(_times(square(x), _CUBIC * _LINEAR), _LINEAR))


def _inner_slope(x: Any) -> Any:
    return _plus(_times(square(x), 3 * _CUBIC * _LINEAR), _LINEAR)


def _gelu_tanh_slope(x: Any) -> Any:
    s = sigmoid(_inner(x))
    y = mul(x, s)  # the activation itself, a common subexpression with the forward pass
    # y - y s is the first factor: it is 0 long before the inner slope overflows.
    return add(s, mul(sub(y, mul(y, s)), _inner_slope(x)))


def _gelu_tanh_curve(x: Any) -> Any:
    s, w = sigmoid(_inner(x)), _inner_slope(x)
    bump = sub(s, mul(s, s))
    # Every product starts with the bump, which is 0 long before the others overflow.
    first, second = mul(bump, w), mul(mul(bump, x), _times(x, 6 * _CUBIC * _LINEAR))
    turn = mul(mul(first, x), mul(w, _plus(_times(s, -2), 1)))
    return add(add(add(first, first), second), turn)


@lru_cache
def _numbers(dtype: np.dtype[Any]) -> tuple[Array, ...]:
    """Constants as arrays: converting a float costs NumPy a microsecond per call."""
    return tuple(np.array(x, dtype) for x in (-_CUBIC * _LINEAR, _LINEAR, 3 * _CUBIC * _LINEAR, 1))


def _write_gelu_tanh(x: Array, out: Array, scratch: Array) -> None:
    cubic, linear, _, one = _numbers(x.dtype)
    np.multiply(np.multiply(x, x, scratch), cubic, scratch)
    np.subtract(scratch, linear, scratch)
    np.multiply(scratch, x, scratch)
    np.add(np.exp(scratch, scratch), one, scratch)
    np.divide(x, scratch, out)


def _write_gelu_tanh_back(
    g: Array, x: Array, y: Array, gate: Array, out: Array, scratch: Array
) -> None:
    _, linear, turn, _ = _numbers(x.dtype)
    np.multiply(np.multiply(x, x, scratch), turn, scratch)
    np.add(scratch, linear, scratch)
    # g (s + u' s (x - x s)): x - x s is more exact than x (1 - s) where s is close to 1.
    np.multiply(np.subtract(x, y, out), gate, out)
    np.multiply(scratch, out, scratch)
    np.multiply(np.add(scratch, gate, scratch), g, out)


# x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x³))
gelu_tanh = activation(
    "gelu_tanh",
    lambda x: mul(x, sigmoid(_inner(x))),
    _gelu_tanh_slope,
    _gelu_tanh_curve,
    start=0.5,
    value=_write_gelu_tanh,
    back=_write_gelu_tanh_back,
)

# -- x sigmoid(x) ------------------------------------------------------------------------------


def _silu_slope(x: Any) -> Any:
    s = sigmoid(x)
    return add(s, mul(x, sub(s, mul(s, s))))


def _silu_curve(x: Any) -> Any:
    s = sigmoid(x)
    return mul(sub(s, mul(s, s)), _plus(mul(x, _plus(_times(s, -2), 1)), 2))


def _write_silu(x: Array, out: Array, work: Array) -> None:
    np.exp(np.negative(x, work), work)
    np.divide(x, np.add(work, 1, work), out)


def _write_silu_back(g: Array, x: Array, y: Array, gate: Array, out: Array, scratch: Array) -> None:
    np.add(np.subtract(x, y, scratch), 1, scratch)
    np.multiply(np.multiply(scratch, gate, scratch), g, out)


# x sigmoid(x)
silu = activation(
    "silu",
    lambda x: mul(x, sigmoid(x)),
    _silu_slope,
    _silu_curve,
    start=0.5,
    value=_write_silu,
    back=_write_silu_back,
)

# -- x tanh(log(1 + e^x)) ------------------------------------------------------------------------

# With e = e^x and n = e (e + 2), the gate tanh(log(1 + e)) is n / (n + 2): one function, not three.
_FAR = 20.0  # from here on gate and slope are 1; and from -1000 down they are 0


def _mish_parts(x: Any) -> tuple[Any, Any, Any, Any]:
    """x without what is far, e, n and n + 2."""
    near = clamp(x, low=-1000.0, high=_FAR)
    e = exp(near)
    n = mul(e, _plus(e, 2))
    return near, e, n, _plus(n, 2)


def _mish(x: Any) -> Any:
    _, _, n, more = _mish_parts(x)
    return mul(x, div(n, more))


def _mish_slope(x: Any) -> Any:
    """e (4 (x + 1) (1 + e) + e (2 + e (4 + e))) / (n + 2)^2; x + 1 is exact near the root."""
    near, e, _, more = _mish_parts(x)
    left = mul(_times(_plus(near, 1), 4), _plus(e, 1))
    right = mul(e, _plus(mul(e, _plus(e, 4)), 2))
    slope = div(mul(e, add(left, right)), square(more))
    return where(ge(x, like(x, _FAR)), like(x, 1), slope)


def _mish_curve(x: Any) -> Any:
    """4 e (2 (1 + e) + x (1 - 2 e gate)) / (n + 2)^2."""
    near, e, n, more = _mish_parts(x)
    turn = mul(near, _plus(_times(mul(e, div(n, more)), -2), 1))
    return div(mul(_times(e, 4), add(_times(_plus(e, 1), 2), turn)), square(more))


def _write_mish(x: Array, out: Array, scratch: Array) -> None:
    np.exp(x.clip(-np.inf, _FAR, scratch), scratch)
    np.multiply(np.add(scratch, 2, out), scratch, scratch)
    np.multiply(np.divide(scratch, np.add(scratch, 2, out), out), x, out)


def _write_mish_back(g: Array, x: Array, y: Array, gate: Array, out: Array, scratch: Array) -> None:
    _write_sigmoid(x, scratch)
    np.subtract(x, np.multiply(gate, y, out), out)
    np.add(np.multiply(scratch, out, scratch), gate, scratch)
    np.multiply(scratch, g, out)


# x tanh(softplus(x))
mish = activation(
    "mish",
    _mish,
    _mish_slope,
    _mish_curve,
    start=math.tanh(math.log(2)),
    value=_write_mish,
    back=_write_mish_back,
    cut=None,
)
