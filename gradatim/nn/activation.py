"""Nonlinear functions as layers without parameters."""

from __future__ import annotations

from .._tensor.tensor import Tensor
from . import functional as F
from .module import Module


class InPlace(Module):
    """An activation whose only setting is whether it overwrites its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """`inplace=True` if set."""
        return "inplace=True" if self.inplace else ""


class ReLU(InPlace):
    """max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        """max(x, 0)."""
        return F.relu(input, inplace=self.inplace)


class GELU(Module):
    """x Phi(x); with `approximate="tanh"` as in GPT-2.

    >>> GELU(approximate="tanh")
    GELU(approximate='tanh')
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.gelu`."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The variant of the formula."""
        return f"approximate={self.approximate!r}"


class SiLU(InPlace):
    """x sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.silu`."""
        return F.silu(input, inplace=self.inplace)


class Mish(InPlace):
    """x tanh(log(1 + e^x))."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.mish`."""
        return F.mish(input, inplace=self.inplace)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """tanh(x)."""
        return input.tanh()


class Sigmoid(Module):
    """1 / (1 + e^-x)."""

    def forward(self, input: Tensor) -> Tensor:
        """1 / (1 + e^-x)."""
        return input.sigmoid()


class Softmax(Module):
    """Positive numbers that sum to 1 along `dim`.

    >>> import gradatim
    >>> Softmax(dim=1)(gradatim.zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Softmax along `dim`."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of softmax along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """log softmax along `dim`."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmin(Module):
    """softmax(-x) along `dim`: the smallest element gets the largest probability."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """softmax(-x) along `dim`."""
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class GLU(Module):
    """a sigmoid(b), for the two halves a and b of x along `dim`."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.glu`."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSigmoid(Module):
    """-log(1 + e^-x)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.logsigmoid`."""
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softsign`."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.tanhshrink`."""
        return F.tanhshrink(input)
