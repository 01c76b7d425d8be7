"""Margin losses: zero wherever the prediction is right by more than the margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._tensor.comparison import where
from ..._tensor.creation import arange
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, DTypeError, ShapeError
from ...core.handle import check_optional, check_tensor
from ...core.numbers import glance
from .activation import logsigmoid
from .distance import pairwise_distance
from .reduction import check_reduction, check_same_shape, reduced


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, *, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - y (a - b)): a should be larger where y is 1, smaller where it is -1.

    >>> import gradatim
    >>> a, b, y = gradatim.tensor([1.0, 1.0]), gradatim.zeros(2), gradatim.tensor([1.0, -1.0])
    >>> margin_ranking_loss(a, b, y, reduction="none")
    tensor([0., 1.])
    """
    name = "margin_ranking_loss"
    check_reduction(name, reduction)
    for x, what in ((input1, "input1"), (input2, "input2"), (target, "target")):
        check_tensor(name, x, what)
    a, b, y = input1, input2, target
    if not a.ndim == b.ndim == y.ndim:
        raise ShapeError(
            f"{name}: inputs and target must have equally many dimensions, got shapes "
            f"{list(a.shape)}, {list(b.shape)} and {list(y.shape)}"
        )
    return reduced((margin - y * (a - b)).clamp(min=0), reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean"
) -> Tensor:
    """x where y is 1, max(0, margin - x) where it is -1; x is a distance.

    >>> import gradatim
    >>> x, y = gradatim.tensor([0.2, 0.2]), gradatim.tensor([1.0, -1.0])
    >>> hinge_embedding_loss(x, y, reduction="none")
    tensor([0.2000, 0.8000])
    """
    check_reduction("hinge_embedding_loss", reduction)
    check_tensor("hinge_embedding_loss", input)
    check_tensor("hinge_embedding_loss", target, "target")
    near: Any = where(target == -1, 0.0, input)
    far: Any = where(target == 1, 0.0, (margin - input).clamp(min=0))
    return reduced(near + far, reduction)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, *, reduction: str = "mean"
) -> Tensor:
    """1 - cos(a, b) where y is 1, max(0, cos(a, b) - margin) where it is -1.

    Rows (N, D) with a target (N,), or vectors (D,) with one number.

    Errors: ShapeError for other shapes.
    """
    name = "cosine_embedding_loss"
    check_reduction(name, reduction)
    for x, what in ((input1, "input1"), (input2, "input2"), (target, "target")):
        check_tensor(name, x, what)
    a, b, y = input1, input2, target
    if y.ndim > 1 or a.ndim != y.ndim + 1 or b.ndim != y.ndim + 1:
        raise ShapeError(
            f"{name}: takes rows (N, D) with a target (N,), or vectors (D,) with a number; got "
            f"inputs {list(a.shape)} and {list(b.shape)}, target {list(y.shape)}"
        )
    eps = 1e-12  # as in PyTorch, under the square root
    lengths = ((a * a).sum(-1) + eps) * ((b * b).sum(-1) + eps)
    cosine = (a * b).sum(-1) / lengths.sqrt()
    alike: Any = where(y == 1, 1 - cosine, 0.0)
    unlike: Any = where(y == -1, (cosine - margin).clamp(min=0), 0.0)
    return reduced(alike + unlike, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin) for p-norm distances d along the last dimension.

    `swap` uses the smaller of d(a, n) and d(p, n).

    Source: Balntas et al. 2016, Learning local feature descriptors with triplets.

    >>> import gradatim
    >>> a, b, c = gradatim.zeros(1, 2), gradatim.ones(1, 2), gradatim.full((1, 2), 2.0)
    >>> triplet_margin_loss(a, b, c, margin=2.0)
    tensor(0.5858)
    """

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return _triplet(
        "triplet_margin_loss", anchor, positive, negative, distance, margin, swap, reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a custom distance, by default `pairwise_distance`."""
    name = "triplet_margin_with_distance_loss"
    distance = distance_function or pairwise_distance
    return _triplet(name, anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    name: str,
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Callable[[Any, Any], Any],
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    check_reduction(name, reduction)
    for x, what in ((anchor, "anchor"), (positive, "positive"), (negative, "negative")):
        check_tensor(name, x, what)
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(
            f"{name}: anchor, positive and negative must have equally many dimensions, got shapes "
            f"{list(anchor.shape)}, {list(positive.shape)} and {list(negative.shape)}"
        )
    if margin <= 0:
        raise ArgumentError(f"{name}: margin must be greater than 0, got {margin}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((near - far + margin).clamp(min=0), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """sum over j != y of w_y max(0, margin - x_y + x_j)^p, divided by the number of classes.

    Scores (N, C) with classes (N,), or (C,) with one class; `weight` is (C,).

    Errors: ShapeError for other shapes, ArgumentError for a `p` other than 1 and 2.

    >>> import gradatim
    >>> multi_margin_loss(gradatim.tensor([[0.1, 0.2, 0.4, 0.8]]), gradatim.tensor([3]))
    tensor(0.3250)
    """
    name = "multi_margin_loss"
    check_reduction(name, reduction)
    check_optional(name, weight=weight)
    x, y = _scores(name, input, target, 1)
    if p not in (1, 2):
        raise ArgumentError(f"{name}: p must be 1 or 2, got {p}")
    chosen = y.unsqueeze(-1)
    each = (margin - x.gather(-1, chosen) + x).clamp(min=0)
    each = each if p == 1 else each * each
    if weight is not None:
        if weight.shape != x.shape[-1:]:
            raise ShapeError(
                f"{name}: weight must have one number for each of the {x.shape[-1]} classes, "
                f"got shape {list(weight.shape)}"
            )
        each = each * weight[y].unsqueeze(-1)
    each = each.scatter(-1, chosen, 0.0)
    return reduced(each.sum(-1) / x.shape[-1], reduction)


def multilabel_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """sum over right classes y and wrong ones i of max(0, 1 - (x_y - x_i)) / C.

    `target` has the shape of `input`, (N, C) or (C,): the indices of the right classes, then -1;
    entries after that are ignored.

    >>> import gradatim
    >>> x, y = gradatim.tensor([0.1, 0.2, 0.4, 0.8]), gradatim.tensor([3, 0, -1, 1])
    >>> multilabel_margin_loss(x, y)
    tensor(0.8500)
    """
    name = "multilabel_margin_loss"
    check_reduction(name, reduction)
    x, y = _scores(name, input, target, 0)
    check_same_shape(name, x, y)
    counts: Any = (y < 0).cumsum(-1) == 0  # entries before the first -1
    seen = glance(counts)
    most = x.shape[-1] if seen is None else int(seen.sum(-1).max(initial=0))  # the others are zeros
    counts, classes = counts[..., :most], y[..., :most].clamp(min=0)
    right: Any = where(arange(x.shape[-1]) == classes.unsqueeze(-1), counts.unsqueeze(-1), False)
    wrong = ~right.any(-2)
    each = (1 - (x.gather(-1, classes).unsqueeze(-1) - x.unsqueeze(-2))).clamp(min=0)
    each = where(counts.unsqueeze(-1) & wrong.unsqueeze(-2), each, 0.0)
    return reduced(each.sum((-2, -1)) / x.shape[-1], reduction)


def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """log(1 + e^(-y x)) for a `target` y of 1 and -1, without overflow.

    >>> import gradatim
    >>> soft_margin_loss(gradatim.zeros(2), gradatim.tensor([1.0, -1.0]))
    tensor(0.6931)
    """
    check_reduction("soft_margin_loss", reduction)
    check_same_shape("soft_margin_loss", input, target)
    return reduced(-logsigmoid(input * target), reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """The mean over classes of -(y log sigmoid(x) + (1 - y) log sigmoid(-x)), weighted by `weight`.

    >>> import gradatim
    >>> multilabel_soft_margin_loss(gradatim.zeros(2, 3), gradatim.ones(2, 3))
    tensor(0.6931)
    """
    name = "multilabel_soft_margin_loss"
    check_reduction(name, reduction)
    check_same_shape(name, input, target)
    check_optional(name, weight=weight)
    each: Any = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        each = each * weight
    return reduced(each.mean(-1), reduction)


def _scores(name: str, input: Any, target: Any, more: int) -> tuple[Any, Any]:
    """Checked scores and targets, which have `more` dimensions besides the classes."""
    check_tensor(name, input)
    check_tensor(name, target, "target")
    if not 0 < input.ndim == target.ndim + more < 3 or input.shape[: target.ndim] != target.shape:
        raise ShapeError(
            f"{name}: takes scores (N, C) or (C,) and classes for them, got input "
            f"{list(input.shape)} and target {list(target.shape)}"
        )
    if target.is_floating_point():
        raise DTypeError(f"{name}: target must hold classes as integers, got {target.dtype}")
    return input, target
