"""Dropout: in training, elements are zeroed at random and the rest scaled up to compensate.

The same seed drops the same elements as in PyTorch: an element is kept if its 53-bit uniform random
number is below 1 - p.

Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..._tensor.creation import empty
from ..._tensor.promotion import expanded, only_floats
from ..._tensor.randomness import coins_like
from ..._tensor.tensor import Tensor
from ...core.arguments import check_number
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_tensor
from ...core.inplace import apply
from ...ops.dropout import masked_scale

_EXPECTED = {
    1: "(C, L) or (N, C, L)",
    2: "(N, C, H, W) or (N, C, L)",
    3: "(C, D, H, W) or (N, C, D, H, W)",
}
SELU_FLOOR = -1.7580993408473766  # the limit of selu at -infinity: -scale * alpha


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element becomes 0 with probability `p`, else x / (1 - p); unchanged unless `training`.

    Errors: ArgumentError for a `p` outside [0, 1].

    >>> import gradatim
    >>> _ = gradatim.manual_seed(0)
    >>> dropout(gradatim.ones(5), p=0.5)
    tensor([0., 0., 2., 0., 0.])
    """
    return _dropped("dropout", input, p, training, inplace, every=True)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels become 0: (C, L) or (N, C, L). Source: Tompson et al. 2015, arXiv:1411.4280.

    Errors: ShapeError for another number of dimensions.

    >>> import gradatim
    >>> _ = gradatim.manual_seed(0)
    >>> dropout1d(gradatim.ones(3, 2))
    tensor([[0., 0.],
            [0., 0.],
            [2., 2.]])
    """
    return _channels_dropped("dropout1d", input, p, training, inplace, spatial=1)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels become 0: (N, C, H, W), or (N, C, L) with a warning, as in PyTorch.

    Errors: ShapeError for another number of dimensions.
    """
    check_tensor("dropout2d", input)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: an input of 3 dimensions is read as (N, C, L), not (C, H, W); use"
            " dropout1d for the first, and unsqueeze(0) for the second",
            stacklevel=2,
        )
        return _dropped("dropout2d", input, p, training, inplace, every=False)
    return _channels_dropped("dropout2d", input, p, training, inplace, spatial=2)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels become 0: (C, D, H, W) or (N, C, D, H, W).

    Errors: ShapeError for another number of dimensions.
    """
    return _channels_dropped("dropout3d", input, p, training, inplace, spatial=3)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for networks with `selu`.

    a x + b where an element is kept, a c + b where it is dropped: c is the limit of selu at
    -infinity, and a and b restore mean and variance.

    Source: Klambauer et al. 2017, Self-normalizing neural networks, arXiv:1706.02515.
    """
    _check("alpha_dropout", input, p)
    if not training or p == 0 or not input.numel():
        return input
    if p == 1:
        return input.mul_(0.0) if inplace else input * 0.0
    a = 1 / math.sqrt((SELU_FLOOR * SELU_FLOOR * p + 1) * (1 - p))
    kept = coins_like("alpha_dropout", input, 1 - p).to(input.dtype)
    shift = (kept - 1) * (-SELU_FLOOR * a) + -SELU_FLOOR * a * p
    return input.mul_(kept * a).add_(shift) if inplace else input * (kept * a) + shift


def _dropped(
    name: str, x: Tensor, p: float, training: bool, inplace: bool, *, every: bool
) -> Tensor:
    _check(name, x, p)
    if not training or p == 0 or not x.numel():
        return x
    if p == 1:
        return x.mul_(0.0) if inplace else x * 0.0
    kept = coins_like(name, x if every else _one_each(x), 1 - p)
    number = x.dtype.numpy.type
    scale = float(number(1) / number(1 - p))  # rounded where PyTorch rounds

    def drop(x: Any) -> Any:
        return masked_scale(x, expanded(kept, x.shape), scale=scale)

    if not inplace:
        return drop(x)
    apply(drop, x)
    return x


def _channels_dropped(
    name: str, x: Tensor, p: float, training: bool, inplace: bool, *, spatial: int
) -> Tensor:
    _check(name, x, p)
    if x.ndim not in (spatial + 1, spatial + 2):
        raise ShapeError(f"{name}: expects {_EXPECTED[spatial]}, got {[*x.shape]}")
    if x.ndim == spatial + 2:
        return _dropped(name, x, p, training, inplace, every=False)
    dropped = _dropped(name, x.unsqueeze(0), p, training, inplace, every=False)
    return x if inplace else dropped.squeeze(0)  # in place, the result was written through the view


def _one_each(x: Tensor) -> Tensor:
    """A tensor with one element for each channel of each sample."""
    shape = [n if d < 2 else 1 for d, n in enumerate(x.shape)]
    return empty(shape, dtype=x.dtype)


def _check(name: str, x: Any, p: float) -> None:
    check_tensor(name, x)
    check_probability(p)
    only_floats(name, x)


def check_probability(p: float) -> None:
    """Refuse what is no number, or outside [0, 1]."""
    if not isinstance(p, bool):
        check_number("dropout: p", p)
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout probability has to be between 0 and 1, but got {p}")
