"""Scatter with a reduction: maximum, minimum or product of all elements sent to one position.

Each treats `x` as one more element per position, and gradients follow PyTorch: equal extremes
share it evenly, and a product's gradient is right at zeros too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Primitive
from ..core.storage import ArrayType
from .elementwise import cast, div, eq, like, mul, where
from .indexing import Array, gather, places, scatter


def _like_x(x: Any, index: Any, values: Any, **_: Any) -> ArrayType:
    return ArrayType(x.shape, x.dtype)


def _met(join: np.ufunc, x: Array, index: Array, values: Array, dim: int) -> Array:
    result = np.array(x, order="C")
    where_to = places(index, x.shape, dim)
    join.at(result.reshape(-1), where_to.reshape(-1), values.reshape(-1))
    return result


# -- extremes ------------------------------------------------------------------------------


def _extreme(x: Array, index: Array, values: Array, *, dim: int, largest: bool) -> Array:
    return _met(np.maximum if largest else np.minimum, x, index, values, dim)


def _hits(x: Any, out: Any) -> Any:
    return cast(eq(x, out), dtype=x._value.dtype)


def _share(g: Any, x: Any, index: Any, values: Any, out: Any, dim: int) -> Any:
    """The gradient of each position, divided by the number of elements equal to the extreme."""
    own, others = _hits(x, out), _hits(values, gather(out, index, dim=dim))
    return div(g, scatter(own, index, others, dim=dim, accumulate=True))


def _extreme_back_x(g: Any, x: Any, index: Any, values: Any, out: Any, dim: int) -> Any:
    hit = eq(x, out)
    return where(hit, _share(g, x, index, values, out, dim), like(g, 0))


def _extreme_back_values(g: Any, x: Any, index: Any, values: Any, out: Any, dim: int) -> Any:
    share = gather(_share(g, x, index, values, out, dim), index, dim=dim)
    return mul(_hits(values, gather(out, index, dim=dim)), share)


# The largest (or smallest) of each x and the values that index sends to its position
scatter_extreme = Primitive(
    "scatter_extreme(x, index, values, *, dim, largest)",
    _extreme,
    _like_x,
    x=_extreme_back_x,
    values=_extreme_back_values,
)

# -- products ------------------------------------------------------------------------------


def _prod(x: Array, index: Array, values: Array, *, dim: int) -> Array:
    return _met(np.multiply, x, index, values, dim)


def _prod_back_x(g: Any, x: Any, index: Any, values: Any, dim: int) -> Any:
    return mul(g, scatter_prod(like(x, 1), index, values, dim=dim))


def _prod_back_values(g: Any, x: Any, index: Any, values: Any, dim: int) -> Any:
    """g times the product of the others: all / value, or without division where a value is 0."""
    zero, one = like(values, 0), like(values, 1)
    is_zero = eq(values, zero)
    others = scatter_prod(x, index, where(is_zero, one, values), dim=dim)
    zeros_met = scatter(
        like(x, 0), index, cast(is_zero, dtype=x._value.dtype), dim=dim, accumulate=True
    )
    alone = eq(gather(zeros_met, index, dim=dim), cast(is_zero, dtype=x._value.dtype))
    rest = div(gather(others, index, dim=dim), where(is_zero, one, values))
    return mul(gather(g, index, dim=dim), where(alone, rest, zero))


# The product of each x and the values that index sends to its position
scatter_prod = Primitive(
    "scatter_prod(x, index, values, *, dim)",
    _prod,
    _like_x,
    x=_prod_back_x,
    values=_prod_back_values,
)
