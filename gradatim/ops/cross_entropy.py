"""Cross-entropy of rows of logits with class indices, and picking one element of each row.

A class outside [0, C) is refused here, in the value functions, because only they see the values.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.cut import Contiguous, Form, N, Types, are_contiguous
from ..core.errors import IndexOutOfRange
from ..core.kernels import kernel_or_numpy
from ..core.primitive import Composite
from ..core.storage import ArrayType
from .broadcast import broadcast_to, full, reduce_sum, reshape_to
from .elementwise import cast, div, like, mul, ne, neg, sub, where
from .indexing import gather, scatter
from .rowwise import blocks, exponentials, log_softmax, softmax, softmax_back

Array = np.ndarray[Any, Any]

# -- one element of each row, and its adjoint ----------------------------------------------


@lru_cache(maxsize=8)
def _starts(rows: int, width: int) -> Array:
    """The flat index at which each row starts."""
    starts = np.arange(0, rows * width, width) if width else np.zeros(rows, np.int64)
    starts.flags.writeable = False
    return starts


def check_classes(target: Array, classes: int) -> None:
    """Refuse classes outside [0, classes), with the first such value."""
    # Reinterpreted as unsigned, negative values are huge: one comparison finds both errors.
    if target.size and np.maximum.reduce(target.view(np.uint64), None) >= classes:
        wrong = target[(target < 0) | (target >= classes)].flat[0]
        raise IndexOutOfRange(
            f"target {wrong} is out of range: there are {classes} classes, 0 to {classes - 1}"
        )


def flat_places(x: Array, index: Array) -> Array:
    """The flat indices of one element of each row."""
    check_classes(index, x.shape[1])
    return _starts(*x.shape) + index


def _column(index: Any) -> Any:
    return reshape_to(index, (*index._value.shape, 1))


def _expand_pick(x: Any, index: Any) -> Any:
    return reshape_to(gather(x, _column(index), dim=1), index._value.shape)


# x (N, C), index (N,) -> (N,): element index[i] of row i
pick = Composite(
    "pick(x, index)",
    _expand_pick,
    lambda x, index: ArrayType(index.shape, x.dtype),
    value=lambda x, index: x.reshape(-1).take(flat_places(x, index)),
    x=lambda g, x_type, index: place(g, index, classes=x_type.shape[1]),
)


def _place_value(x: Array, index: Array, *, classes: int) -> Array:
    out = np.zeros((len(index), classes), x.dtype)
    out.reshape(-1)[flat_places(out, index)] = x
    return out


def _expand_place(x: Any, index: Any, *, classes: int) -> Any:
    zeros = full((*index._value.shape, classes), 0, x._value.dtype)
    return scatter(zeros, _column(index), _column(x), dim=1, accumulate=False)


# x (N,), index (N,) -> (N, C): zeros, with x[i] at position index[i] of row i
place: Composite = Composite(
    "place(x, index, *, classes)",
    _expand_place,
    lambda x, index, *, classes: ArrayType((*index.shape, classes), x.dtype),
    value=_place_value,
    x=lambda g, index: pick(g, index),
)

# -- cross-entropy of logits with classes --------------------------------------------------


def valid(target: Any, ignore_index: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """1.0 where a target counts and 0.0 where not; and the targets with ignored ones set to 0."""
    counts = ne(target, like(target, ignore_index))
    return cast(counts, dtype=dtype), where(counts, target, like(target, 0))


def arriving(g: Any, counts: Any, reduction: str) -> Any:
    """The gradient of each row's loss, (N,): 0 for ignored targets, even if the loss is nan."""
    if reduction == "mean":
        g = div(g, reduce_sum(counts, dims=(0,), keepdim=False))
    if reduction != "none":
        g = broadcast_to(g, shape=counts._value.shape)
    return where(ne(counts, like(counts, 0)), g, like(g, 0))


def _expand_cross_entropy(logits: Any, target: Any, *, ignore_index: int, reduction: str) -> Any:
    counts, safe = valid(target, ignore_index, logits._value.dtype)
    loss = neg(mul(pick(log_softmax(logits, dim=1), safe), counts))
    if reduction == "none":
        return loss
    total = reduce_sum(loss, dims=(0,), keepdim=False)
    return (
        div(total, reduce_sum(counts, dims=(0,), keepdim=False)) if reduction == "mean" else total
    )


def split_ignored(target: Array, classes: int, ignore_index: int) -> tuple[Array, Array | None]:
    """Targets that are all valid classes, and a mask of those that count (None if all do)."""
    if target.size and np.maximum.reduce(target.view(np.uint64), None) >= classes:
        counts = target != ignore_index
        target = np.where(counts, target, 0)
        check_classes(target, classes)
        return target, counts
    if 0 <= ignore_index < classes:
        return target, target != ignore_index
    return target, None


def _row_losses(logits: Array, target: Array) -> Array:
    """-log p[target] of each row, (N,); a compiled kernel would be no faster."""
    rows, width = logits.shape
    losses = np.empty(rows, logits.dtype)
    for block in blocks(rows, width):
        x, loss = logits[block], losses[block]
        e = np.empty_like(x)
        sums, shift = exponentials(x, e)
        places = _starts(*x.shape) + target[block]
        if shift is None:
            np.divide(e.reshape(-1).take(places), sums, loss)
            np.negative(np.log(loss, loss), loss)
        else:  # e[target] may underflow, so subtract logarithms instead of dividing
            np.subtract(x.reshape(-1).take(places), shift[:, 0], loss)
            np.subtract(np.log(sums), loss, loss)
    return losses


