"""Norms that may keep a running mean and variance: batch norm and instance norm."""

from __future__ import annotations

import warnings
from typing import Any

from .._tensor.creation import ones, tensor, zeros
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..core.errors import ArgumentError
from . import functional as F
from .normalization import Norm


class Tracking(Norm):
    """A norm of each channel that may keep a running mean and variance."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    _version = 2  # the version that added `num_batches_tracked` to the state dict

    def _newer_than(self, version: int | None) -> frozenset[str]:
        return frozenset(() if version and version >= 2 else ("num_batches_tracked",))

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.make_scale(num_features, affine, bias, device, dtype)
        kept = track_running_stats
        for name, make in (("running_mean", zeros), ("running_var", ones)):
            buffer = make(num_features, device=device, dtype=dtype) if kept else None
            self.register_buffer(name, buffer)
        self.register_buffer("num_batches_tracked", tensor(0) if kept else None)

    def reset_running_stats(self) -> None:
        """Reset the running mean and variance."""
        with no_grad():
            if self.running_mean is not None:
                self.running_mean.zero_()
            if self.running_var is not None:
                self.running_var.fill_(1)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros, and reset the running statistics."""
        self.reset_running_stats()
        super().reset_parameters()

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _check_dimensions(self, x: Tensor, allowed: tuple[int, ...]) -> None:
        if x.ndim not in allowed:
            names = " or ".join(f"{n}D" for n in allowed)
            raise ArgumentError(f"expected {names} input (got {x.ndim}D input)")

    def _momentum(self) -> Any:
        """The weight of this batch in the running statistics; equal weights without `momentum`."""
        if self.num_batches_tracked is None:
            return 0.0
        with no_grad():
            self.num_batches_tracked.add_(1)
            return 1 / self.num_batches_tracked if self.momentum is None else self.momentum


class _BatchNorm(Tracking):
    """A norm of each channel over the batch."""

    dimensions: tuple[int, ...]

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.batch_norm`; the running statistics are used in evaluation only."""
        self._check_dimensions(input, self.dimensions)
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            self._momentum() if self.training else 0.0,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Normalise each channel to mean 0 and variance 1 over the batch: (N, C) or (N, C, L).

    In evaluation the running mean and variance replace those of the batch.

    >>> import gradatim
    >>> BatchNorm1d(2)(gradatim.tensor([[1.0, 0.0], [3.0, 0.0]])).detach()
    tensor([[-1.0000,  0.0000],
            [ 1.0000,  0.0000]])
    """

    dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalise each channel to mean 0 and variance 1 over batch and image: (N, C, H, W)."""

    dimensions = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalise each channel to mean 0 and variance 1 over batch and volume: (N, C, D, H, W)."""

    dimensions = (5,)


class _InstanceNorm(Tracking):
    """A norm of each channel of each sample; a single sample may come without a batch dimension."""

    spatial: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.instance_norm`."""
        self._check_dimensions(input, (self.spatial + 1, self.spatial + 2))
        self._check_features(input)
        alone = input.ndim == self.spatial + 1
        normal = F.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return normal.squeeze(0) if alone else normal

    def _check_features(self, x: Tensor) -> None:
        dim = x.ndim - self.spatial - 1
        if x.shape[dim] == self.num_features:
            return
        if self.affine:
            raise ArgumentError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), "
                f"but got: {x.shape[dim]}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning "
            "by not passing in num_features, which is not used because affine=False",
            stacklevel=3,
        )


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sample to mean 0 and variance 1: (N, C, L) or (C, L)."""

    spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalise each channel of each sample to mean 0, variance 1: (N, C, H, W) or (C, H, W)."""

    spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, D, H, W) or (C, D, H, W)."""

    spatial = 3
