"""Similarity of vectors, as a layer."""

from __future__ import annotations

from .._tensor.tensor import Tensor
from . import functional as F
from .module import Module


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along `dim`.

    >>> import gradatim
    >>> CosineSimilarity(dim=0)(gradatim.tensor([3.0, 4.0]), gradatim.tensor([1.0, 0.0]))
    tensor(0.6000)
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """See `functional.cosine_similarity`."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
