"""Picking one element of each row by index, and the cross-entropy built on it.

Comparing the index with 0, 1, 2, ... picks without another pass over memory, and all work on a row
happens in one nest: one logarithm and one division per row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.broadcast import broadcast_to, full, reduce_sum, reshape_to
from ...ops.creation import arange
from ...ops.cross_entropy import arriving, valid
from ...ops.elementwise import cast, div, eq, exp, log, mul, sub, where
from ...ops.indexing import gather
from ...ops.reduction import reduce_max

_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)


def _hits(index: Any, classes: int) -> Any:
    """(N,) -> (N, C): whether a column is the one that the row's index names.

    The index is looked up in a range, as in a table, so that one out of range is an error.
    """
    shape = (*index._value.shape, classes)
    numbers = arange(start=0, step=1, count=classes, dtype=_INT64)
    chosen = gather(numbers, index, dim=0)
    small = cast(chosen, dtype=_INT32), cast(numbers, dtype=_INT32)  # half as wide in registers
    return eq(_spread(small[0], shape), broadcast_to(small[1], shape=shape))


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    return broadcast_to(reshape_to(x, (*x._value.shape, 1)), shape=shape)


def _zeros(x: Any) -> Any:
    return full(x._value.shape, 0, x._value.dtype)


def _pick(x: Any, index: Any) -> Any:
    chosen = where(_hits(index, x._value.shape[1]), x, _zeros(x))
    return reduce_sum(chosen, dims=(1,), keepdim=False)


def _place(x: Any, index: Any, *, classes: int) -> Any:
    spread = _spread(x, (*index._value.shape, classes))
    return where(_hits(index, classes), spread, _zeros(spread))


def _exponentials(logits: Any) -> tuple[Any, Any, Any]:
    """x - max, e^(x - max), and its sum over each row (N,)."""
    shape = logits._value.shape
    largest = reduce_max(logits, dims=(1,), keepdim=True)
    shifted = sub(logits, broadcast_to(largest, shape=shape))
    e = exp(shifted)
    return shifted, e, reduce_sum(e, dims=(1,), keepdim=False)


def _cross_entropy(logits: Any, target: Any, *, ignore_index: int, reduction: str) -> Any:
    """log sum e^(x - max) - (x[target] - max): one logarithm per row."""
    counts, safe = valid(target, ignore_index, logits._value.dtype)
    shifted, _, total = _exponentials(logits)
    loss = mul(sub(log(total), _pick(shifted, safe)), counts)
    if reduction == "none":
        return loss
    loss = reduce_sum(loss, dims=(0,), keepdim=False)
    if reduction == "sum":
        return loss
    return div(loss, reduce_sum(counts, dims=(0,), keepdim=False))


def _cross_entropy_back(
    g: Any, logits: Any, target: Any, *, ignore_index: int, reduction: str
) -> Any:
    """e^(x - max) (scale / sum) - scale at the target: one division per row."""
    shape = logits._value.shape
    counts, safe = valid(target, ignore_index, logits._value.dtype)
    scale = arriving(g, counts, reduction)
    _, e, total = _exponentials(logits)
    slope = mul(e, _spread(div(scale, total), shape))
    return where(_hits(safe, shape[1]), sub(slope, _spread(scale, shape)), slope)


RULES: dict[str, Callable[..., Any]] = {
    "pick": _pick,
    "place": _place,
    "cross_entropy": _cross_entropy,
    "cross_entropy_back": _cross_entropy_back,
}
