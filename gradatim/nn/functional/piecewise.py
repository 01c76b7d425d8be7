"""Piecewise activations: leaky_relu, elu, hardtanh and their relatives."""

from __future__ import annotations

from typing import Any

from ..._tensor.promotion import expanded
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, DTypeError, ShapeError
from ...core.handle import check_tensor
from ...core.inplace import apply
from ...ops import piecewise as ops
from .activation import applied

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x for x > 0, else `negative_slope` x. Source: Maas, Hannun, Ng 2013.

    >>> import gradatim
    >>> leaky_relu(gradatim.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return applied("leaky_relu", ops.leaky_relu, input, inplace, slope=float(negative_slope))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x for x > 0, else `weight` x: one weight, or one for each channel (dimension 1).

    Errors: ShapeError for another number of weights.

    Source: He et al. 2015, Delving deep into rectifiers, arXiv:1502.01852.

    >>> import gradatim
    >>> prelu(gradatim.tensor([[-4.0, -4.0]]), gradatim.tensor([0.25, 0.5]))
    tensor([[-1., -2.]])
    """
    check_tensor("prelu", input)
    check_tensor("prelu", weight, "weight")
    x: Any = input
    shape = x._value.shape
    if weight.numel() != 1:
        channels = shape[1] if len(shape) > 1 else 1
        if weight.numel() != channels:
            raise ShapeError(
                "prelu: Mismatch of parameter numbers and input channel size. Found parameter "
                f"numbers = {weight.numel()} and channel size = {channels}."
            )
    if weight.dtype != x.dtype:
        raise DTypeError(
            f"prelu: input has dtype {x.dtype} and weight {weight.dtype}; use x.to(weight.dtype)"
        )
    places = [n if d == 1 else 1 for d, n in enumerate(shape)] if weight.numel() != 1 else []
    return ops.prelu(x, expanded(weight.reshape(places), shape))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x for x > 0, else `alpha` (e^x - 1). Source: Clevert et al. 2015, arXiv:1511.07289.

    >>> import gradatim
    >>> elu(gradatim.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return applied("elu", ops.elu, input, inplace, alpha=float(alpha), scale=1.0, narrow=1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 elu(x, alpha=1.6733), which keeps activations near mean 0 and variance 1.

    Source: Klambauer et al. 2017, Self-normalizing neural networks, arXiv:1706.02515.

    >>> import gradatim
    >>> selu(gradatim.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return applied("selu", ops.elu, input, inplace, alpha=SELU_ALPHA, scale=SELU_SCALE, narrow=1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x for x > 0, else `alpha` (e^(x / alpha) - 1): differentiable at 0 for every `alpha`.

    Errors: ArgumentError for `alpha` = 0. Source: Barron 2017, arXiv:1704.07483.
    """
    if alpha == 0:
        raise ArgumentError("celu: alpha cannot be 0, it divides x")
    return applied("celu", ops.elu, input, inplace, alpha=float(alpha), scale=1.0, narrow=1 / alpha)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e^(beta x)) / beta; x itself where beta x > `threshold`, where the two agree.

    >>> import gradatim
    >>> softplus(gradatim.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
    return applied("softplus", ops.softplus, input, beta=float(beta), threshold=float(threshold))


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x clamped to [`min_val`, `max_val`]; the gradient at both ends is 0.

    Errors: ArgumentError if `min_val` is above `max_val`.
    """
    if min_val > max_val:
        raise ArgumentError("hardtanh: min_val cannot be greater than max_val")
    return _numbers("hardtanh", ops.hardtanh, input, inplace, low=min_val, high=max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6). Source: Howard et al. 2017, MobileNets, arXiv:1704.04861."""
    return _numbers("relu6", ops.hardtanh, input, inplace, low=0, high=6)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """0 up to -3, 1 from 3 on, and x / 6 + 1/2 between."""
    return applied("hardsigmoid", ops.hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x hardsigmoid(x). Source: Howard et al. 2019, MobileNetV3, arXiv:1905.02244."""
    return applied("hardswish", ops.hardswish, input, inplace)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """0 for |x| <= `lambd`, else x."""
    return applied("hardshrink", ops.hardshrink, input, lambd=float(lambd))


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by `lambd`, but not past it. Errors: ArgumentError for `lambd` < 0."""
    if lambd < 0:
        raise ArgumentError(f"softshrink: lambda must not be negative, but found {lambd}")
    return applied("softshrink", ops.softshrink, input, lambd=float(lambd))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it exceeds `threshold`, else `value`."""
    return _numbers("threshold", ops.threshold, input, inplace, limit=threshold, value=value)


def _numbers(name: str, operation: Any, x: Any, inplace: bool, **params: Any) -> Any:
    """Apply an elementwise operation that also takes integers."""
    check_tensor(name, x)
    if x._value.dtype.kind == "f":
        return applied(name, operation, x, inplace, **params)
    if x._value.dtype.kind == "b":
        raise DTypeError(f"{name}: Bool inputs not supported; use x.int() first")
    whole = {key: int(number) for key, number in params.items()}
    if not inplace:
        return operation(x, **whole)
    apply(lambda x: operation(x, **whole), x)
    return x
