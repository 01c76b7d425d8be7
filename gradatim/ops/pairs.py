"""Two numbers in, one out: the remainder with the dividend's sign, and sums of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from .elementwise import (
    abs_,
    add,
    eq,
    exp,
    like,
    log1p,
    lt,
    maximum,
    minimum,
    mul,
    neg,
    remainder,
    same,
    sub,
    trunc_divide,
    where,
)


def _expand_fmod(x: Any, y: Any) -> Any:
    rest = remainder(abs_(x), abs_(y))
    return where(lt(x, like(x, 0)), neg(rest), rest)


fmod = Composite(
    "fmod(x, y)",
    _expand_fmod,
    same,
    value=np.fmod,
    x=lambda g: g,
    y=lambda g, x, y: neg(mul(g, trunc_divide(x, y))),
)


def _expand_logaddexp(x: Any, y: Any) -> Any:
    most = maximum(x, y)
    rest = log1p(exp(sub(minimum(x, y), most)))
    return where(eq(x, y), add(most, log1p(like(x, 1))), add(most, rest))  # also inf and inf


# log(e^x + e^y), without overflow
logaddexp = Composite(
    "logaddexp(x, y)",
    _expand_logaddexp,
    same,
    value=np.logaddexp,
    x=lambda g, x, out: mul(g, exp(sub(x, out))),
    y=lambda g, y, out: mul(g, exp(sub(y, out))),
)
