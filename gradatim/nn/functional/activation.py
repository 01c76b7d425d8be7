"""Nonlinear functions of each number, and softmax of each row."""

from __future__ import annotations

import warnings
from typing import Any

from ..._tensor.promotion import floating
from ..._tensor.tensor import Tensor
from ...ops import losses


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return input.relu_() if inplace else input.relu()


def tanh(input: Tensor) -> Tensor:
    """(e^x - e^-x) / (e^x + e^-x)."""
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e^-x)."""
    return input.sigmoid()


def logsigmoid(input: Tensor) -> Tensor:
    """log sigmoid(x) = -log(1 + e^-x), without overflow."""
    return losses.log_sigmoid(floating(input))


def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """Positive numbers that sum to 1 along `dim`: p_i = e^(x_i) / sum_j e^(x_j).

    >>> import gradatim
    >>> softmax(gradatim.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return input.softmax(_dim("softmax", input, dim), dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """log softmax(x) = x_i - log sum_j e^(x_j), exact where softmax would underflow."""
    return input.log_softmax(_dim("log_softmax", input, dim), dtype)


def _dim(name: str, x: Tensor, dim: int | None) -> int:
    """PyTorch's guess where `dim` was left out, with its warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=3,
    )
    return 0 if x.ndim in (0, 1, 3) else 1
