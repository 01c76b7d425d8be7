"""Dropout as layers: active in training, the identity in evaluation."""

from __future__ import annotations

from .._tensor.tensor import Tensor
from . import functional as F
from .functional.dropout import check_probability
from .module import Module


class _Dropout(Module):
    """The probability, and whether to work in place."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element becomes 0 with probability `p` in training, else x / (1 - p).

    >>> import gradatim
    >>> Dropout(p=0.1)
    Dropout(p=0.1, inplace=False)
    >>> Dropout().eval()(gradatim.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.dropout`."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Whole channels become 0 in training: (N, C, L) or (C, L)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.dropout1d`."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Whole channels become 0 in training: (N, C, H, W), or (N, C, L) with a warning."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.dropout2d`."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Whole channels become 0 in training: (N, C, D, H, W) or (C, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.dropout3d`."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks with `SELU`."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.alpha_dropout`."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)
