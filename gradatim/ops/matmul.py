"""Products of matrices and vectors, and the linear layer; their gradients are products too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from .broadcast import broadcast_to, expand_as, numel, reduce_sum, reshape_to
from .elementwise import add, mul
from .movement import swap_last

# (..., n, k) @ (..., k, m) -> (..., n, m), with equal leading dimensions
matmul: Primitive = Primitive(
    "matmul(x, y)",
    np.matmul,
    lambda x, y: ArrayType((*x.shape[:-1], y.shape[-1]), x.dtype),
    x=lambda g, y: matmul(g, swap_last(y)),
    y=lambda g, x: matmul(swap_last(x), g),
)

# -- a vector as one factor ------------------------------------------------------------------


def _column(x: Any) -> Any:
    return reshape_to(x, (*x._value.shape, 1))


def _row(x: Any) -> Any:
    return reshape_to(x, (1, *x._value.shape))


def _outer(x: Any, y: Any) -> Any:
    return matmul(_column(x), _row(y))


# (n, k) @ (k,) -> (n,)
matvec: Composite = Composite(
    "matvec(x, y)",
    lambda x, y: reshape_to(matmul(x, _column(y)), x._value.shape[:1]),
    lambda x, y: ArrayType(x.shape[:1], x.dtype),
    value=np.matmul,
    x=lambda g, y: _outer(g, y),
    y=lambda g, x: vecmat(g, x),
)

# (k,) @ (k, m) -> (m,)
vecmat: Composite = Composite(
    "vecmat(x, y)",
    lambda x, y: reshape_to(matmul(_row(x), y), y._value.shape[1:]),
    lambda x, y: ArrayType(y.shape[1:], x.dtype),
    value=np.matmul,
    x=lambda g, y: matvec(y, g),
    y=lambda g, x: _outer(x, g),
)

# (k,) @ (k,) -> ()
dot: Composite = Composite(
    "dot(x, y)",
    lambda x, y: reduce_sum(mul(x, y), dims=(0,), keepdim=False),
    lambda x, y: ArrayType((), x.dtype),
    value=np.dot,
    x=lambda g, y: mul(expand_as(g, y), y),
    y=lambda g, x: mul(expand_as(g, x), x),
)

# -- the linear layer ------------------------------------------------------------------------


def rows(x: Any) -> Any:
    """Merge all dimensions but the last: (..., n) -> (N, n)."""
    shape = x._value.shape
    return x if len(shape) == 2 else reshape_to(x, (numel(shape[:-1]), shape[-1]))


def _rows_value(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # One 2-d product: np.matmul would loop over the leading dimensions.
    return x if x.ndim == 2 else x.reshape(numel(x.shape[:-1]), x.shape[-1])


def _linear_type(x: Any, weight: Any, bias: Any = None) -> ArrayType:
    return ArrayType((*x.shape[:-1], weight.shape[0]), x.dtype)


def _linear(x: np.ndarray[Any, Any], weight: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    flat = np.matmul(_rows_value(x), weight.T)
    return flat if x.ndim == 2 else flat.reshape(*x.shape[:-1], weight.shape[0])


def _linear_bias(
    x: np.ndarray[Any, Any], weight: np.ndarray[Any, Any], bias: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    y = _linear(x, weight)
    y += bias
    return y


def _expand_linear(x: Any, weight: Any) -> Any:
    flat = matmul(rows(x), swap_last(weight))
    return reshape_to(flat, (*x._value.shape[:-1], weight._value.shape[0]))


def _expand_linear_bias(x: Any, weight: Any, bias: Any) -> Any:
    y = _expand_linear(x, weight)
    return add(y, broadcast_to(bias, shape=y._value.shape))


def _column_sums(g: Any) -> Any:
    leading = tuple(range(len(g._value.shape) - 1))
    return reduce_sum(g, dims=leading, keepdim=False) if leading else g


# -- the two gradients of x W^T ----------------------------------------------------------------


def _linear_back(g: np.ndarray[Any, Any], weight: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    back = np.matmul(_rows_value(g), weight)
    return back if g.ndim == 2 else back.reshape(*g.shape[:-1], weight.shape[1])


def _expand_linear_back(g: Any, weight: Any) -> Any:
    back = matmul(rows(g), weight)
    return reshape_to(back, (*g._value.shape[:-1], weight._value.shape[1]))


# g W: the gradient of x from that of x W^T, (..., m), weight (m, n) -> (..., n)
linear_back: Composite = Composite(
    "linear_back(g, weight)",
    _expand_linear_back,
    lambda g, weight: ArrayType((*g.shape[:-1], weight.shape[1]), g.dtype),
    value=_linear_back,
    g=lambda h, weight: linear(h, weight),
    weight=lambda h, g: outer_rows(g, h),
)

# g^T x: (..., m), (..., n) -> (m, n), summed over all leading dimensions
outer_rows: Composite = Composite(
    "outer_rows(g, x)",
    lambda g, x: matmul(swap_last(rows(g)), rows(x)),
    lambda g, x: ArrayType((g.shape[-1], x.shape[-1]), g.dtype),
    value=lambda g, x: np.matmul(_rows_value(g).T, _rows_value(x)),
    g=lambda h, x: linear(x, h),
    x=lambda h, g: linear_back(g, h),
)

# -- x W^T ------------------------------------------------------------------------------------

# y = x W^T: x (..., n), weight (m, n) -> (..., m)
linear: Composite = Composite(
    "linear(x, weight)",
    _expand_linear,
    _linear_type,
    value=_linear,
    x=lambda g, weight: linear_back(g, weight),
    weight=lambda g, x: outer_rows(g, x),
)

# y = x W^T + b: bias (m,)
linear_bias = Composite(
    "linear_bias(x, weight, bias)",
    _expand_linear_bias,
    _linear_type,
    value=_linear_bias,
    x=lambda g, weight: linear_back(g, weight),
    weight=lambda g, x: outer_rows(g, x),
    bias=lambda g: _column_sums(g),
)
