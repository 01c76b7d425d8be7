"""The matrix product. Its gradients are matrix products with the other factor transposed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite, Primitive
from ..core.storage import ArrayType
from .broadcast import broadcast_to, numel, reduce_sum, reshape_to
from .elementwise import add
from .movement import swap_last

# (..., n, k) @ (..., k, m) -> (..., n, m), with equal leading dimensions
matmul: Primitive = Primitive(
    "matmul(x, y)",
    np.matmul,
    lambda x, y: ArrayType((*x.shape[:-1], y.shape[-1]), x.dtype),
    x=lambda g, y: matmul(g, swap_last(y)),
    y=lambda g, x: matmul(swap_last(x), g),
)


def rows(x: Any) -> Any:
    """All dimensions but the last as one: (..., n) -> (N, n)."""
    shape = x._value.shape
    return x if len(shape) == 2 else reshape_to(x, (numel(shape[:-1]), shape[-1]))


def _linear_type(x: Any, weight: Any, bias: Any = None) -> ArrayType:
    return ArrayType((*x.shape[:-1], weight.shape[0]), x.dtype)


def _linear(x: np.ndarray[Any, Any], weight: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if x.ndim == 2:
        return np.matmul(x, weight.T)
    # One flat product: np.matmul would loop over the leading dimensions.
    flat = x.reshape(numel(x.shape[:-1]), x.shape[-1])
    return np.matmul(flat, weight.T).reshape(*x.shape[:-1], weight.shape[0])


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


def _grad_x(g: Any, weight: Any) -> Any:
    back = matmul(rows(g), weight)
    return reshape_to(back, (*g._value.shape[:-1], weight._value.shape[1]))


def _grad_weight(g: Any, x: Any) -> Any:
    return matmul(swap_last(rows(g)), rows(x))


# y = x W^T: x (..., n), weight (m, n) -> (..., m)
linear = Composite(
    "linear(x, weight)",
    _expand_linear,
    _linear_type,
    value=_linear,
    x=_grad_x,
    weight=_grad_weight,
)

# y = x W^T + b: bias (m,)
linear_bias = Composite(
    "linear_bias(x, weight, bias)",
    _expand_linear_bias,
    _linear_type,
    value=_linear_bias,
    x=_grad_x,
    weight=_grad_weight,
    bias=lambda g: reduce_sum(rows(g), dims=(0,), keepdim=False),
)
