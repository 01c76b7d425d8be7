"""tan, sinh and cosh: one NumPy call in eager mode, their expansion when compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from .elementwise import add, cos, div, exp, expm1, like, mul, neg, same, sin, sub


def _half(x: Any) -> Any:
    return mul(x, like(x, 0.5))


tan = Composite(
    "tan(x)",
    lambda x: div(sin(x), cos(x)),
    same,
    value=np.tan,
    x=lambda g, out: add(g, mul(g, mul(out, out))),
)

# e^x - e^-x as a difference of expm1, which keeps precision for small x.
sinh: Composite = Composite(
    "sinh(x)",
    lambda x: _half(sub(expm1(x), expm1(neg(x)))),
    same,
    value=np.sinh,
    x=lambda g, x: mul(g, cosh(x)),
)

cosh: Composite = Composite(
    "cosh(x)",
    lambda x: _half(add(exp(x), exp(neg(x)))),
    same,
    value=np.cosh,
    x=lambda g, x: mul(g, sinh(x)),
)
