"""Weight initialisation: random numbers scaled so that signals and gradients keep their size.

Every function fills its tensor, without recording on the tape, and returns it. The random ones use
the default generator unless given another.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._tensor.comparison import where
from .._tensor.creation import as_tensor, eye, zeros
from .._tensor.like import empty_like
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..core.errors import ArgumentError

__all__ = [
    "calculate_fan",
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    "linear": 1.0,
    "identity": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
    **{f"{conv}{n}d": 1.0 for conv in ("conv", "conv_transpose") for n in (1, 2, 3)},
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which to scale the initial weights of a layer before this nonlinearity.

    sqrt(2) for relu, which zeroes half of the signal, sqrt(2 / (1 + param^2)) for leaky_relu with
    slope `param` (0.01), 5/3 for tanh, 3/4 for selu, else 1.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ArgumentError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        known = ", ".join(["leaky_relu", *_GAINS])
        raise ArgumentError(f"Unsupported nonlinearity {nonlinearity}; use one of {known}")
    return _GAINS[nonlinearity]


# -- constants and plain distributions ------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with uniform numbers in [a, b)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with normal numbers of this mean and standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with normal numbers, each redrawn until it lies in [a, b].

    If little probability mass lies in [a, b], rejection sampling from the uniform distribution on
    [a, b] is used instead, with acceptance proportional to exp(-(x - mean)^2 / (2 std^2)).

    Errors: ArgumentError if `std` is not positive or `a` is above `b`.

    >>> import gradatim
    >>> w = trunc_normal_(gradatim.empty(100, 100), std=0.5, a=-1.0, b=1.0)
    >>> bool((w.abs() <= 1.0).all())
    True
    """
    if not std > 0:
        raise ArgumentError(f"trunc_normal_: std must be positive, got {std}")
    if a > b:
        raise ArgumentError(f"trunc_normal_: a must not be above b, got a={a} and b={b}")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=2,
        )
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    draw = _normal_inside if inside > 0.3 else _uniform_kept
    with no_grad():
        return draw(tensor, mean, std, a, b, generator)


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _normal_inside(
    tensor: Any, mean: float, std: float, a: float, b: float, generator: Any
) -> Tensor:
    low, high = tensor.new_tensor([a, b]).tolist()
    tensor.normal_(mean, std, generator=generator)
    while (outside := (tensor < low) | (tensor > high)).any():
        again = empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(where(outside, again, tensor))
    return tensor


def _uniform_kept(
    tensor: Any, mean: float, std: float, a: float, b: float, generator: Any
) -> Tensor:
    highest = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    wanted: Any = True
    while True:
        tried: Any = empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(tried if wanted is True else where(wanted, tried, tensor))
        log_density = ((tried - mean) / std) ** 2 * -0.5 - highest
        log_chance = empty_like(tensor).uniform_(generator=generator).log()
        wanted = wanted & (log_chance > log_density)
        if not wanted.any():
            return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with `val`."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, zeros elsewhere."""
    if tensor.ndim != 2:
        raise ArgumentError(f"eye_: expects a matrix, got shape {list(tensor.shape)}")
    with no_grad():
        return tensor.copy_(eye(*tensor.shape))


# -- by fan ---------------------------------------------------------------------------------


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in [-b, b], b = gain sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010. Errors: ArgumentError for fewer than two dimensions, or if both
    fans are 0.
    """
    b = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -b, b, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010. Errors: ArgumentError for fewer than two dimensions, or if both
    fans are 0.
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Uniform in [-b, b], b = gain sqrt(3 / fan); `a` is the negative slope of leaky_relu.

    Source: He et al. 2015, arXiv:1502.01852. Errors: ArgumentError for fewer than two dimensions.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    b = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -b, b, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan).

    Source: He et al. 2015, arXiv:1502.01852. Errors: ArgumentError for fewer than two dimensions.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Make the rows (or columns, if there are more rows) orthogonal, each of length `gain`.

    The Q of the QR decomposition of a normal matrix, with signs chosen so that R's diagonal is
    positive, which makes Q uniformly distributed.

    Source: Saxe et al. 2013, arXiv:1312.6120. Errors: ArgumentError for fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise ArgumentError(
            f"orthogonal_: needs at least 2 dimensions, got shape {list(tensor.shape)}"
        )
    rows = tensor.shape[0]
    columns = tensor.numel() // max(rows, 1)
    with no_grad():
        drawn = zeros(rows, columns, dtype=tensor.dtype).normal_(0.0, 1.0, generator=generator)
        # Fresh random numbers are never traced, so NumPy may read them.
        q, r = np.linalg.qr(drawn.numpy().T if rows < columns else drawn.numpy())
        q *= np.sign(np.diag(r))
        tensor.copy_(as_tensor(q.T if rows < columns else q).reshape(*tensor.shape))
        return tensor.mul_(gain)


def calculate_fan(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out): how many inputs an output sums, and how many outputs an input feeds."""
    shape = tensor.shape
    if len(shape) < 2:
        raise ArgumentError(  # PyTorch: a ValueError
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got "
            f"shape {list(shape)}"
        )
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fans = sum(calculate_fan(tensor))
    if not fans:  # PyTorch: a ZeroDivisionError
        raise ArgumentError(
            f"Xavier initialization divides by fan_in + fan_out, which is 0 for shape "
            f"{list(tensor.shape)}; do not initialise an empty tensor"
        )
    return gain * math.sqrt(2.0 / fans)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f'Mode {mode} not supported, please use one of "fan_in", "fan_out"')
    fan = calculate_fan(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def __dir__() -> list[str]:
    return sorted(__all__)
