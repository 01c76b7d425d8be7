"""Common parametrizations: a weight as length and direction, of norm 1, or orthogonal."""

from __future__ import annotations

from typing import Any

from ..._tensor.absent import missing_in as _missing_in
from ...autograd import no_grad
from ...core.errors import ArgumentError
from ..functional import normalize
from ..module import Module
from . import parametrize


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, length: Any, direction: Any) -> Any:
        return direction * (length / _norm_except(direction, self.dim))

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return _norm_except(weight, self.dim), weight


def _norm_except(x: Any, dim: int | None) -> Any:
    """The norms over all dimensions but one, or all."""
    if dim is None or dim == -1:
        return x.norm()
    dims = [d for d in range(x.ndim) if d != dim % x.ndim]
    return x.square().sum(dims, keepdim=True).sqrt() if dims else x.abs()


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A weight as g v / |v|: `original0` is its length g for each index of `dim`, `original1` is v.

    Salimans and Kingma 2016, Weight normalization. With `dim=None` there is one length for all.

    >>> import gradatim
    >>> layer = weight_norm(gradatim.nn.Linear(2, 3))
    >>> layer.parametrizations.weight.original0.shape
    gradatim.Size([3, 1])
    """
    return parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    def __init__(self, weight: Any, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ArgumentError(
                f"spectral_norm: n_power_iterations must be 1 or more, got {n_power_iterations}"
            )
        self.dim = dim % weight.ndim
        self.n_power_iterations = n_power_iterations
        self.eps = eps
        if weight.ndim > 1:
            matrix = self._matrix(weight)
            rows, columns = matrix.shape
            u = matrix.new_empty(rows).normal_(0, 1)
            v = matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Any) -> Any:
        if self.dim:
            order = (self.dim, *(d for d in range(weight.ndim) if d != self.dim))
            weight = weight.permute(*order)
        return weight.flatten(1)

    @no_grad()
    def _iterate(self, matrix: Any, count: int) -> None:
        for _ in range(count):
            self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
            self._v.copy_(normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """A weight divided by its largest singular value, which power iteration estimates.

    Miyato et al. 2018, Spectral normalization for generative adversarial networks. Each forward
    pass in training does `n_power_iterations` steps. Rows are the index of `dim`, 0 by default.

    >>> import gradatim
    >>> layer = spectral_norm(gradatim.nn.Linear(4, 4), n_power_iterations=50)
    >>> round(gradatim.linalg.matrix_norm(layer.weight.detach(), 2).item(), 3)
    1.0
    """
    weight = getattr(module, name, None)
    if weight is None:
        raise ArgumentError(f"spectral_norm: {type(module).__name__} has no {name!r}")
    made = _SpectralNorm(weight.detach(), n_power_iterations, dim or 0, eps)
    return parametrize.register_parametrization(module, name, made)


__all__ = ["spectral_norm", "weight_norm"]

__getattr__ = _missing_in(__name__, __all__)
