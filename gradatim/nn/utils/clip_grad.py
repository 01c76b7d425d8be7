"""Clip gradients by their joint norm or by value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..._tensor.creation import tensor
from ..._tensor.joining import stack
from ..._tensor.tensor import Tensor
from ...autograd import no_grad
from ...core.errors import ArgumentError
from ...core.inplace import update_all
from ...ops import updates


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor so that their joint norm is at most `max_norm`.

        g <- g min(1, max_norm / (|g| + 1e-6))

    Returns the norm before clipping. `foreach` is accepted and ignored.

    Errors: ArgumentError if `error_if_nonfinite` and the norm is nan or infinite.
    Source: Pascanu et al. 2013, arXiv:1211.5063.

    >>> import gradatim
    >>> x = gradatim.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x.detach()).sum().backward()
    >>> clip_grad_norm_(x, max_norm=1.0), x.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    gradients = _gradients(parameters)
    with no_grad():
        total = get_total_norm(gradients, norm_type, error_if_nonfinite)
        factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
        update_all(updates.scale_in, [(gradient, factor) for gradient in gradients])
    return total


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Clamp every element of every gradient to [-clip_value, clip_value]."""
    with no_grad():
        rows = [(gradient,) for gradient in _gradients(parameters)]
        update_all(updates.clamp_in, rows, low=-float(clip_value), high=float(clip_value))


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The p-norm over all elements of several tensors; `inf` gives the largest absolute value."""
    given: list[Any] = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not given:
        return tensor(0.0)
    p = float(norm_type)
    if p == math.inf:
        total = stack([x.abs().max() for x in given]).max()
    elif p == 2.0:
        total = stack([(x * x).sum() for x in given]).sum().sqrt()
    else:
        total = stack([(x.abs() ** p).sum() for x in given]).sum() ** (1 / p)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise ArgumentError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Any]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in given if p.grad is not None]
