"""Regression losses: squared, absolute, and two blends of them."""

from __future__ import annotations

import warnings
from typing import Any

from ..._tensor.promotion import broadcast_shape, expanded, promoted
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_optional, check_tensor
from ...ops import losses
from .reduction import check_reduction, reduced


def mse_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """The squared error w (x - y)^2; the mean divides by the number of elements, or by sum w.

    The course's slides use the sum over samples: `reduction="sum"`. `weight` w has the shape of the
    elements; it defaults to 1.

    >>> import gradatim
    >>> mse_loss(gradatim.tensor([1.0, 3.0]), gradatim.tensor([0.0, 1.0]))
    tensor(2.5000)
    """
    check_reduction("mse_loss", reduction)
    x, y = _aligned("mse_loss", input, target)
    check_optional("mse_loss", weight=weight)
    if weight is None:
        return losses.squared_error(x, y, reduction=reduction)
    return _weighed("mse_loss", losses.squared_error(x, y, reduction="none"), weight, reduction)


def l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """The absolute error w |x - y|; the mean divides by the number of elements, or by sum w.

    >>> import gradatim
    >>> x, y = gradatim.tensor([1.0, 3.0]), gradatim.tensor([0.0, 1.0])
    >>> l1_loss(x, y), l1_loss(x, y, weight=gradatim.tensor([3.0, 1.0]))
    (tensor(1.5000), tensor(1.2500))
    """
    check_reduction("l1_loss", reduction)
    x, y = _aligned("l1_loss", input, target)
    check_optional("l1_loss", weight=weight)
    return _weighed("l1_loss", (x - y).abs(), weight, reduction)


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
    return reduced(losses.round_corner(x - y, beta=float(beta)), reduction)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """w d^2 / 2 for d = x - y where |d| < delta, w delta (|d| - delta/2) elsewhere.

    That is `delta` times `smooth_l1_loss` with beta = delta. Source: Huber 1964.
    """
    if delta <= 0:
        raise ArgumentError(f"huber_loss: delta must be positive, got {delta}")
    check_reduction("huber_loss", reduction)
    x, y = _aligned("huber_loss", input, target)
    check_optional("huber_loss", weight=weight)
    each = losses.round_corner(x - y, beta=float(delta))
    each = each if delta == 1 else each * delta
    return _weighed("huber_loss", each, weight, reduction)


def _weighed(name: str, losses: Any, weight: Any, reduction: str) -> Any:
    """The weighted losses; their mean is divided by the sum of the weights."""
    if weight is None:
        return reduced(losses, reduction)
    if weight.shape != losses.shape:
        raise ShapeError(
            f"{name}: weight has shape {list(weight.shape)} and the losses {list(losses.shape)}; "
            "there must be one for each, use weight.expand(...)"
        )
    each = weight * losses
    return each.sum() / weight.sum() if reduction == "mean" else reduced(each, reduction)


def _aligned(name: str, input: Tensor, target: Tensor) -> tuple[Any, Any]:
    """Both in one shape and dtype; warns if they broadcast, which is probably a mistake."""
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
