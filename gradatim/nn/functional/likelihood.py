"""Negative log likelihoods, divergences and entropy."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..._tensor.comparison import where
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_optional, check_tensor
from ...ops import losses
from .activation import logsigmoid
from .reduction import REDUCTIONS, check_reduction, check_same_shape, reduced


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)) for probabilities p of the same shape as y.

    Logarithms are clamped to at least -100. `weight` broadcasts over the elements.

    Errors: ArgumentError for a p outside [0, 1], ShapeError for different shapes.

    >>> import gradatim
    >>> binary_cross_entropy(gradatim.tensor([0.5]), gradatim.tensor([1.0]))
    tensor(0.6931)
    """
    check_reduction("binary_cross_entropy", reduction)
    check_same_shape("binary_cross_entropy", input, target)
    check_optional("binary_cross_entropy", weight=weight)
    each: Any = losses.binary_cross_entropy(input, target)
    return reduced(each if weight is None else each * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy of p = sigmoid(x), computed from the logits x without overflow.

        (1 - y) x - (1 + (pos_weight - 1) y) log sigmoid(x)

    >>> import gradatim
    >>> x, y = gradatim.tensor([0.0, 200.0]), gradatim.tensor([1.0, 1.0])
    >>> binary_cross_entropy_with_logits(x, y, reduction="none")
    tensor([0.6931, 0.0000])
    """
    check_reduction("binary_cross_entropy_with_logits", reduction)
    check_same_shape("binary_cross_entropy_with_logits", input, target)
    check_optional("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    x, y = input, target
    log_p: Any = logsigmoid(x)
    if pos_weight is not None:
        log_p = log_p * (1 + (pos_weight - 1) * y)
    each = (1 - y) * x - log_p
    return reduced(each if weight is None else each * weight, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-06,
    reduction: str = "mean",
) -> Tensor:
    """1/2 (log v + (x - y)^2 / v) for a predicted mean x and variance v = max(var, eps).

    `full` adds the constant 1/2 log 2 pi, which makes it the negative log density. `var` is a
    number, has the shape of `input`, or has size 1 in (or lacks) the last dimension.

    Errors: ArgumentError for a negative variance, ShapeError for a `var` of any other shape.
    Source: Nix and Weigend 1994.

    >>> import gradatim
    >>> mean, y, var = gradatim.zeros(2), gradatim.ones(2), gradatim.ones(2)
    >>> gaussian_nll_loss(mean, y, var)
    tensor(0.5000)
    """
    check_reduction("gaussian_nll_loss", reduction)
    check_tensor("gaussian_nll_loss", input)
    check_tensor("gaussian_nll_loss", target, "target")
    if not isinstance(var, (int, float)):
        check_tensor("gaussian_nll_loss", var, "var")
    x: Any = input
    v: Any = var if isinstance(var, Tensor) else x.detach() * 0 + var
    if v.shape != x.shape:
        v = _variance_like(v, x)
    v = losses.floored(v, eps=eps)
    each = 0.5 * (v.log() + (x - target) ** 2 / v)
    if full:
        each = each + 0.5 * math.log(2 * math.pi)
    return reduced(each, reduction)


def _variance_like(var: Any, x: Any) -> Any:
    if x.shape[:-1] == var.shape:
        return var.unsqueeze(-1)
    if var.ndim == x.ndim and x.shape[:-1] == var.shape[:-1] and var.shape[-1] == 1:
        return var
    raise ShapeError(
        f"gaussian_nll_loss: var has shape {list(var.shape)} and input {list(x.shape)}; var must "
        "have the same shape, or size 1 in (or be without) the last dimension"
    )


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-08,
    *,
    reduction: str = "mean",
) -> Tensor:
    """rate - y log rate, for counts y; `input` is log rate, or the rate without `log_input`.

    `full` adds log y!, by Stirling's formula, where y > 1. Without `log_input`, `eps` is added to
    the rate under the logarithm.

    >>> import gradatim
    >>> poisson_nll_loss(gradatim.zeros(2), gradatim.tensor([1.0, 3.0]))
    tensor(1.)
    """
    check_reduction("poisson_nll_loss", reduction)
    check_tensor("poisson_nll_loss", input)
    check_tensor("poisson_nll_loss", target, "target")
    x, y = input, target
    each: Any = x.exp() - y * x if log_input else x - y * (x + eps).log()
    if full:
        large: Any = where(y > 1, y, 1.0)
        rest = large * large.log() - large + 0.5 * (2 * math.pi * large).log()
        each = each + where(y > 1, rest, 0.0)
    return reduced(each, reduction)


def kl_div(
    input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """KL(target || q) from log probabilities `input` = log q: target (log target - input).

    The divergence of distributions in rows is a sum: use "sum", or "batchmean" for its mean over
    the rows. With `log_target`, `target` holds log probabilities too. Terms with target 0 are 0.

    Source: Kullback and Leibler 1951.

    >>> import gradatim
    >>> p = gradatim.tensor([[0.5, 0.5]])
    >>> kl_div(p.log(), p, reduction="batchmean")
    tensor(0.)
    """
    check_reduction("kl_div", reduction, (*REDUCTIONS, "batchmean"))
    check_tensor("kl_div", input)
    check_tensor("kl_div", target, "target")
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support "
            "size. 'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition",
            stacklevel=2,
        )
    log_q: Any = input
    p: Any = target.exp() if log_target else target
    each = p * (target - log_q) if log_target else p_log_p(target) - p * log_q
    if reduction == "batchmean":
        return each.sum() / max(each.shape[0] if each.ndim else 1, 1)
    return reduced(each, reduction)


def entropy(probabilities: Tensor, dim: int = -1) -> Tensor:
    """H(p) = -sum_i p_i log p_i along `dim`, in nats; terms with p = 0 are 0. (Not in PyTorch.)

    It is the smallest cross-entropy any model q of p can reach: the cross-entropy of p with q is
    H(p) + KL(p || q).

    Errors: ArgumentError if `probabilities` is not floating.
    Source: Shannon 1948.

    >>> import gradatim
    >>> entropy(gradatim.tensor([[0.5, 0.5], [1.0, 0.0]]))
    tensor([0.6931, 0.0000])
    """
    check_tensor("entropy", probabilities, "probabilities")
    if not probabilities.is_floating_point():
        raise ArgumentError(
            f"entropy: probabilities must be floating, got {probabilities.dtype}; divide counts by "
            "their sum first"
        )
    return 0 - p_log_p(probabilities).sum(dim)  # a plain minus would print -0.0


def p_log_p(p: Tensor) -> Any:
    """p log p, with 0 at p = 0, and nan for negative p."""
    return p * where(p == 0, 1.0, p).log()
