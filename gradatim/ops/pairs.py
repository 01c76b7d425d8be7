"""Two numbers in, one out: the remainder with the dividend's sign, and sums of exponentials."""

from __future__ import annotations

import math
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
    sigmoid,
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


def _logaddexp(x: Any, y: Any) -> Any:
    rest = np.negative(np.abs(np.subtract(x, y)))
    rest = np.log1p(np.exp(rest))  # np.logaddexp calls the C library for every element
    return np.maximum(x, y) + np.where(x == y, rest.dtype.type(math.log(2)), rest)  # also infinite


# e^x / (e^x + e^y). As products of two shares, second derivatives cancel exactly where they should.
share: Composite = Composite(
    "share(x, y)",
    lambda x, y: sigmoid(sub(x, y)),
    same,
    value=lambda x, y: sigmoid.value(np.subtract(x, y)),
    x=lambda g, x, y: mul(g, mul(share(x, y), share(y, x))),
    y=lambda g, x, y: neg(mul(g, mul(share(x, y), share(y, x)))),
)

# log(e^x + e^y), without overflow
logaddexp = Composite(
    "logaddexp(x, y)",
    _expand_logaddexp,
    same,
    value=_logaddexp,
    x=lambda g, x, y: mul(g, share(x, y)),
    y=lambda g, x, y: mul(g, share(y, x)),
)
