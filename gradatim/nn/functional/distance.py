"""Losses for targets that are numbers, and lengths."""

from __future__ import annotations

import warnings
from typing import Any

from ..._tensor.comparison import where
from ..._tensor.promotion import broadcast_shape, expanded, promoted
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError
from ...core.handle import check_optional, check_tensor
from ...ops import losses
from .reduction import check_reduction, reduced


def mse_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """The squared error (x - y)^2, averaged over all elements.

    The course's slides write the sum over samples: that is `reduction="sum"`.

    >>> import gradatim
    >>> mse_loss(gradatim.tensor([1.0, 3.0]), gradatim.tensor([0.0, 1.0]))
    tensor(2.5000)
    """
    check_reduction("mse_loss", reduction)
    x, y = _aligned("mse_loss", input, target)
    check_optional("mse_loss", weight=weight)
    if weight is None:
        return losses.squared_error(x, y, reduction=reduction)
    each = weight * losses.squared_error(x, y, reduction="none")
    if reduction == "mean":
        return each.sum() / weight.expand_as(each).sum()
    return reduced(each, reduction)


def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The absolute error |x - y|, averaged over all elements."""
    check_reduction("l1_loss", reduction)
    x, y = _aligned("l1_loss", input, target)
    return reduced((x - y).abs(), reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """|d| - beta/2, and d^2 / (2 beta) where |d| < beta, for d = x - y.

    Source: Girshick 2015, Fast R-CNN, arXiv:1504.08083.

    >>> import gradatim
    >>> smooth_l1_loss(gradatim.tensor([0.5, 3.0]), gradatim.zeros(2), reduction="none")
    tensor([0.1250, 2.5000])
    """
    check_reduction("smooth_l1_loss", reduction)
    if beta < 0:
        raise ArgumentError(f"smooth_l1_loss: beta must not be negative, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    x, y = _aligned("smooth_l1_loss", input, target)
    return _round_at_0(x - y, beta, reduction)


def huber_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", delta: float = 1.0
) -> Tensor:
    """`delta` times `smooth_l1_loss` with beta = delta: d^2 / 2 near 0. Source: Huber 1964."""
    if delta <= 0:
        raise ArgumentError(f"huber_loss: delta must be positive, got {delta}")
    check_reduction("huber_loss", reduction)
    x, y = _aligned("huber_loss", input, target)
    return _round_at_0(x - y, delta, reduction) * delta


def _round_at_0(d: Any, beta: float, reduction: str) -> Any:
    """|d| - beta/2, rounded off by a parabola where |d| < beta."""
    d = d.abs()
    return reduced(where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta), reduction)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(|x|_p, eps): vectors along `dim` of length 1.

    >>> import gradatim
    >>> normalize(gradatim.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    check_tensor("normalize", input)
    length = input.norm(p, dim, keepdim=True)
    return input / length.clamp(min=eps)


def _aligned(name: str, input: Tensor, target: Tensor) -> tuple[Any, Any]:
    """Both with one shape and dtype; a shape that has to be stretched is probably a mistake."""
    check_tensor(name, input)
    check_tensor(name, target, "target")
    x: Any = input
    y: Any = target
    if x._value.shape == y._value.shape and x._value.dtype == y._value.dtype:
        return x, y
    shape = broadcast_shape(name, x._value.shape, y._value.shape)
    if x._value.shape != y._value.shape:
        warnings.warn(
            f"Using a target size ({y.shape}) that is different to the input size ({x.shape}). "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they "
            "have the same size.",
            stacklevel=3,
        )
    x, y = promoted(x, y, name=name)
    return expanded(x, shape), expanded(y, shape)
