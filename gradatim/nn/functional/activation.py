"""Elementwise nonlinear functions, and softmax along a dimension."""

from __future__ import annotations

import warnings
from typing import Any

from ..._tensor.dims import one_dim
from ..._tensor.like import empty_like, zeros_like
from ..._tensor.promotion import floating, only_floats
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_tensor
from ...core.inplace import apply
from ...ops import losses, smooth


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    check_tensor("relu", input)
    return input.relu_() if inplace else input.relu()


def tanh(input: Tensor) -> Tensor:
    """(e^x - e^-x) / (e^x + e^-x)."""
    check_tensor("tanh", input)
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e^-x)."""
    check_tensor("sigmoid", input)
    return input.sigmoid()


def logsigmoid(input: Tensor) -> Tensor:
    """log sigmoid(x) = -log(1 + e^-x), without overflow."""
    check_tensor("logsigmoid", input)
    return losses.log_sigmoid(floating(input))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x), where Phi is the standard normal CDF: 0.5 x (1 + erf(x / sqrt 2)).

    With `approximate="tanh"`: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), as in GPT-2.

    Source: Hendrycks, Gimpel 2016, Gaussian error linear units, arXiv:1606.08415.

    >>> import gradatim
    >>> gelu(gradatim.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(
            f'gelu: approximate argument must be either "none" or "tanh", got {approximate!r}'
        )
    return applied("gelu", smooth.gelu if approximate == "none" else smooth.gelu_tanh, input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x), also known as swish. Source: Elfwing et al. 2017, arXiv:1702.03118.

    >>> import gradatim
    >>> silu(gradatim.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """
    return applied("silu", smooth.silu, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(log(1 + e^x)). Source: Misra 2019, arXiv:1908.08681.

    >>> import gradatim
    >>> mish(gradatim.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.0000,  0.8651])
    """
    return applied("mish", smooth.mish, input, inplace)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    check_tensor("softsign", input)
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    check_tensor("tanhshrink", input)
    return input - input.tanh()


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b), for the two halves a and b of x along `dim`: a gated linear unit.

    Errors: ShapeError if `dim` has odd size. Source: Dauphin et al. 2016, arXiv:1612.08083.

    >>> import gradatim
    >>> glu(gradatim.tensor([2.0, 0.0]))
    tensor([1.])
    """
    check_tensor("glu", input)
    if not input.ndim:
        raise ShapeError("glu: does not support scalars because halving size must be even")
    dim = one_dim("glu", dim, input.ndim)
    if input.shape[dim] % 2:
        raise ShapeError(
            f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}"
        )
    a, b = input.chunk(2, dim)
    return a * b.sigmoid()


def softmin(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """softmax(-x): the smallest element gets the largest probability."""
    check_tensor("softmin", input)
    return (-input).softmax(_dim("softmin", input, dim), dtype)


def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """Positive numbers that sum to 1 along `dim`: p_i = e^(x_i) / sum_j e^(x_j).

    >>> import gradatim
    >>> softmax(gradatim.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    check_tensor("softmax", input)
    return input.softmax(_dim("softmax", input, dim), dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """log softmax(x) = x_i - log sum_j e^(x_j), exact where softmax would underflow."""
    check_tensor("log_softmax", input)
    return input.log_softmax(_dim("log_softmax", input, dim), dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, *, dim: int = -1) -> Tensor:
    """softmax((x + noise) / tau): a random class, relaxed so that the logits get a gradient.

    The noise is Gumbel distributed, so that each class has the largest x + noise with probability
    softmax(x). With `hard` the result is that class, one-hot, while the gradient is that of the
    soft one (straight-through).

    Source: Jang, Gu, Poole 2017, Categorical reparameterization with Gumbel-softmax,
    arXiv:1611.01144.

    >>> import gradatim
    >>> gumbel_softmax(gradatim.tensor([0.0, 200.0]), hard=True)
    tensor([0., 1.])
    """
    check_tensor("gumbel_softmax", logits, "logits")
    noise = -empty_like(logits).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    chosen = zeros_like(logits).scatter(dim, soft.argmax(dim, keepdim=True), 1.0)
    return chosen - soft.detach() + soft


def _dim(name: str, x: Tensor, dim: int | None) -> int:
    """The given `dim`, or the one that PyTorch guesses, with its warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=3,
    )
    return 0 if x.ndim in (0, 1, 3) else 1


def applied(name: str, operation: Any, x: Any, inplace: bool = False, **params: Any) -> Any:
    """Apply an elementwise operation to a floating tensor, in place if asked."""
    check_tensor(name, x)
    only_floats(name, x)
    if not inplace:
        return operation(x, **params)
    apply(lambda x: operation(x, **params), x)
    return x
