"""The error function, which NumPy lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.cut import Elements
from ..core.primitive import Primitive
from .elementwise import exp, like, mul, neg, same, square
from .erf_polynomials import ERF, ERF_TAIL
from .pieces import in_pieces

Array = np.ndarray[Any, Any]

_NAMES = {"f": "float", "d": "double"}
_FLAT = {"f": 4.0, "d": 6.0}  # beyond it erf rounds to 1
_EDGE = 0.875
FEW = 64  # elements; up to here one call of Python's erf for each is faster than all of NumPy's


def write_polynomial(x: Array, coefficients: Sequence[float], out: Array) -> None:
    """Write the polynomial with these coefficients, lowest power first, into `out`."""
    *rest, second, last = coefficients
    np.multiply(x, last, out)
    np.add(out, second, out)
    for c in reversed(rest):
        np.multiply(out, x, out)
        np.add(out, c, out)


def write_erf(x: Array, out: Array) -> None:
    """Write erf(x) into `out`: x + x p(x²) for small |x|, otherwise 1 - exp(-|x| q(|x|)).

    The error is at most 1.5 units in the last place (ulp) for float32, and 1 ulp for float64.
    """
    kind = x.dtype.char
    size, near = np.empty_like(out), np.empty_like(out)
    np.abs(x, size)
    np.minimum(size, _FLAT[kind], out=near)
    write_polynomial(near, ERF_TAIL[_NAMES[kind]], out)
    np.multiply(out, near, out)
    np.exp(np.negative(out, out), out)
    np.subtract(1, out, out)

    square = np.minimum(np.multiply(size, size, near), 1, out=near)  # avoids overflow
    small = np.empty_like(out)
    write_polynomial(square, ERF[_NAMES[kind]], small)
    np.multiply(small, size, small)
    np.add(small, size, small)
    np.copyto(out, small, where=size < _EDGE)
    np.copysign(out, x, out)


def _erf(x: Array) -> Array:
    if x.size <= FEW and x.dtype.kind == "f":
        out = np.empty_like(x)  # laid out as the input
        found = [math.erf(v) for v in x.ravel().tolist()]
        np.copyto(out, np.array(found).reshape(x.shape))  # refuses integers
        return out
    return in_pieces(write_erf, x)


# 2 / sqrt(pi) times the integral of e^(-t²) from 0 to x
erf = Primitive(
    "erf(x)",
    _erf,
    same,
    cut=Elements(),
    x=lambda g, x: mul(g, mul(exp(neg(square(x))), like(x, 2 / math.sqrt(math.pi)))),
)
