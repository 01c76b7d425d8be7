"""Random numbers: each draw advances the generator given to it, in program order.

Draws have no tensor inputs, or only probabilities; none is differentiable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Primitive
from ..core.storage import ArrayType

_INT64 = np.dtype(np.int64)
_BOOL = np.dtype(np.bool_)


def _like_asked(*, shape: tuple[int, ...], dtype: np.dtype[Any], **_: Any) -> ArrayType:
    return ArrayType(shape, dtype)


# Uniform in [low, high)
uniform = Primitive(
    "uniform(*, generator, shape, low, high, dtype)",
    lambda *, generator, shape, low, high, dtype: generator.uniform(
        shape, low=low, high=high, dtype=dtype
    ),
    _like_asked,
    differentiable=False,
)

# Normal; `contiguous` selects between PyTorch's two sampling orders
normal = Primitive(
    "normal(*, generator, shape, mean, std, dtype, contiguous)",
    lambda *, generator, shape, mean, std, dtype, contiguous: generator.normal(
        shape, mean=mean, std=std, dtype=dtype, contiguous=contiguous
    ),
    _like_asked,
    differentiable=False,
)

# -log(1 - u) / lambd
exponential = Primitive(
    "exponential(*, generator, shape, lambd, dtype)",
    lambda *, generator, shape, lambd, dtype: generator.exponential(
        shape, lambd=lambd, dtype=dtype
    ),
    _like_asked,
    differentiable=False,
)

# Integers in [low, high); without `high` up to the largest n so that the dtype has all of 0 to n
randint = Primitive(
    "randint(*, generator, shape, low, high, dtype)",
    lambda *, generator, shape, low, high, dtype: generator.random_(
        shape, low=low, high=high, dtype=dtype
    ),
    _like_asked,
    differentiable=False,
)

# 0 to n - 1, shuffled
randperm = Primitive(
    "randperm(*, generator, n, dtype)",
    lambda *, generator, n, dtype: generator.permutation(n, dtype=dtype),
    lambda *, generator, n, dtype: ArrayType((n,), dtype),
    differentiable=False,
)

# True with probability p, the same for all elements
coins = Primitive(
    "coins(*, generator, shape, p)",
    lambda *, generator, shape, p: generator.bernoulli(p, shape),
    lambda *, generator, shape, p: ArrayType(shape, _BOOL),
    differentiable=False,
)

# True with the probability given by that element of p
bernoulli = Primitive(
    "bernoulli(p, *, generator)",
    lambda p, *, generator: generator.bernoulli(p),
    lambda p, *, generator: ArrayType(p.shape, _BOOL),
    differentiable=False,
)

# Category indices drawn with weights p: (..., C) -> (..., num_samples)
multinomial = Primitive(
    "multinomial(p, *, generator, num_samples, replacement)",
    lambda p, *, generator, num_samples, replacement: generator.multinomial(
        p, num_samples, replacement=replacement
    ),
    lambda p, *, generator, num_samples, replacement: ArrayType(
        (*p.shape[:-1], num_samples), _INT64
    ),
    differentiable=False,
)
