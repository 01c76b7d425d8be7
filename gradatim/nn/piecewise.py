"""Piecewise activations as layers; PReLU learns a slope."""

from __future__ import annotations

from typing import Any

from .._tensor.creation import full
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError
from . import functional as F
from .activation import InPlace
from .module import Module
from .parameter import Parameter


def _with_inplace(settings: str, inplace: bool) -> str:
    return f"{settings}, inplace=True" if inplace else settings


class ReLU6(InPlace):
    """min(max(x, 0), 6)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.relu6`."""
        return F.relu6(input, self.inplace)


class LeakyReLU(Module):
    """x for x > 0, else `negative_slope` x.

    >>> LeakyReLU(0.2)
    LeakyReLU(negative_slope=0.2)
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.leaky_relu`."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return _with_inplace(f"negative_slope={self.negative_slope}", self.inplace)


class PReLU(Module):
    """x for x > 0, else a learned slope times x: one slope, or one for each channel.

    Weight decay would pull the slopes towards 0, that is towards ReLU: exclude them from it.

    >>> PReLU(3).weight.detach()
    tensor([0.2500, 0.2500, 0.2500])
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.prelu`."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return f"num_parameters={self.num_parameters}"


class ELU(Module):
    """x for x > 0, else `alpha` (e^x - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.elu`."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return _with_inplace(f"alpha={self.alpha}", self.inplace)


class CELU(Module):
    """x for x > 0, else `alpha` (e^(x / alpha) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.celu`."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return _with_inplace(f"alpha={self.alpha}", self.inplace)


class SELU(InPlace):
    """1.0507 elu(x, alpha=1.6733)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.selu`."""
        return F.selu(input, self.inplace)


class Softplus(Module):
    """log(1 + e^(beta x)) / beta."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softplus`."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Hardtanh(Module):
    """x clamped to [`min_val`, `max_val`]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if not max_val > min_val:
            raise ArgumentError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardtanh`."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return _with_inplace(f"min_val={self.min_val}, max_val={self.max_val}", self.inplace)


class Hardsigmoid(InPlace):
    """0 up to -3, 1 from 3 on, linear between."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardsigmoid`."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Hardswish(InPlace):
    """x hardsigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardswish`."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class _Shrink(Module):
    """An activation that sets small numbers to 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """The width of the zero region."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """0 for |x| <= `lambd`, else x."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardshrink`."""
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """x moved towards 0 by `lambd`, but not past it."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softshrink`."""
        return F.softshrink(input, self.lambd)


class Threshold(Module):
    """x where it exceeds `threshold`, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.threshold`."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return _with_inplace(f"threshold={self.threshold}, value={self.value}", self.inplace)