def _cross_entropy(logits: Array, target: Array, *, ignore_index: int, reduction: str) -> Array:
    logits = np.ascontiguousarray(logits)
    target, counts = split_ignored(target, logits.shape[1], ignore_index)
    losses = _row_losses(logits, target)
    if counts is not None:
        losses = np.where(counts, losses, losses.dtype.type(0))
    if reduction == "none":
        return losses
    total = np.add.reduce(losses)
    if reduction == "sum":
        return np.asarray(total)
    n = len(losses) if counts is None else np.count_nonzero(counts)
    if not n:  # no target counts: 0 / 0 is nan, as in PyTorch
        return np.full((), np.nan, losses.dtype)
    return np.asarray(total / losses.dtype.type(n))


# -log softmax(logits)[target], averaged or summed over the rows: logits (N, C), target (N,)
cross_entropy = Composite(
    "cross_entropy(logits, target, *, ignore_index, reduction)",
    _expand_cross_entropy,
    lambda logits, target, *, ignore_index, reduction: ArrayType(
        logits.shape[:1] if reduction == "none" else (), logits.dtype
    ),
    value=_cross_entropy,
    logits=lambda g, logits, target, ignore_index, reduction: cross_entropy_back(
        g, logits, target, ignore_index=ignore_index, reduction=reduction
    ),
)


def _cross_entropy_back(
    g: Array, logits: Array, target: Array, *, ignore_index: int, reduction: str
) -> Array:
    logits = np.ascontiguousarray(logits)
    target, counts = split_ignored(target, logits.shape[1], ignore_index)
    return _row_slopes(logits, target, _row_scale(g, len(logits), counts, reduction))


def _row_slopes_value(logits: Array, target: Array, scale: Array) -> Array:
    out = np.empty_like(logits)
    for block in blocks(*logits.shape):
        part = out[block]
        sums, _ = exponentials(logits[block], part)
        arrived = scale[block] if scale.ndim else scale
        part *= np.divide(arrived, sums, sums)[:, None]
        part.reshape(-1)[_starts(*part.shape) + target[block]] -= arrived
    return out


def _expand_row_slopes(logits: Any, target: Any, scale: Any) -> Any:
    kind, rows = logits._type, target._value.shape
    hit = place(full(rows, 1, kind.dtype), target, classes=kind.shape[1])
    each = _columns(broadcast_to(scale, shape=rows), kind.shape)
    return mul(each, sub(softmax(logits, dim=1), hit))


class _Labelled(Contiguous):
    """Logits (N, C), classes (N,), and a scale: (N,) or a single number."""

    def kernel_arrays(self, arrays: Sequence[Array]) -> Sequence[Array] | None:
        """All of them, if they are contiguous."""
        logits, target, scale = arrays
        return arrays if target.flags.c_contiguous and are_contiguous((logits, scale)) else None

    def form(self, types: Types, params: dict[str, Any]) -> tuple[Form, int] | None:
        """(N, C), (N,) and the scale: each number of classes C has its own kernel."""
        rows, width = types[0].shape
        shapes = [(N,) if t.shape else () for t in types[1:]]
        return Form(((N, width), *shapes), tuple([t.dtype for t in types])), rows


# (softmax(logits) - onehot(target)) scale, with one scale per row or one for all
_row_slopes = kernel_or_numpy(
    "row_slopes",
    _expand_row_slopes,
    lambda logits, target, scale: ArrayType(logits.shape, logits.dtype),
    _row_slopes_value,
    _Labelled(),
)


def _row_scale(g: Array, rows: int, counts: Array | None, reduction: str) -> Array:
    """The gradient of each row's loss, as a single number if it is the same for all rows."""
    if reduction == "mean":
        count = rows if counts is None else np.count_nonzero(counts)
        g = np.asarray(np.divide(g, count, dtype=g.dtype))
    return g if counts is None else np.where(counts, g, g.dtype.type(0))


def _expand_cross_entropy_back(
    g: Any, logits: Any, target: Any, *, ignore_index: int, reduction: str
) -> Any:
    counts, safe = valid(target, ignore_index, logits._value.dtype)
    return _expand_row_slopes(logits, safe, arriving(g, counts, reduction))


def _columns(x: Any, shape: tuple[int, ...]) -> Any:
    """(N,) -> (N, C), each number repeated along its row."""
    return broadcast_to(reshape_to(x, (shape[0], 1)), shape=shape)


def _by_arrived(h: Any, logits: Any, target: Any, ignore_index: int, reduction: str) -> Any:
    """The slope is linear in g, so its gradient is the slope itself, weighted by h and summed."""
    one = full(target._value.shape if reduction == "none" else (), 1, h._value.dtype)
    slope = cross_entropy_back(one, logits, target, ignore_index=ignore_index, reduction=reduction)
    dims = (1,) if reduction == "none" else (0, 1)
    return reduce_sum(mul(h, slope), dims=dims, keepdim=False)


def _by_logits(h: Any, g: Any, logits: Any, target: Any, ignore_index: int, reduction: str) -> Any:
    counts, _ = valid(target, ignore_index, logits._value.dtype)
    weighted = mul(h, _columns(arriving(g, counts, reduction), logits._value.shape))
    return softmax_back(weighted, softmax(logits, dim=1), 1)


# (softmax(logits) - onehot(target)) g: the gradient of the above, in one pass over the rows
cross_entropy_back: Composite = Composite(
    "cross_entropy_back(g, logits, target, *, ignore_index, reduction)",
    _expand_cross_entropy_back,
    lambda g, logits, target, *, ignore_index, reduction: ArrayType(logits.shape, logits.dtype),
    value=_cross_entropy_back,
    g=_by_arrived,
    logits=_by_logits,
)
