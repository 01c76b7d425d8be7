"""Classification losses, and `one_hot`."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor.promotion import to_dtype
from ..._tensor.tensor import Tensor
from ...core.arguments import whole_number
from ...core.dtypes import int64
from ...core.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError
from ...core.handle import check_optional, check_tensor
from ...ops import cross_entropy as ops
from ...ops.broadcast import full
from ...ops.nll import nll
from .activation import log_softmax
from .reduction import check_reduction, check_same_shape, reduced

INT64 = int64.numpy


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A 1 at the index of each class, zeros elsewhere: (...) -> (..., C), int64.

    `num_classes` (C) defaults to the largest class plus 1.

    Errors: IndexOutOfRange for a class outside [0, C), DTypeError for anything but integers.

    >>> import gradatim
    >>> one_hot(gradatim.tensor([2, 0]), num_classes=3)
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    check_tensor("one_hot", tensor)
    x: Any = tensor
    if x._value.dtype.kind not in "iu":
        raise DTypeError(f"one_hot: classes must be integers, got {x.dtype}; use x.long()")
    if num_classes == -1:
        if not x.numel():
            raise ArgumentError("one_hot: an empty tensor has no largest class; give num_classes")
        num_classes = int(x.max()) + 1
    num_classes = whole_number("one_hot: num_classes", num_classes)
    if num_classes < 1:
        raise ArgumentError(f"one_hot: num_classes must be positive, got {num_classes}")
    flat = to_dtype(x, INT64).reshape(-1)
    rows = ops.place(full(flat._value.shape, 1, INT64), flat, classes=num_classes)
    return rows.reshape(*x.shape, num_classes)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input) at the target, in nats.

    Logits (C,), (N, C) or (N, C, d1, ...) with class targets (), (N,) or (N, d1, ...), or with
    probabilities in the shape of the logits. `weight` (C,) weights the classes, and the mean
    divides by the sum of the targets' weights. Targets equal to `ignore_index` are skipped. With
    `label_smoothing` e the target distribution is 1 - e of the target plus e / C of every class.

    Errors: ShapeError if the shapes do not fit, IndexOutOfRange for a target outside [0, C).
    Source: Bridle 1990; label smoothing Szegedy et al. 2016, arXiv:1512.00567.

    >>> import gradatim
    >>> cross_entropy(gradatim.zeros(1, 27), gradatim.tensor([5]))
    tensor(3.2958)
    """
    check_reduction("cross_entropy", reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(
            f"cross_entropy: label_smoothing must be between 0.0 and 1.0, got {label_smoothing}"
        )
    check_tensor("cross_entropy", input)
    check_tensor("cross_entropy", target, "target")
    check_optional("cross_entropy", weight=weight)
    x: Any = input
    if target._value.dtype.kind == "f":
        return _with_probabilities(x, target, weight, reduction, label_smoothing)
    if weight is None and not label_smoothing:
        logits, classes, shape = _rows("cross_entropy", x, target)
        loss = ops.cross_entropy(logits, classes, ignore_index=ignore_index, reduction=reduction)
        return loss.reshape(shape) if reduction == "none" and loss.ndim != len(shape) else loss
    log_p = log_softmax(x, _class_dim("cross_entropy", x))
    return _nll(
        "cross_entropy", log_p, target, weight, ignore_index, reduction, float(label_smoothing)
    )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """-input[target]: the negative log likelihood, where `input` holds log probabilities.

    Shapes, `weight`, `ignore_index` and errors are those of `cross_entropy`.

    >>> import gradatim
    >>> nll_loss(gradatim.tensor([[-0.1, -2.0]]), gradatim.tensor([1]))
    tensor(2.)
    """
    check_reduction("nll_loss", reduction)
    check_tensor("nll_loss", input)
    check_tensor("nll_loss", target, "target")
    check_optional("nll_loss", weight=weight)
    return _nll("nll_loss", input, target, weight, ignore_index, reduction, 0.0)


def _nll(
    name: str,
    log_p: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Tensor:
    rows, classes, shape = _rows(name, log_p, target)
    kind = rows._type
    weight = full(kind.shape[1:], 1, kind.dtype) if weight is None else _class_weight(weight, rows)
    losses = nll(
        rows,
        classes,
        to_dtype(weight, kind.dtype),
        ignore_index=ignore_index,
        reduction=reduction,
        smoothing=smoothing,
    )
    return losses.reshape(shape) if reduction == "none" else losses


def _with_probabilities(
    x: Any, target: Any, weight: Any, reduction: str, label_smoothing: float
) -> Tensor:
    check_same_shape("cross_entropy with probabilities", x, target)
    dim = _class_dim("cross_entropy", x)
    classes = x.shape[dim]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    log_p = log_softmax(x, dim)
    if weight is not None:
        log_p = log_p * _spread(_class_weight(weight, log_p, dim), x.ndim, dim)
    losses = -(log_p * target).sum(dim)
    if reduction == "mean":  # over samples, not weights, as in PyTorch
        return losses.sum() / max(x.numel() // max(classes, 1), 1)
    return reduced(losses, reduction)


def _class_dim(name: str, x: Any) -> int:
    if not x.ndim:
        raise ShapeError(f"{name}: input needs a dimension of classes, got a 0-d tensor")
    return 0 if x.ndim == 1 else 1


def _class_weight(weight: Any, x: Any, dim: int = 1) -> Any:
    classes = x.shape[dim]
    if tuple(weight.shape) != (classes,):
        raise ShapeError(
            f"cross_entropy: weight should have one element for each of the {classes} classes, "
            f"got shape {list(weight.shape)}"
        )
    return weight


def _spread(weight: Any, ndim: int, dim: int) -> Any:
    return weight.reshape(*[-1 if d == dim else 1 for d in range(ndim)])


def _rows(name: str, x: Any, target: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """Logits as (M, C) and targets as (M,), and the original shape of the targets."""
    x_shape, shape = x._value.shape, target._value.shape
    if x._value.dtype.kind != "f":
        raise DTypeError(f"{name}: input must be floating, got {x.dtype}; use x.float()")
    if target._value.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: target must hold classes as integers, got {target.dtype}; use target.long()"
        )
    dim = _class_dim(name, x)
    if x_shape[:dim] + x_shape[dim + 1 :] != shape:
        raise _misfit(name, x_shape, shape, dim)
    if not x_shape[dim] and 0 not in shape:
        raise IndexOutOfRange(
            f"{name}: input {list(x_shape)} has no classes, its dimension {dim} is empty, so there "
            "is none for a target to be; give it at least one"
        )
    classes = to_dtype(target, INT64)
    if len(x_shape) == 2:
        return x, classes, shape
    rows = x.unsqueeze(0) if dim == 0 else x.movedim(1, -1).reshape(math.prod(shape), x_shape[1])
    return rows, classes.reshape(-1), shape


def _misfit(name: str, x: tuple[int, ...], target: tuple[int, ...], dim: int) -> ShapeError:
    expected = x[:dim] + x[dim + 1 :]
    if len(expected) != len(target):
        where = f"target should have {len(expected)} dimensions, it has {len(target)}"
    else:
        d = next(i for i, (n, m) in enumerate(zip(expected, target, strict=True)) if n != m)
        where = f"dimension {d} of target is {target[d]}, input needs {expected[d]}"
    return ShapeError(
        f"{name}: input {list(x)} has its classes in dimension {dim} and needs a target of shape "
        f"{list(expected)}, got {list(target)}: {where}"
    )
