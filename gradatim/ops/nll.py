"""The negative log likelihood of classes, given log probabilities (N, C) and targets (N,).

    l_i = -(1 - s) w[y_i] log p_i[y_i] - s / C sum_c w_c log p_ic        0 if y_i is ignored
    mean: sum_i l_i / sum_i w[y_i]

where s is the label smoothing and w (C,) the classes' weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite, Shortcut
from ..core.storage import ArrayType
from .broadcast import broadcast_to, reduce_sum, reshape_to
from .cross_entropy import flat_places, pick, place, split_ignored, valid
from .elementwise import add, div, eq, like, mul, ne, neg, sub, where
from .indexing import put, take, zeros

Array = np.ndarray[Any, Any]


def _times(x: Any, number: float) -> Any:
    return mul(x, like(x, number))


def _total(x: Any, dim: int = 0) -> Any:
    return reduce_sum(x, dims=(dim,), keepdim=False)


def _weights(safe: Any, counts: Any, weight: Any) -> Any:
    """The weight of each target, (N,); 0 where it is ignored."""
    return mul(take(weight, safe, dim=0), counts)


def _over_classes(log_p: Any, weight: Any) -> Any:
    """sum_c w_c log p_c, (N,)."""
    return _total(mul(log_p, broadcast_to(weight, shape=log_p._value.shape)), 1)


def _expand(
    log_p: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    counts, safe = valid(target, ignore_index, weight._value.dtype)
    each = _weights(safe, counts, weight)
    losses = neg(mul(pick(log_p, safe), each))
    if smoothing:
        even = _times(_over_classes(log_p, weight), smoothing / log_p._value.shape[1])
        losses = sub(_times(losses, 1 - smoothing), even)
    losses = where(ne(counts, like(counts, 0)), losses, like(losses, 0))
    if reduction == "none":
        return losses
    return div(_total(losses), _total(each)) if reduction == "mean" else _total(losses)


def _value(
    log_p: Array,
    target: Array,
    weight: Array,
    *,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Any:
    log_p = np.ascontiguousarray(log_p)
    target, counts = split_ignored(target, log_p.shape[1], ignore_index)
    each = weight.take(target)
    losses = np.negative(log_p.reshape(-1).take(flat_places(log_p, target))) * each
    if smoothing:
        losses *= 1 - smoothing
        losses -= log_p.dot(weight) * (smoothing / log_p.shape[1])
    if counts is not None:
        each, losses = (np.where(counts, x, x.dtype.type(0)) for x in (each, losses))
    if reduction == "none":
        return losses
    total = np.add.reduce(losses)
    return np.divide(total, np.add.reduce(each)) if reduction == "mean" else total


# -- gradients -----------------------------------------------------------------------------


def _arriving(g: Any, counts: Any, each: Any, reduction: str) -> Any:
    """The gradient of each loss, (N,); 0 if no target counts, where the mean is nan."""
    if reduction == "mean":
        total = _total(each)
        none = eq(total, like(total, 0))
        g = where(none, like(g, 0), div(g, where(none, like(total, 1), total)))
    return mul(broadcast_to(g, shape=counts._value.shape), counts)


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    return broadcast_to(reshape_to(x, (shape[0], 1)), shape=shape)


def _expand_back(
    g: Any,
    target: Any,
    weight: Any,
    *,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Any:
    counts, safe = valid(target, ignore_index, weight._value.dtype)
    each = _weights(safe, counts, weight)
    shape = (*counts._value.shape, *weight._value.shape)
    arrived = neg(_arriving(g, counts, each, reduction))
    hit = place(_times(mul(arrived, each), 1 - smoothing), safe, classes=shape[1])
    if not smoothing:
        return hit
    even = _spread(_times(arrived, smoothing / shape[1]), shape)
    return add(hit, mul(even, broadcast_to(weight, shape=shape)))


def _back_value(
    g: Array,
    target: Array,
    weight: Array,
    *,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Array:
    classes = len(weight)
    target, counts = split_ignored(target, classes, ignore_index)
    each = weight.take(target)
    if counts is not None:
        each = each * counts
    if reduction == "mean":
        g = np.asarray(g / (np.add.reduce(each) or np.inf))
    arrived = np.negative(g, dtype=each.dtype)
    if counts is not None:
        arrived = np.where(counts, arrived, each.dtype.type(0))
    out = np.zeros((len(target), classes), each.dtype)
    if smoothing:
        out += np.reshape(arrived * (smoothing / classes), (-1, 1)) * weight
    out.reshape(-1)[flat_places(out, target)] += arrived * each * (1 - smoothing)
    return out


# The gradient of the log probabilities
nll_back = Shortcut(
    "nll_back(g, target, weight, *, ignore_index, reduction, smoothing)",
    _expand_back,
    lambda g, target, weight, **_: ArrayType((*target.shape, *weight.shape), weight.dtype),
    value=_back_value,
)


def _by_weight(
    g: Any,
    log_p: Any,
    target: Any,
    weight: Any,
    out: Any,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Any:
    counts, safe = valid(target, ignore_index, weight._value.dtype)
    each = _weights(safe, counts, weight)
    arrived = _arriving(g, counts, each, reduction)
    own = neg(_times(pick(log_p, safe), 1 - smoothing))
    if reduction == "mean":
        own = sub(own, broadcast_to(out, shape=own._value.shape))
    found = put(zeros(weight._type), safe, mul(arrived, own), dim=0, accumulate=True)
    if not smoothing:
        return found
    shape = log_p._value.shape
    even = _spread(_times(arrived, smoothing / shape[1]), shape)
    return sub(found, _total(mul(log_p, even)))


nll = Composite(
    "nll(log_p, target, weight, *, ignore_index, reduction, smoothing)",
    _expand,
    lambda log_p, target, weight, *, ignore_index, reduction, smoothing: ArrayType(
        target.shape if reduction == "none" else (), log_p.dtype
    ),
    value=_value,
    log_p=lambda g, target, weight, ignore_index, reduction, smoothing: nll_back(
        g, target, weight, ignore_index=ignore_index, reduction=reduction, smoothing=smoothing
    ),
    weight=_by_weight,
)
