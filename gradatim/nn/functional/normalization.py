"""Normalisation to mean 0 and variance 1, within a sample or over the batch.

All take an optional weight and bias, with which the network can undo the normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._tensor.promotion import only_floats, to_dtype
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, DTypeError, ShapeError
from ...core.handle import Handle, check_optional, check_tensor
from ...core.inplace import update
from ...ops import layer_norm as fused
from ...ops import normalization as ops
from ...ops.broadcast import full, numel
from ...ops.elementwise import mul, neg, sub

Shape = tuple[int, ...]
FLOAT64 = np.dtype(np.float64)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias, over the last dimensions, `normalized_shape`.

    Mean and variance (divided by n, not n - 1) are taken over each row on its own.

    Errors: ShapeError if the last dimensions of `input` are not `normalized_shape`.

    Source: Ba, Kiros, Hinton 2016, Layer normalization, arXiv:1607.06450.

    >>> import gradatim
    >>> layer_norm(gradatim.tensor([[1.0, 2.0, 3.0]]), (3,))
    tensor([[-1.2247,  0.0000,  1.2247]])
    """
    dims = _last_dims("layer_norm", input, normalized_shape, weight, bias)
    if weight is not None and bias is not None:
        _check_dtypes("layer_norm", input, weight, bias)
        out: Tensor = fused.layer_norm(input, weight, bias, dims=dims, eps=eps)[0]
        return out
    normal = ops.standardize(input, dims=dims, eps=eps)[0]
    return _scaled("layer_norm", normal, weight, bias, dims)


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight, over the last dimensions, `normalized_shape`.

    `eps` defaults to the machine epsilon of the dtype.

    Errors: ShapeError if the last dimensions of `input` are not `normalized_shape`.

    Source: Zhang, Sennrich 2019, Root mean square layer normalization, arXiv:1910.07467.

    >>> import gradatim
    >>> rms_norm(gradatim.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    dims = _last_dims("rms_norm", input, normalized_shape, weight, None)
    x: Any = input
    eps = float(np.finfo(x._value.dtype).eps) if eps is None else eps
    normal = x * (x.square().mean(dims, keepdim=True) + eps).rsqrt()
    return _scaled("rms_norm", normal, weight, None, dims)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias, for each channel: (N, C) or (N, C, ...).

    In training, mean and variance are those of the batch, and the running statistics move towards
    them by `momentum` (the running variance towards the unbiased one, divided by n - 1). Otherwise
    the running statistics are used.

    Errors: ArgumentError if there is only one value per channel in training, ShapeError if another
    tensor does not have one element per channel.

    Source: Ioffe, Szegedy 2015, Batch normalization, arXiv:1502.03167.

    >>> import gradatim
    >>> batch_norm(gradatim.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    x = _with_channels("batch_norm", input)
    named = {"running_mean": running_mean, "running_var": running_var}
    _check_channels("batch_norm", x, **named, weight=weight, bias=bias)
    if training:
        shape = x._value.shape
        _check_several(x, shape)
        if eps <= 0:  # a constant channel would be divided by 0
            raise ArgumentError(f"batch_norm: eps must be positive during training, but got {eps}")
        dims = (0, *range(2, len(shape)))
        normal, mean, var = ops.standardize(x, dims=dims, eps=eps)
        if 0 not in shape:  # an empty batch has no mean, so the running statistics stay
            count = numel(shape) // shape[1]
            _move_towards(running_mean, mean, momentum)
            _move_towards(running_var, var, momentum, count / (count - 1))
        return _scaled("batch_norm", normal, weight, bias, (1,))
    for name, tensor in named.items():
        if tensor is None:
            raise ArgumentError(f"batch_norm: {name} must be defined in evaluation mode")
    return _by_running(x, running_mean, running_var, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias, over groups of channels of each sample.

    (N, C, ...) with C divisible by `num_groups`; weight and bias have one element per channel.

    Errors: ShapeError if C is not divisible, ArgumentError if a group has only one value.

    Source: Wu, He 2018, Group normalization, arXiv:1803.08494.

    >>> import gradatim
    >>> group_norm(gradatim.tensor([[1.0, 3.0, 5.0, 5.0]]), 2)
    tensor([[-1.0000,  1.0000,  0.0000,  0.0000]])
    """
    x = _with_channels("group_norm", input)
    if num_groups <= 0 or x.shape[1] % num_groups:
        raise ShapeError(
            "group_norm: Expected number of channels in input to be divisible by num_groups, but "
            f"got input of shape {[*x.shape]} and num_groups={num_groups}"
        )
    _check_channels("group_norm", x, weight=weight, bias=bias)
    size = x.shape[0] * x.shape[1] // num_groups
    _check_several(x, (size, num_groups, *x.shape[2:]))
    rows = x.reshape(x.shape[0], num_groups, -1) if x.numel() else x
    normal = ops.standardize(rows, dims=(2,), eps=eps)[0].reshape(x.shape) if x.numel() else x
    return _scaled("group_norm", normal, weight, bias, (1,))


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias, for each channel of each sample: (N, C, ...).

    The running mean and variance move towards the averages over the samples; they are used instead
    if `use_input_stats` is False.

    Errors: ArgumentError if a channel of a sample has only one value.

    Source: Ulyanov, Vedaldi, Lempitsky 2016, Instance normalization, arXiv:1607.08022.
    """
    x = _with_channels("instance_norm", input)
    running = {"running_mean": running_mean, "running_var": running_var}
    _check_channels("instance_norm", x, **running, weight=weight, bias=bias)
    if not use_input_stats:
        return _by_running(x, running_mean, running_var, weight, bias, eps)
    count = x.shape[2:].numel()
    if count == 1:
        raise ArgumentError(
            "instance_norm: Expected more than 1 spatial element when training, got input size "
            f"{x.shape}"
        )
    normal, mean, var = ops.standardize(x, dims=tuple(range(2, x.ndim)), eps=eps)
    if x.numel():  # an empty batch has no mean, so the running statistics stay
        channels = (x.shape[0], x.shape[1])
        _move_towards(running_mean, mean.reshape(channels).mean(0), momentum)
        average = var.reshape(channels).mean(0)
        _move_towards(running_var, average, momentum, count / (count - 1))
    return _scaled("instance_norm", normal, weight, bias, (1,))


# -- parts -------------------------------------------------------------------------------------


def _move_towards(running: Any, now: Any, momentum: Any, factor: float = 1) -> None:
    """running <- (1 - momentum) running + momentum factor now, not recorded on the tape."""
    if running is not None:
        part = momentum if isinstance(momentum, Handle) else full((), momentum, FLOAT64)
        update(ops.move_towards, running, now, part, factor=factor)


def _by_running(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Tensor:
    """The norm with given mean and variance, reduced to one product and one sum."""
    dtype = x._value.dtype
    _check_dtypes("batch_norm", x, weight, bias)
    mean, var = to_dtype(mean, dtype), to_dtype(var, dtype)
    scale = ops.reciprocal_deviation(var, eps=eps)
    scale = scale if weight is None else mul(weight, scale)
    shift = mul(mean, scale)
    shift = neg(shift) if bias is None else sub(bias, shift)
    return ops.affine(x, scale, shift, dims=(1,))


def _scaled(name: str, normal: Any, weight: Any, bias: Any, dims: Shape) -> Any:
    _check_dtypes(name, normal, weight, bias)
    if weight is not None and bias is not None:
        return ops.affine(normal, weight, bias, dims=dims)
    if weight is not None:
        return normal * _aligned(weight, normal, dims)
    return normal if bias is None else normal + _aligned(bias, normal, dims)


def _check_dtypes(name: str, x: Any, *given: Any) -> None:
    for other in given:
        if other is not None and other._value.dtype != x._value.dtype:
            raise DTypeError(
                f"{name}: mixed dtype: all inputs must share same datatype, got {x.dtype} "
                f"and {other.dtype}; use .to({x.dtype})"
            )


def _aligned(weight: Any, x: Any, dims: Shape) -> Any:
    return weight.reshape([n if d in dims else 1 for d, n in enumerate(x.shape)])


def _last_dims(name: str, x: Any, sizes: Any, weight: Any, bias: Any) -> Shape:
    """The dimensions that `normalized_shape`, the `sizes`, covers."""
    check_tensor(name, x)
    if not isinstance(sizes, tuple | list):
        raise TypeError(
            f"{name}: normalized_shape must be a tuple of integers, got {sizes!r}; write (n,)"
        )
    shape = tuple(sizes)
    if not shape:
        raise ShapeError(
            f"{name}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at "
            "least one element, but got normalized_shape = []"
        )
    if x._value.shape[-len(shape) :] != shape:
        expected = ", ".join(["*", *map(str, shape)])
        raise ShapeError(
            f"{name}: Given normalized_shape={[*shape]}, expected input with shape [{expected}], "
            f"but got input of size{[*x.shape]}"
        )
    for what, given in (("weight", weight), ("bias", bias)):
        if given is None:
            continue
        check_tensor(name, given, what)
        if given._value.shape != shape:
            raise ShapeError(
                f"{name}: Expected {what} to be of same shape as normalized_shape, but got {what} "
                f"of shape {[*given.shape]} and normalized_shape = {[*shape]}"
            )
    only_floats(name, x)
    return tuple(range(x.ndim - len(shape), x.ndim))


def _with_channels(name: str, x: Any) -> Any:
    check_tensor(name, x)
    if len(x._value.shape) < 2:
        raise ShapeError(
            f"{name}: Expected at least 2 dimensions for input tensor but received {x.ndim}; "
            "channels are dimension 1"
        )
    return only_floats(name, x)


def _check_channels(name: str, x: Any, **tensors: Any) -> None:
    check_optional(name, **tensors)
    channels = x._value.shape[1]
    for role, given in tensors.items():
        if given is not None and given._value.shape != (channels,):
            raise ShapeError(
                f"{role} should contain {channels} elements, one for each channel of an input of "
                f"shape {[*x.shape]}, but has shape {[*given.shape]}"
            )


def _check_several(x: Any, sizes: Shape) -> None:
    """Refuse a single value per channel: it would equal its mean."""
    if sizes[0] * numel(sizes[2:]) == 1:
        raise ArgumentError(
            f"Expected more than 1 value per channel when training, got input size {x.shape}"
        )
