"""Layer, RMS and group norm: each sample is normalised on its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._tensor.creation import ones, zeros
from .._tensor.dims import shape_sizes
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

Shape = tuple[int, ...]


class Norm(Module):
    """A norm with an optional weight, initially ones, and an optional bias, initially zeros."""

    weight: Parameter | None
    bias: Parameter | None

    def make_scale(
        self, shape: Any, weight: bool, bias: bool | None, device: Any, dtype: Any
    ) -> None:
        """Register `weight` and `bias`, None if not wanted; without `bias` if that is None."""
        for name, wanted, make in (("weight", weight, ones), ("bias", bias and weight, zeros)):
            if wanted is not None:
                parameter = Parameter(make(shape, device=device, dtype=dtype)) if wanted else None
                self.register_parameter(name, parameter)

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        bias = getattr(self, "bias", None)
        if bias is not None:
            init.zeros_(bias)


class LayerNorm(Norm):
    """Normalise over the last dimensions, `normalized_shape`, to mean 0 and variance 1.

    >>> import gradatim
    >>> LayerNorm(3)(gradatim.tensor([[1.0, 2.0, 3.0]])).detach()
    tensor([[-1.2247,  0.0000,  1.2247]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.make_scale(self.normalized_shape, elementwise_affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.layer_norm`."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Norm):
    """Divide by the root mean square over the last dimensions, `normalized_shape`.

    >>> import gradatim
    >>> RMSNorm(2)(gradatim.tensor([[3.0, 4.0]])).detach()
    tensor([[0.8485, 1.1314]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.make_scale(self.normalized_shape, elementwise_affine, None, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.rms_norm`."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Norm):
    """Normalise groups of channels of each sample to mean 0 and variance 1: (N, C, ...).

    >>> import gradatim
    >>> GroupNorm(2, 6)(gradatim.randn(4, 6, 5)).shape
    gradatim.Size([4, 6, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ArgumentError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.make_scale(num_channels, affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.group_norm`."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


def _shape(sizes: int | Sequence[int]) -> Shape:
    return shape_sizes("normalized_shape", sizes if isinstance(sizes, Iterable) else (sizes,))
